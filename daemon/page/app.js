// Asks the sensor every two seconds and shows what it answers. Everything from the network becomes a text node.

import { drawPaths, drawTimeline, formatShare, formatTime, legendItems, make, pathsOf, SEVERITIES } from "./picture.js";

const EVERY_MS = 2000;
const PATIENCE_MS = 8000;
const MOST_CONNECTIONS = 100;
const MOST_NOTICES = 200;

const at = (id) => document.getElementById(id);
const rows = new Map();       // MP_ID -> its row in the table
let connections = [];         // as last surveyed
let notices = [];
let before = null;            // the status before, for rates
let chosen = null;            // MP_ID
let drawn = "";               // what the picture was drawn from
let listed = "";              // what the notices were listed from
let timer = 0;
let asking = null;            // the poll under way: its AbortController

/* How numbers read. */

function formatScaled(number, step, units, digits = 1) {
  let unit = 0;
  while (number >= step - 0.05 && unit < units.length - 1) { number /= step; ++unit; }
  return `${unit === 0 ? Math.round(number) : number.toFixed(digits)}${units[unit]}`;
}
const formatCount = (number) => formatScaled(number, 1000, ["", " k", " M", " G", " T"]);
const formatBytes = (number) => formatScaled(number, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
const endpoint = (address, port) => `${address.includes(":") ? `[${address}]` : address}${port === null || port === undefined ? "" : `:${port}`}`;
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function formatAge(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole / 60) % 60).padStart(2, "0")} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/** Changes a text only where it differs: screen readers read what changes. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What a picture in this figure may take; none is narrower than can be read. */
const widthOf = (figure) => Math.max(240, Math.floor(figure.parentNode.clientWidth) - 2);

/* The state of the sensor. */

const sum = (list, ...keys) => (list || []).reduce((all, item) => all + keys.reduce((some, key) => some + (item[key] || 0), 0), 0);

function tile(name, value, remark = "", alarm = false) {
  let box = at(`state-${name}`);
  if (!box) {
    box = make("div", { id: `state-${name}` }, make("dt", {}, name.replaceAll("-", " ")), make("dd", {}, make("span"), make("small")));
    at("state").append(box);
  }
  say(box.querySelector("span"), value);
  say(box.querySelector("small"), remark);
  box.toggleAttribute("data-alarm", alarm);
}

function showStatus(now) {
  const elapsed = before && before.pid === now.pid ? now.time - before.time : 0;
  const gained = (part, ...keys) => (elapsed > 0 ? sum(now[part], ...keys) - sum(before[part], ...keys) : 0);
  const down = now.ports.filter((port) => !port.up).map((port) => port.name);
  tile("Ports-up", `${now.ports.length - down.length} of ${now.ports.length}`, down.length ? `down: ${down.join(", ")}` : now.ports.map((port) => port.name).join(", "), down.length > 0);

  const [received, missed] = [sum(now.ports, "rx_packets"), sum(now.ports, "nic_missed", "no_mbuf")];
  const [lately, lost] = [gained("ports", "rx_packets"), gained("ports", "nic_missed", "no_mbuf")];
  const share = (part, whole) => (whole > 0 ? formatShare(part / whole) : "0.0 %");
  tile("Missed", elapsed > 0 ? share(lost, lately + lost) : "–", `${share(missed, received + missed)} since the start`, lost > 0);
  tile("Connections", formatCount(now.control.connections), `${plural(sum(now.workers, "subflows"), "subflow")} followed`);
  tile("Packets-a-second", elapsed > 0 ? formatCount(gained("workers", "rx_packets") / elapsed) : "–", `${formatCount(sum(now.workers, "rx_packets"))} in all`);

  const segments = gained("workers", "tcp_segments");
  const [all, withMptcp] = [sum(now.workers, "tcp_segments"), sum(now.workers, "with_mptcp")];
  tile("MPTCP", segments > 0 ? share(gained("workers", "with_mptcp"), segments) : share(withMptcp, all), segments > 0 ? "of TCP segments, now" : "of TCP segments, since the start");
  const records = sum(now.workers, "ring_full_vital", "ring_full_bulk");
  tile("Records-lost", formatCount(records), records ? "between workers and control" : "", gained("workers", "ring_full_vital") > 0);
  tile("Runs-for", formatAge(now.time - now.started), `settings ${now.config ? now.config.hash.slice(0, 8) : ""}`);

  const stalled = now.stalled_threads || 0;
  say(at("alarm"), stalled ? `${plural(stalled, "thread")} stand${stalled === 1 ? "s" : ""} still: see the sensor's messages.` : "");
  at("alarm").hidden = stalled === 0;
  say(at("version"), now.version);
  before = now;
}

/* Connections. */

function cellsOf(seen) {
  const row = seen.connection;
  const wrong = seen.subflows.some((path) => path.hmac_synack === false || path.hmac_ack === false);
  return [
    [row.MP_ID, "number"], [endpoint(row.orig_h, row.orig_p), "address"], [endpoint(row.resp_h, row.resp_p), "address"],
    [seen.live_subflows, "number"], [formatBytes(row.orig_bytes), "number"], [formatBytes(row.resp_bytes), "number"],
    [formatAge(row.duration), "number"], [`${row.token_orig || "?"} > ${row.token_resp || "?"}`, "tokens"],
    [`${row.outcome}${wrong ? ", HMAC wrong" : ""}`, wrong ? "wrong" : ""],
  ].map(([text, name]) => [String(text), name]);
}

function showConnections(answer) {
  connections = answer.connections;
  const body = at("rows");
  const focused = document.activeElement && document.activeElement.parentNode === body ? [...body.rows].indexOf(document.activeElement) : -1;
  const seenIds = new Set(connections.map((seen) => seen.connection.MP_ID));
  for (const [id, row] of rows) {
    if (!seenIds.has(id)) { row.remove(); rows.delete(id); }
  }
  body.querySelector(".none")?.parentNode.remove();
  connections.forEach((seen, place) => {
    const id = seen.connection.MP_ID;
    let row = rows.get(id);
    if (!row) {
      row = make("tr", { role: "row", tabindex: "-1", "data-id": id, "aria-selected": "false" }, ...cellsOf(seen).map(() => make("td", { role: "gridcell" })));
      rows.set(id, row);
    }
    cellsOf(seen).forEach(([text, name], i) => { say(row.cells[i], text); row.cells[i].className = name; });
    if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] || null);
  });
  if (rows.size === 0) body.append(make("tr", { role: "row" }, make("td", { role: "gridcell", colspan: 9, class: "none" }, "No live connection matches.")));
  say(at("matching"), `${plural(answer.matching, "connection")}${answer.matching > connections.length ? `, ${connections.length} shown` : ""}`);

  if (chosen === null && connections.length > 0) chosen = connections[0].connection.MP_ID;
  markChosen();
  if (focused >= 0 && document.activeElement.parentNode !== body && rows.size > 0) body.rows[Math.min(focused, body.rows.length - 1)].focus();
}

/** One row is reached by Tab: the chosen one, or the first. */
function markChosen() {
  const stop = rows.get(chosen) || at("rows").rows[0];
  for (const [id, row] of rows) {
    row.setAttribute("aria-selected", String(id === chosen));
    row.tabIndex = row === stop ? 0 : -1;
  }
  drawChosen();
}

function choose(id) {
  chosen = id;
  markChosen();
}

function drawChosen() {
  const seen = connections.find((one) => one.connection.MP_ID === chosen);
  const figure = at("picture"), width = widthOf(figure);
  const want = JSON.stringify([seen || chosen, width, connections.length > 0]);
  if (want === drawn) return;
  drawn = want;
  const paths = seen ? pathsOf(seen) : [];
  at("paths").hidden = at("legend").hidden = paths.length === 0;
  if (paths.length === 0) {
    figure.replaceChildren(make("p", { class: "hint" }, seen ? `No path of connection ${chosen} is alive.` :
      chosen === null ? "There is no connection to draw." : `Connection ${chosen} has ended, or is filtered out.`));
    return;
  }
  const { orig_h: from, resp_h: to, version } = seen.connection;
  const more = seen.live_subflows - paths.length;
  say(at("paths-title"), `Paths of connection ${chosen}: ${from} to ${to}${version === null ? "" : `, MPTCP v${version}`}${more > 0 ? `; ${more} more are not shown` : ""}`);
  figure.replaceChildren(drawPaths(`Paths of connection ${chosen}`, paths, width));
  if (figure.scrollHeight > figure.clientHeight) figure.tabIndex = 0;  // what scrolls is reached by Tab
  else figure.removeAttribute("tabindex");
  at("legend").replaceChildren(...legendItems(paths));
  at("path-rows").replaceChildren(...paths.map((path, i) => make("tr", {},
    make("td", { class: "number" }, i + 1), make("td", { class: "address" }, endpoint(path.left, path.leftPort)),
    make("td", { class: "address" }, endpoint(path.right, path.rightPort)), make("td", { class: "number" }, formatShare(path.share)),
    make("td", { class: path.kind }, path.state),
    make("td", { class: "number" }, formatBytes(path.out)), make("td", { class: "number" }, formatBytes(path.in)),
    make("td", { class: "number" }, path.rtt === null ? "–" : `${(1000 * path.rtt).toFixed(1)} ms`))));
}

/* Notices. */

function showNotices() {
  const width = widthOf(at("timeline"));
  const severity = at("severity").value, kind = at("kind").value;
  const want = JSON.stringify([notices, severity, kind, width]);
  if (want === listed) return;
  listed = want;
  const kinds = [...new Set(notices.map((notice) => notice.note))].sort();
  const offered = [...at("kind").options].slice(1).map((option) => option.value);
  if (kinds.join() !== offered.join()) {
    at("kind").replaceChildren(make("option", { value: "" }, "any"), ...kinds.map((one) => make("option", {}, one)));
    at("kind").value = kinds.includes(kind) ? kind : "";
  }
  const shown = notices.filter((notice) => (!severity || notice.severity === severity) && (!at("kind").value || notice.note === at("kind").value));
  say(at("notice-count"), `${plural(shown.length, "notice")}${shown.length < notices.length ? ` of ${notices.length}` : ""}${notices.length === MOST_NOTICES ? ", the latest" : ""}`);
  at("timeline").replaceChildren(...(shown.length ? [drawTimeline(shown, width)] : []));
  const list = shown.slice().reverse().map((notice) => make("tr", {},
    make("td", {}, formatTime(notice.ts)),
    make("td", { class: SEVERITIES.includes(notice.severity) ? notice.severity : "" }, notice.severity),
    make("td", {}, notice.note),
    make("td", { class: "sentence" }, notice.MP_ID === null ? notice.msg : `connection ${notice.MP_ID}: ${notice.msg}`),
    make("td", { class: "address" }, notice.src === null ? "" : endpoint(notice.src, notice.src_p)),
    make("td", { class: "address" }, notice.dst === null ? "" : endpoint(notice.dst, notice.dst_p))));
  if (list.length === 0) list.push(make("tr", {}, make("td", { colspan: 6, class: "none" }, "None.")));
  at("notice-rows").replaceChildren(...list);
}

/* Asking. */

/** The answer, also one that refuses; null where the sensor is busy with another who asks. */
async function ask(what, fields, signal) {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ""));
  const response = await fetch(`/api/${what}?${query}`, { cache: "no-store", signal });
  if (response.status === 503 && response.headers.has("Retry-After")) return null;
  if (![200, 400, 503].includes(response.status)) throw new Error(`${what}: ${response.status}`);
  return response.json();
}

function showLink(state, text) {
  if (at("link").dataset.state === state) return;  // said once: it is read aloud
  at("link").dataset.state = state;
  say(at("link"), text);
}

function showRefusal(sentence) {
  say(at("filter-problem"), sentence);
  for (const id of ["address", "token"]) at(id).setAttribute("aria-invalid", String(sentence.includes(` is no ${id}`)));
}

async function poll() {
  clearTimeout(timer);
  asking?.abort();
  const mine = asking = new AbortController();
  const patience = setTimeout(() => mine.abort(new Error("no answer in time")), PATIENCE_MS);
  try {
    const status = await ask("status", {}, mine.signal);
    if (status) showStatus(status);
    const found = await ask("connections", { address: at("address").value.trim(), token: at("token").value.trim(), limit: MOST_CONNECTIONS }, mine.signal);
    if (found?.ok) showConnections(found);
    if (found) showRefusal(found.ok ? "" : found.error);
    const told = await ask("notices", { limit: MOST_NOTICES }, mine.signal);
    if (told?.ok) { notices = told.notices; showNotices(); }
    if (asking === mine) showLink("good", "Live");
  } catch (error) {
    if (asking === mine) showLink("bad", `The sensor does not answer since ${new Date().toLocaleTimeString()}`);
  } finally {
    clearTimeout(patience);
    if (asking === mine) {
      asking = null;
      if (!document.hidden) timer = setTimeout(poll, EVERY_MS);
    }
  }
}

/* What the reader does. */

at("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-id]");
  if (!row) return;
  choose(Number(row.dataset.id));
  row.focus();
});

at("rows").addEventListener("keydown", (event) => {
  const all = [...at("rows").rows], here = all.indexOf(event.target.closest("tr"));
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const row = all[Math.min(Math.max(to, 0), all.length - 1)];
  if (!row.dataset.id) return;
  choose(Number(row.dataset.id));
  row.focus();
});

let typing = 0;
at("filter").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(poll, 250); });
at("filter").addEventListener("submit", (event) => { event.preventDefault(); poll(); });
at("filter").addEventListener("reset", () => setTimeout(poll));
at("notice-filter").addEventListener("input", showNotices);
at("notice-filter").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("resize", () => { drawChosen(); showNotices(); });
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) { poll(); return; }
  clearTimeout(timer);
  const last = asking;
  asking = null;  // so that it says nothing of how it ends
  last?.abort();
  showLink("paused", "Paused while this tab is hidden");
});

const THEMES = { system: "light", light: "dark", dark: "system" };

function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  say(at("theme"), `Colours: ${theme}`);
}

/** A browser may forbid to remember. */
function remembered(theme) {
  try {
    if (theme === undefined) return localStorage.getItem("theme");
    localStorage.setItem("theme", theme);
  } catch { /* then the next visit begins as the system does */ }
  return null;
}

at("theme").addEventListener("click", () => {
  const theme = THEMES[document.documentElement.dataset.theme || "system"];
  setTheme(theme);
  remembered(theme);
});

setTheme(THEMES[remembered()] ? remembered() : "system");
poll();

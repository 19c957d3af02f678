// Pictures: a connection's paths between addresses, and notices along time. Everything from the network becomes a text node.

const SVG = "http://www.w3.org/2000/svg";

/** An element of HTML or, with a name such as "svg:path", of SVG. Children are nodes or texts. */
export function make(name, attributes = {}, ...children) {
  const node = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return node;
}

const KINDS = {
  initial: { says: "initial", dash: null },
  joined: { says: "joined", dash: null },
  backup: { says: "backup", dash: "12 6" },
  wrong: { says: "HMAC wrong", dash: "3 4" },
};
const SHAPES = {
  high: "M0-8 8 6H-8Z",
  medium: "M0-7 7 0 0 7-7 0Z",
  low: "M-5-5H5V5H-5Z",
  info: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
};
export const SEVERITIES = Object.keys(SHAPES);

/** How a path is drawn: one of KINDS, the gravest that holds. */
export function kindOf(path) {
  if (path.hmac_synack === false || path.hmac_ack === false) return "wrong";
  if (path.backup_at_end) return "backup";
  return path.isOrig ? "initial" : "joined";
}

/** All that is to say of a path's state, in words. */
export function stateOf(path) {
  const words = [path.isOrig ? "initial" : "joined"];
  if (path.state !== "established") words.push(path.state);
  if (path.backup_at_end) words.push("backup");
  if (path.hmac_synack === false || path.hmac_ack === false) words.push("HMAC wrong");
  else if (!path.isOrig) words.push(path.hmac_synack && path.hmac_ack ? "HMACs valid" : "HMAC not verified");
  return words.join(", ");
}

/** Whether the connection's responder opened the path: the token in its SYN then is the initiator's. */
function openedByResponder(path, connection) {
  if (path.isOrig) return false;
  if (path.token && path.token === connection.token_resp) return false;
  if (path.token && path.token === connection.token_orig) return true;
  const own = (connection.orig_address_list || []).map((known) => known.address);
  return own.includes(path.resp_h) && !own.includes(path.orig_h);
}

/** The paths of a surveyed connection, turned so that the initiator is on the left, each with its share of bytes. */
export function pathsOf(seen) {
  const paths = seen.subflows.map((path) => {
    const turned = openedByResponder(path, seen.connection);
    const [left, right] = turned ? ["resp", "orig"] : ["orig", "resp"];
    return {
      left: path[`${left}_h`], leftPort: path[`${left}_p`], right: path[`${right}_h`], rightPort: path[`${right}_p`],
      out: path[`${left}_bytes`], in: path[`${right}_bytes`], rtt: path.handshake_rtt,
      kind: kindOf(path), state: stateOf(path) + (turned ? ", opened by the responder" : ""),
    };
  });
  const sum = paths.reduce((bytes, path) => bytes + path.out + path.in, 0);
  for (const path of paths) path.share = sum > 0 ? (path.out + path.in) / sum : null;
  // Lines of one address side by side, so that fewer cross.
  const first = (side, path) => paths.findIndex((other) => other[side] === path[side]);
  return paths.slice().sort((a, b) => first("left", a) - first("left", b) || first("right", a) - first("right", b));
}

export function formatShare(share) {
  if (share === null) return "no bytes yet";
  return share > 0 && share < 0.001 ? "<0.1 %" : `${(100 * share).toFixed(1)} %`;
}

/** The text as long as it may be, its middle left out. */
function shorten(text, letters) {
  if (text.length <= letters) return text;
  const half = Math.max(3, Math.floor((letters - 1) / 2));
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}

/** Where the addresses of one side stand: {at, height, ends of its paths}; each as high as its lines are thick, and apart. */
function placesOf(paths, side, y, apart) {
  const places = new Map();
  paths.forEach((path, i) => {
    const place = places.get(path[side]) || { lanes: [], height: 0 };
    place.ends = (place.ends || new Map()).set(i, place.height + path.thick / 2);
    place.height += path.thick + 1;
    place.lanes.push(y(i));
    places.set(path[side], place);
  });
  let free = -Infinity;
  const middle = (place) => place.lanes.reduce((a, b) => a + b) / place.lanes.length;
  for (const place of [...places.values()].sort((a, b) => middle(a) - middle(b))) {
    place.at = Math.max(middle(place) - place.height / 2, free);
    free = place.at + place.height + apart;
  }
  return places;
}

/** The picture of one connection, `width` pixels wide: a lane a path, as thick as its share, between its two addresses. */
export function drawPaths(title, paths, width) {
  const lane = paths.length > 8 ? 36 : 54, top = 62, edge = 14;
  const y = (i) => top + i * lane;
  for (const path of paths) path.thick = 2 + 14 * (path.share || 0);
  const left = placesOf(paths, "left", y, 26), right = placesOf(paths, "right", y, 26);
  const height = Math.max(y(paths.length - 1), ...[...left.values(), ...right.values()].map((place) => place.at + place.height)) + 36;
  const letters = Math.floor((width / 2 - edge - 8) / 7.7);
  const wide = width >= 560;
  const svg = make("svg:svg", { role: "img", width, height, viewBox: `0 0 ${width} ${height}`, "aria-labelledby": "picture-title", "aria-describedby": "picture-words" },
    make("svg:title", { id: "picture-title" }, title),
    make("svg:desc", { id: "picture-words" }, paths.map((path, i) =>
      `Line ${i + 1}: ${path.left} to ${path.right}, ${path.state}, ${formatShare(path.share)} of the bytes.`).join(" ")),
    make("svg:text", { class: "quiet", x: edge - 6, y: 20 }, "Initiator"),
    make("svg:text", { class: "quiet", x: width - edge + 6, y: 20, "text-anchor": "end" }, "Responder"));
  const words = [];
  paths.forEach((path, i) => {
    const [from, to] = [left.get(path.left), right.get(path.right)];
    const x1 = edge, x2 = width - edge, y1 = from.at + from.ends.get(i), y2 = to.at + to.ends.get(i), at = y(i);
    const straight = (x2 - x1) * 0.18, bend = (x2 - x1) * 0.16;  // first along under the address, then over to the lane
    const [a, b, c, d] = [x1 + straight, x1 + straight + bend, x2 - straight - bend, x2 - straight];
    svg.append(make("svg:path", {
      class: `path ${path.kind}`, "stroke-width": path.thick, "stroke-dasharray": KINDS[path.kind].dash,
      "data-share": path.share === null ? "" : path.share.toFixed(4),
      d: `M${x1} ${y1}H${a}C${a + bend / 2} ${y1} ${b - bend / 2} ${at} ${b} ${at}H${c}C${c + bend / 2} ${at} ${d - bend / 2} ${y2} ${d} ${y2}H${x2}`,
    }, make("svg:title", {}, `${path.left}:${path.leftPort} to ${path.right}:${path.rightPort}: ${path.state}`)));
    const text = wide || path.kind === "wrong" ? `${i + 1}: ${formatShare(path.share)}, ${KINDS[path.kind].says}` : `${i + 1}: ${formatShare(path.share)}`;
    words.push(make("svg:text", { class: `says ${path.kind}`, x: width / 2, y: at + path.thick / 2 + 14, "text-anchor": "middle" }, text));
  });
  for (const [places, x, anchor] of [[left, edge, "start"], [right, width - edge, "end"]]) {
    for (const [address, place] of places) {
      svg.append(make("svg:rect", { class: "dot", x: x - 3, y: place.at - 3, width: 6, height: place.height + 5, rx: 2 }),
        make("svg:text", { class: "host", x: x + (anchor === "start" ? -6 : 6), y: place.at - 9, "text-anchor": anchor },
          shorten(address, letters), make("svg:title", {}, address)));
    }
  }
  svg.append(...words);
  return svg;
}

/** What the lines mean, as list items. */
export function legendItems(paths) {
  return Object.entries(KINDS).filter(([kind]) => paths.some((path) => path.kind === kind)).map(([kind, { says, dash }]) =>
    make("li", {}, make("svg:svg", { width: 44, height: 10, "aria-hidden": "true", class: kind },
      make("svg:path", { class: "path", d: "M0 5H44", "stroke-width": 4, "stroke-dasharray": dash })), says));
}

const pad = (number) => String(number).padStart(2, "0");

/** A packet time in UTC; with its day where asked. */
export function formatTime(seconds, withDay = true) {
  const date = new Date(seconds * 1000);
  const time = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
  return withDay ? `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())} ${time}` : time;
}

/** Notices along time: a lane a kind, a shape and a colour a severity. */
export function drawTimeline(notices, width) {
  const kinds = [...new Set(notices.map((notice) => notice.note))].sort();
  const first = Math.min(...notices.map((notice) => notice.ts)), last = Math.max(...notices.map((notice) => notice.ts));
  const span = Math.max(last - first, 1), gap = 30, top = 34;
  const longest = Math.max(...kinds.map((kind) => kind.length)) * 7.6 + 20;
  const beside = longest < width * 0.4;  // else the name stands above its lane
  const x0 = (beside ? longest : 8) + 10, x1 = width - 18, lane = beside ? gap : gap + 16;
  const x = (ts) => x0 + (ts - first) / span * (x1 - x0);
  const height = top + kinds.length * lane + 26;
  const svg = make("svg:svg", { role: "img", width, height, viewBox: `0 0 ${width} ${height}`, "aria-label":
    `${notices.length} notices of ${kinds.length} kinds from ${formatTime(first)} to ${formatTime(last)} UTC; the list below has each` });
  const place = new Map(kinds.map((kind, i) => [kind, top + i * lane + lane - gap / 2]));
  for (const [kind, at] of place) {
    svg.append(make("svg:line", { class: "lane", x1: x0 - 10, x2: width - 8, y1: at, y2: at }),
      make("svg:text", { class: "host", x: 8, y: beside ? at + 4 : at - 14 }, kind));
  }
  for (const notice of notices) {
    svg.append(make("svg:path", { class: `mark ${SEVERITIES.includes(notice.severity) ? notice.severity : "info"}`,
      d: SHAPES[notice.severity] || SHAPES.info, transform: `translate(${x(notice.ts).toFixed(1)} ${place.get(notice.note)})` },
    make("svg:title", {}, `${formatTime(notice.ts)} ${notice.severity} ${notice.note}: ${notice.msg}`)));
  }
  let at = 8;
  for (const severity of SEVERITIES.filter((one) => notices.some((notice) => notice.severity === one))) {
    svg.append(make("svg:path", { class: `mark ${severity}`, d: SHAPES[severity], transform: `translate(${at + 8} 17)` }),
      make("svg:text", { class: "quiet", x: at + 20, y: 21 }, severity));
    at += 38 + severity.length * 7;
  }
  const sameDay = formatTime(first).slice(0, 10) === formatTime(last).slice(0, 10);
  const oneMoment = last === first;
  svg.append(make("svg:text", { class: "quiet", x: x0 - 8, y: height - 8 }, formatTime(first, !sameDay && width > 500)));
  if (!oneMoment) svg.append(make("svg:text", { class: "quiet", x: width - 8, y: height - 8, "text-anchor": "end" }, `${formatTime(last, !sameDay && width > 500)} UTC`));
  return svg;
}

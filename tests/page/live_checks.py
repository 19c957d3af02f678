"""The page of a real sensor that holds a connection of two paths."""

import json
import urllib.request

import reading
from sensed import CAPTURE, Sensed


def checks(folder, browser):
    """Pairs of a check's name and what is wrong."""
    with Sensed(folder) as sensor:
        sensor.wait_for_packets()
        browser.look()
        browser.open(sensor.url)
        yield "a real connection, its paths and their shares", list(_connection(browser))
        yield "filters", list(_filters(browser))
        yield "the state of the sensor", list(_state(browser))
        yield "the list says what the API says", list(_as_the_api(browser, sensor.url))
        yield "nothing is asked elsewhere, nothing complained of", [
            *(f"asks for {url}" for url in sorted(set(browser.requests)) if not url.startswith(f"{sensor.url}/") and url != "about:blank"),
            *browser.complaints, *([] if any(url.endswith("/style.css") for url in browser.requests) else ["no requests were seen"])]
        browser.complaints.clear()
        yield "two seconds between polls, none while hidden", list(_polls(browser))
    yield "a sensor that is gone", list(_gone(browser))
    browser.complaints.clear()  # of the requests that nobody answered


def _truth():
    return json.loads(CAPTURE.with_name("truth.json").read_text())["connections"][0]


def _connection(browser):
    truth = _truth()
    if not browser.wait_for(f"{reading.SHOWN_PATHS}.length === 2"):
        yield f"no picture of two paths: {browser.evaluate('document.body.innerText')}"
        return
    row = browser.evaluate("document.querySelector('#rows tr').innerText")
    for wanted in (f"{truth['orig_h']}:{truth['orig_p']}", f"{truth['resp_h']}:443", f"{truth['token_orig']} > {truth['token_resp']}", "established"):
        if wanted not in row:
            yield f"the row {row!r} lacks {wanted!r}"
    moved = [subflow["orig_bytes"] + subflow["resp_bytes"] for subflow in truth["subflows"]]
    wanted = [bytes_ / sum(moved) for bytes_ in moved]
    if not browser.wait_for(f"{reading.SHOWN_PATHS}.every((path) => path[1] > 0)"):
        yield "a path has no share"
    shown = browser.evaluate(reading.SHOWN_PATHS)
    if [kind for kind, *_ in shown] != ["initial", "joined"] or any(abs(path[1] - share) > 0.0001 for path, share in zip(shown, wanted)):
        yield f"the paths are {shown} instead of shares {wanted}"
    if any(abs(width - (2 + 14 * share)) > 0.01 for (_, _, width, _), share in zip(shown, wanted)):
        yield f"the lines are as wide as {shown}"
    words = browser.evaluate(reading.WORDS)
    if words != [f"1: {100 * wanted[0]:.1f} %, initial", f"2: {100 * wanted[1]:.1f} %, joined"]:
        yield f"the picture says {words}"
    hosts = browser.evaluate("[...document.querySelectorAll('#picture .host')].map((text) => text.firstChild.data)")
    if sorted(hosts) != sorted({*(subflow["orig_h"] for subflow in truth["subflows"]), truth["resp_h"]}):
        yield f"the addresses are {hosts}"
    listed = browser.evaluate("document.getElementById('path-rows').innerText")
    if "joined, HMACs valid" not in listed or f"{truth['subflows'][1]['orig_h']}:{truth['subflows'][1]['orig_p']}" not in listed:
        yield f"the paths are listed as {listed!r}"


def _filters(browser):
    truth = _truth()
    for field, text, matching in (("address", "192.0.2.0/24", 0), ("address", truth["subflows"][1]["orig_h"], 1), ("token", truth["token_resp"], 1),
                                  ("token", "1234", 0)):
        browser.evaluate(f"document.getElementById('filter').reset(); document.getElementById('{field}').focus()")
        browser.type(text)
        if not browser.wait_for(f"document.getElementById('matching').textContent === '{matching} connection{'' if matching == 1 else 's'}' && {reading.IDS_IN_GRID}.length === {matching}"):
            yield f"{field} {text}: {browser.evaluate('document.getElementById(`matching`).textContent')!r} instead of {matching}"
    browser.evaluate("document.getElementById('filter').reset(); document.getElementById('address').focus()")
    browser.type("10.0.0.1/8")
    if not browser.wait_for("document.getElementById('filter-problem').textContent.includes('is no address')"):
        yield "a bad address is not told"
    elif browser.evaluate("document.getElementById('address').getAttribute('aria-invalid')") != "true":
        yield "a bad address is not marked"
    browser.complaints[:] = [one for one in browser.complaints if "status of 400" not in one]  # Chromium's own word about that answer
    browser.evaluate("[...document.querySelectorAll('#filter button')].at(-1).click()")
    if not browser.wait_for(f"document.getElementById('filter-problem').textContent === '' && {reading.IDS_IN_GRID}.length === 1"):
        yield "Clear does not clear"


def _state(browser):
    said = browser.evaluate("document.getElementById('state').innerText")
    for wanted in ("Ports up\n1 of 1", "Connections\n1", "2 subflows followed", "Records lost\n0", "67 in all"):
        if wanted not in said:
            yield f"the state lacks {wanted!r}: {said!r}"
    if browser.evaluate("document.getElementById('link').textContent") != "Live":
        yield "it does not say that it is live"
    if not browser.evaluate("document.getElementById('alarm').hidden"):
        yield "an alarm without a reason"


def _as_the_api(browser, url):
    with urllib.request.urlopen(f"{url}/api/notices", timeout=5) as answer:
        told = len(json.load(answer)["notices"])
    shown = browser.evaluate("document.getElementById('notice-count').textContent")
    if not shown.startswith(f"{told} notice"):
        yield f"{shown!r} of {told}"


def _polls(browser):
    asked = "performance.getEntriesByName(location.origin + '/api/status?').map((entry) => entry.startTime)"
    count = browser.evaluate(f"{asked}.length")
    if not browser.wait_for(f"{asked}.length >= {count + 3}", 12):
        yield "three polls take more than 12 s"
    times = browser.evaluate(asked)[-3:]
    if not 1900 < times[2] - times[1] < 4000:
        yield f"{times[2] - times[1]:.0f} ms between two polls"
    browser.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))")
    browser.wait_for("false", 0.5)  # one that is under way
    count = browser.evaluate(f"{asked}.length")
    browser.wait_for("false", 3)
    if (more := browser.evaluate(f"{asked}.length") - count) != 0:
        yield f"{more} polls while the tab is hidden"
    if "hidden" not in browser.evaluate("document.getElementById('link').textContent"):
        yield "it does not say that it pauses"
    browser.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    if not browser.wait_for(f"{asked}.length > {count} && document.getElementById('link').textContent === 'Live'"):
        yield "it does not go on when the tab is seen again"


def _gone(browser):
    if not browser.wait_for("document.getElementById('link').textContent.startsWith('The sensor does not answer since')"):
        yield f"it says {browser.evaluate('document.getElementById(`link`).textContent')!r}"
    if browser.evaluate(f"{reading.IDS_IN_GRID}.length") != 1:
        yield "what was last known is gone"

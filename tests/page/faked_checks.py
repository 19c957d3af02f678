"""The page against answers that are made up: hostile texts, wrong HMACs, stalled threads; keyboard, themes, narrow windows."""

import pathlib

import reading
from faked import CONNECTIONS, HOSTILE, NOTICES, Faked

TAB_STOPS = ["#connections", "theme", "address", "token", "BUTTON", "row 0", "DIV", "severity", "kind", "notice-list", "/metrics"]


def checks(browser, shots):
    """Pairs of a check's name and what is wrong; pictures go to the folder `shots`, where there is one."""
    with Faked() as server:
        browser.look()
        browser.open(server.url)
        yield "kinds of paths differ by colour, dash and word", list(_kinds(browser))
        yield "hostile texts are texts", list(_hostile(browser))
        yield "the browser refuses markup from scripts", list(_policy(browser))
        yield "alarms", list(_alarms(browser))
        yield "keyboard", list(_keyboard(browser))
        yield "rows that move keep choice and focus", list(_moving(browser, server))
        yield "roles and names", list(_roles(browser))
        yield "notices along time", list(_notices(browser))
        for theme in ("light", "dark"):
            yield f"contrast, {theme}", list(_contrast(browser, theme, shots))
        yield "the button of the colours", list(_button(browser))
        yield "reduced motion", list(_motion(browser))
        for width in (400, 700, 1600):
            yield f"{width} pixels", list(_width(browser, width, shots))
        yield "many paths", list(_many(browser, server, shots))
        yield "nothing complained of", list(browser.complaints)
        server.is_mute = True
        yield "an answer that is none", [] if browser.wait_for("document.getElementById('link').dataset.state === 'bad'") else ["it is not told"]
        server.is_mute = False
        yield "an answer again", [] if browser.wait_for("document.getElementById('link').textContent === 'Live'") else ["it is not told"]


def _kinds(browser):
    if not browser.wait_for(f"{reading.SHOWN_PATHS}.length === 5"):
        yield "no five paths"
        return
    shown = browser.evaluate(reading.SHOWN_PATHS)
    if sorted((kind, share) for kind, share, *_ in shown) != [("backup", 0), ("initial", 0.6), ("joined", 0), ("joined", 0.3), ("wrong", 0.1)]:
        yield f"shown are {shown}"
    looks = {kind: dash for kind, _, _, dash in shown}
    if looks["initial"] or looks["joined"] or not looks["backup"] or not looks["wrong"] or looks["backup"] == looks["wrong"]:
        yield f"the dashes are {looks}"
    colours = browser.evaluate("[...new Set([...document.querySelectorAll('#picture path.path')].map((path) => getComputedStyle(path).stroke))]")
    if len(colours) != 4:
        yield f"the colours are {colours}"
    words = browser.evaluate(reading.WORDS)
    for wanted in ("60.0 %, initial", "30.0 %, joined", "0.0 %, backup", "10.0 %, HMAC wrong"):
        if not any(word.endswith(wanted) for word in words):
            yield f"the words {words} lack {wanted!r}"
    described = browser.evaluate("document.querySelector('#picture desc').textContent")
    if "203.0.113.99 to 198.51.100.20, joined, HMAC wrong, 10.0 % of the bytes" not in described or "opened by the responder" not in described:
        yield f"the description is {described!r}"
    hosts = browser.evaluate("[...document.querySelectorAll('#picture .host')].map((text) => text.querySelector('title').textContent)")
    if len(hosts) != 6 or hosts.count("192.0.2.33") != 1:
        yield f"the addresses are {hosts}: a path that the responder opened is not turned"


def _hostile(browser):
    browser.evaluate("document.querySelector('#rows tr[data-id=\"2\"]').click()")
    if not browser.wait_for("document.getElementById('paths-title').textContent.startsWith('Paths of connection 2')"):
        yield "the hostile connection cannot be chosen"
    shown = browser.evaluate("document.body.innerText")
    if shown.count(HOSTILE) < 6:
        yield f"the hostile text stands there {shown.count(HOSTILE)} times"
    if browser.evaluate("document.title") != "mptap" or browser.evaluate("document.querySelectorAll('img, script:not([src]), main script').length"):
        yield "it became markup"
    browser.evaluate("document.querySelector('#rows tr[data-id=\"0\"]').click()")


def _policy(browser):
    for attempt in ("document.body.insertAdjacentHTML('beforeend', '<b>x</b>')", "document.getElementById('alarm').innerHTML = '<b>x</b>'"):
        refused = browser.evaluate(f"(() => {{ try {{ {attempt}; return ''; }} catch (error) {{ return error.name; }} }})()")
        if refused != "TypeError":
            yield f"{attempt}: {refused!r}"
    if browser.evaluate("fetch('http://127.0.0.2:1/').then(() => 'allowed', (error) => error.name)") != "TypeError":
        yield "it may ask elsewhere"
    if not browser.wait_for("true") or len(browser.complaints) < 3 or not all("Content Security Policy" in one or "TrustedHTML" in one or "Fetch API" in one for one in browser.complaints):
        yield f"the browser complains of {browser.complaints}"
    browser.complaints.clear()


def _alarms(browser):
    if browser.evaluate("document.getElementById('alarm').checkVisibility() && document.getElementById('alarm').textContent") != "1 thread stands still: see the sensor's messages.":
        yield "a stalled thread is no alarm"
    said = browser.evaluate("[...document.querySelectorAll('#state [data-alarm]')].map((tile) => tile.innerText)")
    if said != ["Ports up\n1 of 2\ndown: eth2"]:
        yield f"alarming are {said}"
    if "43" not in browser.evaluate("document.getElementById('state-Records-lost').innerText"):
        yield "records that were lost are not told"


def _keyboard(browser):
    stops, unseen = reading.tab_stops(browser)
    if stops != TAB_STOPS:
        yield f"Tab goes to {stops} instead of {TAB_STOPS}"
    if unseen:
        yield f"the focus is not seen on {unseen}"
    browser.evaluate("document.querySelector('#rows tr[tabindex=\"0\"]').focus()")
    for key, wanted in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 2), ("ArrowUp", 1), ("End", 2), ("Home", 0), ("ArrowUp", 0), ("ArrowDown", 1)):
        browser.press(key)
        found = browser.evaluate(reading.FOCUS), browser.evaluate(reading.CHOSEN)
        if found != (f"row {wanted}", [wanted]):
            yield f"{key} leads to {found} instead of row {wanted}"
    if not browser.evaluate("document.getElementById('paths-title').textContent").startswith("Paths of connection 1"):
        yield "the picture does not follow"
    browser.press("Tab", shift=True)
    browser.press("Tab")
    if browser.evaluate(reading.FOCUS) != "row 1":
        yield f"Tab returns to {browser.evaluate(reading.FOCUS)} instead of the chosen row"


def _moving(browser, server):
    server.connections = [CONNECTIONS[2], CONNECTIONS[1]]
    if not browser.wait_for(f"JSON.stringify({reading.IDS_IN_GRID}) === '[2,1]'"):
        yield f"the rows are {browser.evaluate(reading.IDS_IN_GRID)}"
    if (found := (browser.evaluate(reading.FOCUS), browser.evaluate(reading.CHOSEN))) != ("row 1", [1]):
        yield f"after rows moved the focus is at {found}"
    server.connections = [CONNECTIONS[2]]
    if not browser.wait_for(f"{reading.IDS_IN_GRID}.length === 1") or browser.evaluate(reading.FOCUS) != "row 2":
        yield f"the focus of a row that ended goes to {browser.evaluate(reading.FOCUS)}"
    if "Connection 1 has ended" not in browser.evaluate("document.getElementById('picture').textContent"):
        yield "it is not told that the chosen connection has ended"
    server.connections = CONNECTIONS
    browser.wait_for(f"{reading.IDS_IN_GRID}.length === 3")
    browser.evaluate("document.querySelector('#rows tr[data-id=\"0\"]').click()")


def _roles(browser):
    found = browser.accessible()
    for wanted in (("grid", "Connections"), ("search", "Filter the connections"), ("region", "Notices"), ("region", "List of notices"), ("region", "List of paths"),
                   ("alert", ""), ("textbox", "Address or prefix, such as 10.0.0.0/8"), ("textbox", "Token, up to 8 hex digits"), ("image", "Paths of connection 0"),
                   ("combobox", "Severity"), ("button", "Clear"), ("columnheader", "Initiator"), ("status", ""), ("banner", ""), ("main", "")):
        if not any(role == wanted[0] and (not wanted[1] or name == wanted[1]) for role, name in found):
            yield f"no {wanted[0]} {wanted[1]!r}"
    if not any(role == "image" and "5 notices of 4 kinds" in name for role, name in found):
        yield "the timeline has no name"
    rows = [name for role, name in found if role == "row"]
    if len(rows) < 4:
        yield f"the rows are {rows}"
    if browser.evaluate("document.documentElement.lang") != "en" or browser.evaluate("new Set([...document.querySelectorAll('[id]')].map((node) => node.id)).size - document.querySelectorAll('[id]').length"):
        yield "no language, or an id twice"


def _notices(browser):
    count = "document.querySelectorAll('#timeline svg > path.mark[transform]').length"
    shapes = browser.evaluate("[...new Set([...document.querySelectorAll('#timeline path.mark')].map((mark) => mark.getAttribute('d')))].length")
    if shapes != 4 or browser.evaluate(count) != len(NOTICES) + 4:  # and the legend
        yield f"{browser.evaluate(count)} marks of {shapes} shapes"
    order = browser.evaluate("[...document.querySelectorAll('#notice-rows tr')].map((row) => row.cells[0].textContent)")
    if order != sorted(order, reverse=True) or order[0] != "2023-11-14 22:23:10":
        yield f"the times are {order}"
    for field, value, wanted in (("severity", "high", "2 notices of 5"), ("severity", "", "5 notices"), ("kind", "rejected", "1 notice of 5"), ("kind", "", "5 notices")):
        browser.evaluate(f"(() => {{ const field = document.getElementById('{field}'); field.value = '{value}'; field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()")
        if (said := browser.evaluate("document.getElementById('notice-count').textContent")) != wanted:
            yield f"{field} {value!r}: {said!r} instead of {wanted!r}"


def _shoot(browser, shots, name):
    if shots:
        browser.shoot(pathlib.Path(shots) / f"{name}.png")


def _contrast(browser, theme, shots):
    browser.look(dark=theme == "dark", still=True)  # no colour on its way to another
    looked, poor = browser.evaluate(reading.CONTRAST)
    if looked < 80:
        yield f"only {looked} texts were looked at"
    yield from poor
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    if ground != {"light": "rgb(246, 247, 249)", "dark": "rgb(18, 22, 27)"}[theme]:
        yield f"the ground is {ground}"
    _shoot(browser, shots, theme)


def _button(browser):
    browser.look(dark=False)
    for theme, ground in (("light", "rgb(246, 247, 249)"), ("dark", "rgb(18, 22, 27)")):
        browser.evaluate("document.getElementById('theme').focus()")
        browser.press("Enter")
        said = browser.evaluate("[document.getElementById('theme').textContent, getComputedStyle(document.body).backgroundColor]")
        if said != [f"Colours: {theme}", ground]:
            yield f"pressed for {theme}: {said}"
    browser.call("Page.reload")
    if not browser.wait_for("document.readyState === 'complete' && document.getElementById('theme').textContent === 'Colours: dark'"):
        yield "the choice is forgotten"
    browser.wait_for(f"{reading.IDS_IN_GRID}.length === 3")
    browser.evaluate("document.getElementById('theme').click()")
    if browser.evaluate("document.getElementById('theme').textContent") != "Colours: system":
        yield "no way back to the system's colours"


def _motion(browser):
    moving = "[getComputedStyle(document.documentElement).scrollBehavior, getComputedStyle(document.getElementById('link')).transitionDuration]"
    if browser.evaluate(moving) != ["smooth", "0.3s"]:
        yield f"nothing moves where it may: {browser.evaluate(moving)}"
    browser.look(still=True)
    if browser.evaluate(moving) != ["auto", "0s"]:
        yield f"it moves where it should not: {browser.evaluate(moving)}"


def _width(browser, width, shots):
    browser.look(width=width, height=900)
    browser.wait_for(f"Math.abs(document.querySelector('#picture svg').clientWidth - document.getElementById('picture').clientWidth) < 3")
    if (over := browser.evaluate(reading.WIDER_THAN_WINDOW)) > 0:
        yield f"the page is {over} pixels wider than the window"
    yield from (f"words on each other: {pair}" for pair in browser.evaluate(reading.COLLISIONS))
    _shoot(browser, shots, f"{width}")


def _many(browser, server, shots):
    """As many paths as the sensor reports of a connection."""
    most = 64
    paths = [CONNECTIONS[1]["subflows"][0] | {"orig_h": f"10.0.0.{i % 4}", "orig_p": i, "resp_bytes": i, "isOrig": i == 0} for i in range(most)]
    server.connections = [CONNECTIONS[1] | {"subflows": paths, "live_subflows": 70}]
    browser.look(width=1200, height=900)
    browser.wait_for(f"{reading.IDS_IN_GRID}.length === 1")
    browser.evaluate("document.querySelector('#rows tr').click()")
    if not browser.wait_for(f"{reading.SHOWN_PATHS}.length === {most}"):
        yield "they are not drawn"
    if "6 more are not shown" not in browser.evaluate("document.getElementById('paths-title').textContent"):
        yield "those that are left out are not told"
    if abs(sum(path[1] for path in browser.evaluate(reading.SHOWN_PATHS)) - 1) > 0.01:
        yield "the shares do not add up"
    yield from (f"words on each other: {pair}" for pair in browser.evaluate(reading.COLLISIONS))
    if browser.evaluate("document.getElementById('picture').tabIndex") != 0:
        yield "a picture that scrolls is not reached by Tab"
    _shoot(browser, shots, "many")
    server.connections = CONNECTIONS
    browser.wait_for(f"{reading.IDS_IN_GRID}.length === 3")

"""The Grafana dashboard that is shipped: its form, and what its queries name."""

import json
import re

from mptap import ROOT
from rules import query_problems

PATH = ROOT / "deploy/grafana/mptap.json"
DETECTIONS = ROOT / "docs/detections.md"
SCHEMA = range(36, 42)  # Grafana 9.0 to 11.6; older ones are migrated, newer ones are not taken
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
SEVERITIES = ("high", "medium", "low", "info")
NOTICE = re.compile(r"^\| \[`(\w+)`\]\(#\w+\) \| ([^|]*) \|", re.MULTILINE)
STAGE = re.compile(r"`(\w+)` (\w+)")
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
BUILT_IN = {"__rate_interval", "__range"}


def load():
    """The dashboard; raises ValueError where it is no JSON."""
    return json.loads(PATH.read_text())


def panels(dashboard):
    """Panels that show something: rows are headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard):
    """(place, query) of all panels and annotations; variables are as Grafana has them."""
    for panel in panels(dashboard):
        yield from ((f"panel {panel['title']!r}", target["expr"]) for target in panel["targets"])
    yield from ((f"annotation {it['name']!r}", it["expr"]) for it in dashboard["annotations"]["list"])


def plain(query, window):
    """The query with what the variables stand for, all sensors and `window` for each interval."""
    query = re.sub(r"\$__(rate_interval|range)\b", window, query)
    return re.sub(r"\$(job|instance)\b", ".+", query)


def form_problems(dashboard):
    """What Grafana needs of the whole."""
    if PATH.read_text() != json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n":
        yield "it is not written as JSON with two spaces a level"
    if not dashboard.get("uid") or not dashboard.get("title"):
        yield "it has no uid or no title"
    if dashboard.get("schemaVersion") not in SCHEMA:
        yield f"schemaVersion is {dashboard.get('schemaVersion')}"
    if "id" in dashboard or "__inputs" in dashboard:
        yield "it carries the id or the inputs of one installation"
    variables = {it["name"]: it for it in dashboard["templating"]["list"]}
    if variables.get("datasource", {}).get("type") != "datasource" or variables["datasource"].get("query") != "prometheus":
        yield "there is no variable for the data source"
    if "instance" not in variables:
        yield "there is no variable for the instance"
    used = set(VARIABLE.findall(json.dumps(dashboard)))
    yield from (f"${name} is used and not known" for name in sorted(used - variables.keys() - BUILT_IN))


def panel_problems(dashboard):
    """Panels without what they need, or in each other's place."""
    ids = [panel["id"] for panel in dashboard["panels"]]
    yield from (f"id {number} is given twice" for number in sorted({it for it in ids if ids.count(it) > 1}))
    titles = [panel["title"] for panel in dashboard["panels"]]
    yield from (f"the title {title!r} is given twice" for title in sorted({it for it in titles if titles.count(it) > 1}))
    taken = {}
    for panel in dashboard["panels"]:
        title, place = panel["title"], panel["gridPos"]
        if place["x"] + place["w"] > COLUMNS:
            yield f"{title!r} reaches beyond the right edge"
        columns, lines = (range(place[start], place[start] + place[size]) for start, size in (("x", "w"), ("y", "h")))
        for cell in ((x, y) for x in columns for y in lines):
            if (other := taken.setdefault(cell, title)) != title:
                yield f"{title!r} lies on {other!r}"
                break
    for panel in panels(dashboard):
        title = panel["title"]
        if len(panel.get("description", "")) < 20:
            yield f"{title!r} has no description"
        if not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{title!r} has no unit"
        if panel.get("datasource") != DATASOURCE:
            yield f"{title!r} does not go by the variable for the data source"
        if len({target["refId"] for target in panel["targets"]}) != len(panel["targets"]) or not panel["targets"]:
            yield f"{title!r} has no query, or two of one refId"
        yield from (f"{title!r} does not go by the variable of the instance: {target['expr']}"
                    for target in panel["targets"] if 'instance=~"$instance"' not in target["expr"])


def documented_severities():
    """{severity: notes} of docs/detections.md, by the highest that a note may have."""
    found = {severity: set() for severity in SEVERITIES}
    for note, text in NOTICE.findall(DETECTIONS.read_text()):
        for stage, severity in STAGE.findall(text):
            found[severity].add(stage)
        words = [word for word in re.findall(r"\w+", STAGE.sub("", text)) if word in SEVERITIES]
        found[min(words, key=SEVERITIES.index)].add(note)
    return found


def severity_problems(dashboard):
    """Notices that the panel of severities counts elsewhere than docs/detections.md has them. The metric has no such label."""
    panel = next(it for it in panels(dashboard) if it["title"] == "Notices by severity")
    shown = {it["legendFormat"]: set(re.search(r'note=~"([\w|]+)"', it["expr"])[1].split("|")) for it in panel["targets"]}
    for severity, notes in documented_severities().items():
        if shown.get(severity) != notes:
            yield f"{severity}: {sorted(shown.get(severity, set()) ^ notes)}"


def checks():
    """Pairs of a check's name and the function that says what is wrong."""
    try:
        dashboard = load()
    except ValueError as error:
        problem = str(error)
        yield "the dashboard is JSON", lambda: [problem]
        return
    named = [(place, plain(query, "15s")) for place, query in queries(dashboard)]
    yield "the dashboard can be imported", lambda: form_problems(dashboard)
    yield "its panels have ids, places, units and descriptions", lambda: panel_problems(dashboard)
    yield "its severities are those of docs/detections.md", lambda: severity_problems(dashboard)
    yield "the dashboard names metrics that there are", lambda: query_problems(named)

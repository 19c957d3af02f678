"""The rules and alerts that are shipped: promtool's word on them, their tests, and what they name."""

import re
import subprocess
from functools import partial

import yaml

from mptap import ROOT
from promql import names, unread

FOLDER = ROOT / "deploy/prometheus"
RULES, ALERTS, SCRAPE = (FOLDER / name for name in ("mptap.rules.yml", "mptap.alerts.yml", "scrape.example.yml"))
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
SEVERITIES = ("critical", "warning")
ANNOTATIONS = {"summary", "description", "runbook"}
ALERT_NAMES = re.compile(r'alertname=~?"([\w|]+)"')
METRIC_ROW = re.compile(r"^\| (mptap_\w+) \| (\w+) \|", re.MULTILINE)
SCRAPED_BY_PROMETHEUS = {"up", "ALERTS"}  # its own series


def promtool_problems(*arguments):
    """What promtool says where it ends with an error."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).strip().splitlines()


def groups(path):
    """The rule groups of a file."""
    return yaml.safe_load(path.read_text())["groups"]


def alerts():
    """All alerts that are shipped."""
    return [rule for group in groups(ALERTS) for rule in group["rules"]]


def recorded():
    """The names of all recorded series."""
    return {rule["record"] for group in groups(RULES) for rule in group["rules"]}


def known_metrics():
    """Names that a scrape may hold, as docs/metrics.md lists them, and those that are recorded."""
    known = set(SCRAPED_BY_PROMETHEUS)
    for name, kind in METRIC_ROW.findall((ROOT / "docs/metrics.md").read_text()):
        known |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return known | recorded()


def query_problems(queries):
    """Of pairs of a place and its query: metrics that there are not, and words that nobody reads."""
    known = known_metrics()
    for place, query in queries:
        yield from (f"{place}: no metric {name}" for name in sorted(names(query) - known))
        yield from (f"{place}: tests/monitoring/promql.py knows no metric and no function {word}" for word in unread(query))
        if not names(query):
            yield f"{place}: reads no metric"


def queries():
    """(place, query) of all rules."""
    for path in (RULES, ALERTS):
        for group in groups(path):
            yield from ((rule.get("alert") or rule["record"], rule["expr"]) for rule in group["rules"])


def headings(path):
    """The anchors of a document."""
    found = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def alert_problems():
    """Alerts that lack a label or annotation, or whose runbook leads nowhere; headings of no alert."""
    for rule in alerts():
        name, annotations = rule["alert"], rule.get("annotations", {})
        if set(annotations) != ANNOTATIONS:
            yield f"{name} has the annotations {sorted(annotations)}"
            continue
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield f"{name} has no severity of {', '.join(SEVERITIES)}"
        document, _, anchor = annotations["runbook"].partition("#")
        if not (ROOT / document).is_file() or anchor not in headings(ROOT / document):
            yield f"{name}: {annotations['runbook']} does not exist"
        elif anchor != name.lower():
            yield f"{name}: its runbook is that of another alert: {anchor}"
    known = {rule["alert"].lower() for rule in alerts()}
    described = {anchor for anchor in headings(ROOT / "docs/monitoring.md") if anchor.startswith("mptap")}
    yield from (f"docs/monitoring.md describes {anchor}, and there is no such alert" for anchor in sorted(described - known))


def test_problems():
    """Alerts without a test in which they fire or one in which they do not; tests of what there is not; groups left to chance."""
    firing, silent = set(), set()
    order = [group["name"] for path in (RULES, ALERTS) for group in groups(path)]
    for path in TESTS:
        content = yaml.safe_load(path.read_text())
        if content["group_eval_order"] != order:
            yield f"{path.name}: group_eval_order must be [{', '.join(order)}]"
        for test in content["tests"]:
            series = [(f"{path.name}: {test['name']}", it["series"]) for it in test["input_series"]]
            yield from query_problems(series)
            for check in test["promql_expr_test"]:
                named = {name for text in ALERT_NAMES.findall(check["expr"]) for name in text.split("|")}
                fires = {name for it in check["exp_samples"] for name in ALERT_NAMES.findall(it["labels"])}
                firing |= fires
                silent |= named - fires
    known = {rule["alert"] for rule in alerts()}
    yield from (f"{name} is tested, and there is no such alert" for name in sorted((firing | silent) - known))
    yield from (f"no test makes {name} fire" for name in sorted(known - firing))
    yield from (f"no test in which {name} does not fire" for name in sorted(known - silent))


def promtool_checks():
    """Pairs of a check's name and the function that says what promtool finds wrong."""
    for path in (RULES, ALERTS):
        yield f"promtool check rules {path.name}", partial(promtool_problems, "check", "rules", path)
    yield f"promtool check config {SCRAPE.name}", partial(promtool_problems, "check", "config", SCRAPE)
    for path in TESTS:
        yield f"promtool test rules {path.name}", partial(promtool_problems, "test", "rules", path)


def checks():
    """Pairs of a check's name and the function that says what is wrong; without promtool."""
    yield "every alert is tested both ways", test_problems
    yield "every alert says what it is and where to read on", alert_problems
    yield "rules name metrics that there are", lambda: query_problems(queries())

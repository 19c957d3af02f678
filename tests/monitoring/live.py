"""A real Prometheus that scrapes a real sensor: each query of rules and dashboard must return what there is to see."""

import math
import pathlib
import time

import yaml

import dashboard
from promql import selectors
from rules import ALERTS, RULES, SCRAPE, alerts, recorded
from sensed import Sensed
from server import Prometheus

WINDOW = "1m"  # for $__rate_interval and $__range: longer than captures are played, so that all of them count
SCRAPES = 3  # before the first capture, and after the last
LONGEST_S = 45

# Alerts return nothing of a healthy sensor; those that what is played here must raise are named.
RAISED = {"MptapJoinFlood", "MptapFallbackBurst"}
# These would say that the sensor or this test is broken.
NEVER = {"MptapDown", "MptapAbsent", "MptapGone", "MptapNotReady", "MptapRestarts", "MptapWorkerStalled", "MptapControlStalled",
         "MptapNoTraffic", "MptapPacketsMissed", "MptapNoBuffers", "MptapReceiveErrors", "MptapLosingPackets",
         "MptapVitalRecordsLost", "MptapBulkRecordsLost", "MptapLogRowsDropped", "MptapLogWriteErrors", "MptapControlLagging"}


def config(address):
    """The example of prometheus.yml, for this sensor and in a hurry."""
    wanted = yaml.safe_load(SCRAPE.read_text())
    wanted["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    wanted["rule_files"] = [str(RULES), str(ALERTS)]
    wanted["scrape_configs"][0]["static_configs"][0]["targets"] = [address]
    return wanted


def wait_for_scrapes(prometheus, deadline):
    """Until more scrapes have succeeded and rules have seen them; a sentence where they do not."""
    seen = "sum(sum_over_time(up[5m])) and sum(count_over_time(instance:mptap_rx_packets:rate5m[5m]))"
    count = lambda: sum(number for _, number in prometheus.query(seen))  # noqa: E731
    wanted = count() + SCRAPES
    while count() < wanted:
        if time.monotonic() > deadline:
            return [f"{count():.0f} scrapes instead of {wanted:.0f} within {LONGEST_S} s: {prometheus.complaints()}"]
        time.sleep(0.2)
    return []


def play(sensor, prometheus):
    """Lets Prometheus see all captures from the first to the last frame; a sentence where that fails."""
    deadline = time.monotonic() + LONGEST_S
    problems = wait_for_scrapes(prometheus, deadline)
    sensor.play()
    if not sensor.played.wait(max(0, deadline - time.monotonic())):
        problems.append(f"the sensor did not take all captures within {LONGEST_S} s")
    return problems or wait_for_scrapes(prometheus, deadline)


def data_problems(prometheus, queries):
    """Of pairs of a place and its query: those that cannot be parsed, or return no number."""
    for place, query in queries:
        try:
            found = prometheus.query(query)
        except ValueError as error:
            yield f"{place}: {error}"
            continue
        if not any(math.isfinite(number) for _, number in found):
            yield f"{place}: returns {'no number' if found else 'nothing'}: {query}"


def dashboard_queries():
    """(place, query) of what the dashboard asks, without annotations: those are alerts."""
    shown = dashboard.load()
    panels = [(place, query) for place, query in dashboard.queries(shown) if place.startswith("panel")]
    return [(place, dashboard.plain(query, WINDOW)) for place, query in panels]


def variable_queries():
    """(place, query) of what fills the variables."""
    for variable in dashboard.load()["templating"]["list"]:
        if variable["type"] == "query":
            inside, _, label = variable["definition"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
            yield f"variable {variable['name']}", f'count by ({label}) ({dashboard.plain(inside, WINDOW)})'


def inner_queries():
    """(place, selector) of what alerts look at: alone it returns something, however healthy the sensor is."""
    for rule in alerts():
        yield from ((f"{rule['alert']}, inside", selector) for selector in selectors(rule["expr"]))


def rule_problems(prometheus):
    """Rules that could not be evaluated."""
    for rule in prometheus.rules():
        if rule["health"] != "ok" or rule.get("lastError"):
            yield f"{rule['name']} is {rule['health']}: {rule.get('lastError')}"


def alert_problems(prometheus):
    """Alerts that what was played must raise and did not, and those that it must not. Pending counts: `for` is minutes."""
    active = {labels["alertname"] for labels, _ in prometheus.query("ALERTS")}
    yield from (f"{name} is not raised" for name in sorted(RAISED - active))
    yield from (f"{name} is raised" for name in sorted(NEVER & active))


def ratio_problems(prometheus):
    """Ratios outside of 0 to 1."""
    for labels, number in prometheus.query('{__name__=~"instance.*:ratio_.*"}'):
        if not 0 <= number <= 1:
            yield f"{labels} is {number}"


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    with Sensed(folder) as sensor, Prometheus(pathlib.Path(folder), config(sensor.address)) as prometheus:
        yield "live: the sensor is scraped by the example's configuration", (silent := play(sensor, prometheus))
        if silent:
            return
        yield "live: every query of the dashboard returns data", list(data_problems(prometheus, dashboard_queries()))
        yield "live: its variables are filled", list(data_problems(prometheus, variable_queries()))
        yield "live: every recorded series is there", list(data_problems(prometheus, ((name, name) for name in sorted(recorded()))))
        yield "live: what alerts look at is there", list(data_problems(prometheus, inner_queries()))
        yield "live: every rule is evaluated", list(rule_problems(prometheus))
        yield "live: a flood and a fallback burst raise their alerts, and no watchdog barks", list(alert_problems(prometheus))
        yield "live: ratios are from 0 to 1", list(ratio_problems(prometheus))
        code = sensor.stop()
        yield "live: the sensor ends well", [] if code == 0 else [f"exit code {code}"]

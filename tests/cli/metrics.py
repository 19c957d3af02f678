"""Metrics: of every shipped capture and its truth; of some, number for number; and a live scrape that promtool takes.

mptap-metrics-of gives the metrics of a capture once it is read, in the capture's own time.
"""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import real_captures
from captures import write_beginning
from equations import Page, violations, violations_at_rest
from mptap import ROOT, rows
from option_bytes import options_in
from running import Running

METRICS_OF = pathlib.Path(os.environ.get("MPTAP_METRICS_OF", ROOT / "build/release/tests/metrics_of/mptap-metrics-of"))
CAPTURES = ROOT / "tests/captures"
HALF = 30  # packets of basic-v1: its first connection with two subflows
SUBTYPES = ("mp_capable", "mp_join", "mp_dss", "mp_add_addr", "mp_remove_addr", "mp_prio", "mp_fail", "mp_fastclose",
            "mp_tcprst")
LOGS = ("mptcp_conn", "mptcp_subflow", "notice")
SYN, ACK = 0x02, 0x10

# Captures whose frames tests/harness/option_bytes.py reads: no tags, no tunnels.
PLAIN = ("addresses", "basic-v0", "basic-v1", "demo", "fallback", "fastclose", "ipv6", "joins-both", "key-change", "lossy",
         "midstream", "nat", "offload", "priority", "rejected", "repeated-add-addr", "reset", "synack-first", "wrong-hmac")

# (capture, metric, {values of its labels but `worker`: number}): all others of that metric are 0. Known from how
# tests/support plays the capture; what a clock says, from tshark.
KNOWN = (
    ("rejected", "fallbacks", {"no_option": 2, "mirrored": 2, "blackhole": 2}),
    ("corpus-other-version", "fallbacks", {"version": 1}),
    ("corpus-fallback-burst", "fallbacks", {"stripped": 12}),
    ("corpus-infinite-mapping", "fallbacks", {"infinite_mapping": 1}),
    ("fallback", "fallbacks", {"no_dss": 2, "mp_fail": 2}),
    ("demo", "fallbacks", {"no_option": 1}),
    ("denied-join", "fallbacks", {"no_option": 0, "stripped": 2}),
    ("basic-v1", "fallbacks", {}),
    ("basic-v0", "connections_ended", {("0", "established"): 2}),
    ("basic-v1", "connections_ended", {("1", "established"): 2}),
    ("demo", "connections_ended", {("0", "established"): 1, ("1", "established"): 2}),
    ("fallback", "connections_ended", {("0", "fallback"): 2, ("1", "fallback"): 2}),
    ("midstream", "connections_ended", {("unknown", "partial"): 5}),  # of four; nothing tells that two are one
    ("refused-join", "joins", {"refused": 3}),
    ("denied-join", "joins", {"denied": 2}),
    ("unanswered", "joins", {"unanswered": 2}),
    ("unknown-join", "joins", {"unknown": 2}),
    ("demo", "joins", {"matched": 3}),
    ("demo", "hmacs", {("join_syn_ack", "valid"): 3, ("join_ack", "valid"): 3, ("add_addr", "valid"): 2}),
    ("wrong-hmac", "hmacs", {("join_syn_ack", "valid"): 2, ("join_syn_ack", "invalid"): 2, ("join_ack", "valid"): 2,
                             ("join_ack", "invalid"): 2}),
    ("corpus-join-hmac-ack", "hmacs", {("join_syn_ack", "valid"): 1, ("join_ack", "invalid"): 1}),
    ("corpus-join-hmac-syn-ack", "hmacs", {("join_syn_ack", "invalid"): 1, ("join_ack", "valid"): 1}),
    ("corpus-add-addr-hmac", "hmacs", {("add_addr", "invalid"): 1}),
    ("malformed", "option_errors", {"length": 20, "version": 1, "tcp_flags": 2, "dss_flags": 4, "subtype": 2,
                                    "option_list": 6}),
    ("malformed", "options", {}),
    ("frames", "malformed", {"ip_header": 2, "ip_truncated": 1, "tcp_data_offset": 2, "tcp_truncated": 1}),
    ("demo", "malformed", {}),
    ("demo", "option_errors", {}),
    ("demo", "connection_subflows_count", {(): 3}),
    ("demo", "connection_subflows_sum", {(): 6}),
    ("demo", "connection_subflows_bucket", {"1": 0, "2": 3, "3": 3, "32": 3, "+Inf": 3}),
    ("demo", "handshake_rtt_seconds_count", {(): 6}),
    ("demo", "handshake_rtt_seconds_sum", {(): 0.110187}),
    ("demo", "handshake_rtt_seconds_bucket", {"0.005": 0, "0.01": 1, "0.02": 4, "0.05": 6, "+Inf": 6}),
    ("demo", "join_latency_seconds_count", {(): 3}),
    ("demo", "join_latency_seconds_sum", {(): 0.600353}),
    ("demo", "join_latency_seconds_bucket", {"0.02": 0, "0.05": 1, "0.1": 2, "0.2": 2, "0.5": 3, "+Inf": 3}),
    ("midstream", "join_latency_seconds_count", {(): 0}),  # nobody saw those connections start
)

# The same of captures that do not come with the project (real_captures.py): what their README, the thesis's system and the
# kernels' own counters say.
REAL_KNOWN = (
    ("mp_capable.pcapng", "connections_ended", {("0", "established"): 2}),
    ("mp_capable.pcapng", "connection_subflows_sum", {(): 6}),
    ("mp_capable.pcapng", "joins", {"matched": 4, "unanswered": 2}),
    ("mp_capable.pcapng", "hmacs", {("join_syn_ack", "valid"): 4, ("join_ack", "valid"): 4}),
    ("linux-v1.pcap", "connections_ended", {("1", "established"): 3}),
    ("linux-v1.pcap", "joins", {"matched": 3}),
    ("linux-v1.pcap", "hmacs", {("join_syn_ack", "valid"): 3, ("join_ack", "valid"): 3, ("add_addr", "valid"): 3}),
    ("flood.pcap", "joins", {"unanswered": 9295}),  # 10,000 SYNs, some of them repeated
    ("mp_rejected.pcap", "fallbacks", {"no_option": 1}),
)


def why_not():
    """Why these checks cannot be made, or None."""
    if os.access(METRICS_OF, os.X_OK):
        return None
    return f"no binary at {METRICS_OF} (build it, or name it in MPTAP_METRICS_OF)"


def page_of(capture):
    """The metrics of a capture that was read to its end, and sentences on the sums of it that are wrong."""
    with tempfile.TemporaryDirectory() as logs:
        command = [METRICS_OF, "--log-dir", logs, capture]
        text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
        page, written = Page(text), {log: len(rows(logs, log)) for log in LOGS}
    counted = {log: int(page.total("mptap_log_rows_written_total", {("log", log)})) for log in LOGS}
    problems = [] if counted == written else [f"rows are counted as {counted} and are {written}"]
    return page, violations(text, end=True) + problems


def without_zeros(counts):
    """What is not 0; of seconds, microseconds are left."""
    return {key: round(float(value), 6) for key, value in counts.items() if value}


def differences(name, expected, found):
    """A sentence where two countings differ."""
    expected, found = without_zeros(expected), without_zeros(found)
    return [] if expected == found else [f"{name}: {found} instead of {expected}"]


def joins_of(truth):
    """{result: number} of all joins that the truth knows."""
    results = collections.Counter()
    inside = [subflow for connection in truth["connections"] for subflow in connection["subflows"]]
    for where, subflows in (("matched", inside), ("unknown", truth["unmatched_subflows"])):
        for subflow in subflows:
            if not subflow["is_orig"] and subflow["state"] != "partial":  # whose SYN and SYN/ACK nobody saw
                results[{"established": where, "attempted": "unanswered"}.get(subflow["state"], subflow["state"])] += 1
    return results


def came_to_something(subflow):
    """Whether it counts for its connection: established, and no join with a wrong HMAC or whose opener fell silent."""
    whole_join = subflow["hmac_ok"] is not False and subflow["orig_segments"] > 1
    return subflow["state"] == "established" and (subflow["is_orig"] or whole_join)


def truth_problems(folder, page):
    """What of the metrics differs from the truth beside the capture."""
    truth = json.loads((folder / "truth.json").read_text())
    notices = {entry["note"]: entry["count"] for entry in truth["notices"]}
    problems = differences("notices", notices, page.sums("mptap_notices_total"))
    problems += differences("malformed", {(): truth["frames"]["malformed"]}, {(): page.total("mptap_malformed_total")})
    results = joins_of(truth)
    results["unanswered"] += truth.get("extra", {}).get("flood", {}).get("joins", 0)
    problems += differences("joins", results, page.sums("mptap_joins_total"))
    whole = [connection for connection in truth["connections"] if connection["token_resp"] is not None]
    if len(whole) == len(truth["connections"]):
        problems += differences("connections by version", collections.Counter(str(it["version"]) for it in whole),
                                _by_version(page))
        established = [subflow for it in whole for subflow in it["subflows"] if came_to_something(subflow)]
        counts = {"connections": len(whole), "subflows": sum("copy_of" not in subflow for subflow in established)}
        found = {"connections": page.total("mptap_connection_subflows_count"),
                 "subflows": page.total("mptap_connection_subflows_sum")}
        problems += differences("subflows of connections", counts, found)
    return problems


def _by_version(page):
    """{version: connections that ended}"""
    counts = collections.Counter()
    for (version, _), count in page.sums("mptap_connections_ended_total").items():
        counts[version] += count
    return counts


def senders(data):
    """(option, "opener" or "acceptor") of all options of a capture's bytes; of a flow that began before, who has the lower
    port accepts."""
    openers, found = {}, []
    for option in options_in(data):
        source, source_port, destination, destination_port = option.flow
        ends = (source, source_port), (destination, destination_port)
        if option.flags & SYN:
            openers[frozenset(ends)] = ends[1 if option.flags & ACK else 0]
        elif frozenset(ends) not in openers:
            openers[frozenset(ends)] = ends[0 if source_port >= destination_port else 1]
        found.append((option, "opener" if openers[frozenset(ends)] == ends[0] else "acceptor"))
    return found


def option_problems(capture, page):
    """What of the options' counts differs from what the bytes hold."""
    by_subtype, by_direction = collections.Counter(), collections.Counter()
    for option, sender in senders(capture.read_bytes()):
        name = SUBTYPES[option.subtype] if option.subtype < len(SUBTYPES) else "mp_experimental"
        by_subtype[name] += 1
        by_direction[name, sender] += 1
    problems = differences("options", by_subtype, page.sums("mptap_options_total"))
    return problems + differences("by direction", by_direction, page.sums("mptap_options_by_direction_total"))


def known_problems(metric, expected, page):
    """What of one metric differs from what is known of a capture. Of buckets only those named count."""
    found = page.sums(f"mptap_{metric}" if metric.endswith(("_bucket", "_count", "_sum")) else f"mptap_{metric}_total")
    if metric.endswith("_bucket"):
        found = {key: found[key] for key in expected}
    return differences(metric, expected, found)


def capture_checks():
    """Pairs of a check's name and what is wrong, of shipped captures."""
    pages = {}
    for folder in sorted(path.parent for path in CAPTURES.glob("*/truth.json")):
        pages[folder.name], wrong_sums = page_of(folder / "capture.pcap")
        yield f"{folder.name}: the truth", truth_problems(folder, pages[folder.name])
        yield f"{folder.name}: the equations", wrong_sums
    for name in PLAIN:
        yield f"{name}: options", option_problems(CAPTURES / name / "capture.pcap", pages[name])
    for name, metric, expected in KNOWN:
        yield f"{name}: {metric}", known_problems(metric, expected, pages[name])


def real_checks():
    """The same of real captures, where the machine has them."""
    pages = {}
    for name, notices in real_captures.NOTICES.items():
        pages[name], wrong_sums = page_of(real_captures.FOLDER / name)
        yield f"{name}: the equations", wrong_sums
        found = pages[name].sums("mptap_notices_total")
        yield f"{name}: notices", differences("notices", collections.Counter(notices), found)
        yield f"{name}: options", option_problems(real_captures.FOLDER / name, pages[name])
    for name, metric, expected in REAL_KNOWN:
        yield f"{name}: {metric}", known_problems(metric, expected, pages[name])


class Live(Running):
    """A sensor that is given a capture at once."""

    def __init__(self, folder, name, capture):
        super().__init__(folder, name, port=f"net_pcap0,rx_pcap={capture}")

    def _sums(self):
        """Sentences on sums that do not come out, once all is taken over and written."""
        yield from violations_at_rest(self._scrape)


class Linted(Live):
    """A scrape, once all connections have ended, that promtool finds nothing to say about."""

    def __init__(self, folder):
        super().__init__(folder, "promtool", CAPTURES / "demo/capture.pcap")

    def _steps(self):
        yield from self._until("mptap_connections_closed_total", 3)
        yield from self._sums()
        done = subprocess.run(["promtool", "check", "metrics"], input=self._scrape(), capture_output=True, text=True)
        yield from (done.stdout + done.stderr).splitlines()
        if done.returncode != 0:
            yield f"promtool ends with {done.returncode}"
        broken = self._scrape().replace("mptap_copies_total", "mptap_copies")
        if subprocess.run(["promtool", "check", "metrics"], input=broken, capture_output=True, text=True).returncode == 0:
            yield "promtool finds nothing wrong with a counter that does not end in _total"


class Waiting(Live):
    """Joins that wait for their connection, and no longer than the time they are given."""

    def __init__(self, folder):
        super().__init__(folder, "waiting", CAPTURES / "unknown-join/capture.pcap")

    def _steps(self):
        yield from self._until("mptap_joins_waiting", 2)
        yield from self._sums()
        yield from self._until('mptap_joins_total{result="unknown"}', 2)
        yield from self._until("mptap_joins_waiting", 0)
        yield from self._sums()


class Open(Live):
    """Connections and subflows that the capture leaves open."""

    def __init__(self, folder):
        half = write_beginning(CAPTURES / "basic-v1/capture.pcap", HALF, pathlib.Path(folder) / "half.pcap")
        super().__init__(folder, "open", half)

    def _steps(self):
        yield from self._until("mptap_rx_packets_total", HALF)
        yield from self._until("mptap_connections", 1)
        yield from self._until("mptap_subflows", 2)
        yield from self._until("mptap_subflows_unanswered", 0)
        yield from self._sums()


def live_checks(folder):
    """Pairs of a check's name and what is wrong, of live sensors that need no promtool."""
    yield "gauge of waiting joins", list(Waiting(folder).problems())
    yield "gauges of open connections and subflows", list(Open(folder).problems())


def lint_why_not():
    """Why promtool cannot be asked, or None."""
    return None if shutil.which("promtool") else "promtool is not installed (Debian: prometheus)"

"""Filters: what mptap makes of a filtered capture and of what tcpdump leaves of it, and a live port."""

import json
import pathlib
import re
import shutil
import subprocess

from case import Case, problems_of
from captures import packet_offsets
from metrics import CAPTURES, Live
from mptap import BINARY

LOGS = ("mptcp_conn", "mptcp_subflow", "notice")
OF_A_RUN = ("conn_uid",)
DEMO = CAPTURES / "demo/capture.pcap"
PART = "net 192.0.2.0/24 and not port 8080"  # of the demo: some of each connection, and all of none
PART_PACKETS = 101
FLAGS = "tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0"
EVERYWHERE = "net 192.0.2.0/24 or net 10.0.0.0/9"  # on every shipped capture
EXPRESSIONS = ("tcp", "not port 443", "ip6", FLAGS, "greater 100", "not tcp")
# Each unlike the others in its frames, times or what becomes of it.
UNLIKE = ("demo", "basic-v1", "ipv6", "lossy", "mixed", "span-twice", "midstream", "frames", "malformed", "big-endian", "in-vlan",
          "in-qinq", "in-mpls", "in-vxlan", "in-gtpu", "link-sll", "link-sll2", "link-raw", "corpus-cross-path-scatter",
          "corpus-half-open-join")
# Of Ethernet alone.
TAGGED = ("vlan", "vlan and tcp", "not vlan")
# Notices that a clock raises, at the next packet: also one that is left out, and that tcpdump took away.
BY_THE_CLOCK = {("corpus-cross-path-scatter", "greater 100"), ("corpus-half-open-join", FLAGS)}
SUMMARY = re.compile(r"^(\d+) packets?, (?:(\d+) left out by the filter, )?(\d+) TCP segments, (\d+) with MPTCP")


def why_not():
    """Why nothing can be compared here, or None."""
    return None if shutil.which("tcpdump") else "tcpdump is not installed (deploy/packages install test)"


def _mptap(*arguments):
    done = subprocess.run([BINARY, "read", *arguments], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"mptap read {' '.join(map(str, arguments))} ends with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _rows(directory, by_the_clock):
    """{log: its rows}, without what is another in each run."""
    logs = {}
    for log in LOGS:
        path = directory / f"{log}.log"
        left_out = OF_A_RUN + (("ts",) if by_the_clock and log == "notice" else ())
        lines = path.read_text().splitlines() if path.exists() else ()
        rows = ({name: value for name, value in json.loads(line).items() if name not in left_out} for line in lines)
        logs[log] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return logs


def _summary(text):
    """[packets, left out, TCP segments, with MPTCP]"""
    found = next(filter(None, map(SUMMARY.match, text.splitlines())))
    return [int(number or 0) for number in found.groups()]


def _count(capture):
    data = capture.read_bytes()
    return len(packet_offsets(data)) - 1 if len(data) > 24 else 0


def _compare(capture, expression, folder):
    """What differs between the capture that mptap filters and the one that tcpdump has filtered."""
    left = folder / "left.pcap"
    command = ["tcpdump", "--nano", "-r", capture, "-w", left, expression]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"tcpdump ends with {done.returncode}: {done.stderr.strip()}")
    name = capture.parent.name
    by_the_clock = (name, expression) in BY_THE_CLOCK
    logs = {}
    for directory, arguments in (("filtered", ("--filter", expression, capture)), ("left", (left,))):
        _mptap("--log-dir", folder / directory, "--format", "json", *arguments)
        logs[directory] = _rows(folder / directory, by_the_clock)
        shutil.rmtree(folder / directory)
    for log in LOGS:
        if logs["filtered"][log] != logs["left"][log]:
            yield f"{name}: {log} differs: {set(logs['filtered'][log]) ^ set(logs['left'][log])}"
    packets, left_out, *segments = _summary(_mptap("--filter", expression, capture))
    if (packets, left_out) != (_count(capture), _count(capture) - _count(left)):
        yield f"{name}: {packets} packets, {left_out} left out, of {_count(capture)}, of which tcpdump leaves {_count(left)}"
    if segments != _summary(_mptap(left))[2:]:
        yield f"{name}: {segments} TCP segments and those with MPTCP are not what tcpdump leaves"


def _all_problems(captures, expression, folder):
    for capture in captures:
        yield from _compare(capture, expression, folder)


class Filtered(Live):
    """A sensor with a filter, which a reload does not change."""

    def __init__(self, folder):
        super().__init__(folder, "filtered", DEMO)
        self._values["settings"] = f'filter: "{PART}"'

    def _steps(self):
        packets = _count(DEMO)
        yield from self._expect(f"filter `{PART}`")
        yield from self._until("mptap_rx_packets_total", packets)
        yield from self._until("mptap_filtered_out_total", packets - PART_PACKETS)
        yield from self._until("mptap_tcp_segments_total", PART_PACKETS)
        sum_of = sum(map(self._metric, (f"mptap_{name}_total" for name in
                                        ("filtered_out", "not_ip", "not_tcp", "fragments", "malformed", "tcp_segments"))))
        if sum_of != packets:
            yield f"the parts of {packets} packets are {sum_of:.0f}"
        status = subprocess.run([BINARY, "status", "--socket", self.socket], capture_output=True, text=True, timeout=20)
        if f"{packets - PART_PACKETS} frames left out by the filter" not in status.stdout:
            yield f"mptap status does not tell what was left out: {status.stdout!r} {status.stderr!r}"
        self.write(settings="filter: tcp")
        yield from self._hang_up("`filter` changes with a restart only")
        self.write(settings="filter: tcp and")
        yield from self._hang_up("`filter` is no filter: can't parse filter expression")
        yield from self._expect("nothing was changed")

    def problems(self):
        """What is wrong, also with its last words."""
        yield from super().problems()
        yield from self._expect(f"stopped: {_count(DEMO)} packets, {_count(DEMO) - PART_PACKETS} left out by the filter, ")


def cases(folder):
    """Filters of arguments and configurations, right and wrong."""
    part = folder / "filter.yaml"
    part.write_text(f'filter: "{PART}"\n')
    for_ports = folder / "filter-ports.yaml"
    for_ports.write_text("ports: [{interface: lo}]\nfilter: ifindex 3\n")
    sll2 = CAPTURES / "link-sll2/capture.pcap"
    left_out = f"403 packets, {403 - PART_PACKETS} left out by the filter, {PART_PACKETS} TCP segments"
    whole = ("403 packets, 403 TCP segments",)
    yield Case("read --filter", ("read", "--filter", PART, DEMO), 0, lines=0, prints=(left_out,))
    yield Case("a configured filter", ("read", "--config", part, DEMO), 0, lines=0, prints=(left_out,))
    yield Case("--filter before the configured one", ("read", "--config", part, "--filter", "ip6", DEMO), 0, lines=0,
               prints=("left out by the filter",))
    yield Case("an empty --filter", ("read", "--config", part, "--filter", "", DEMO), 0, lines=0, prints=whole)
    yield Case("a wrong --filter", ("read", "--filter", "port 80 and", DEMO), 2,
               ("`port 80 and`", "can't parse filter expression: syntax error"))
    yield Case("a filter that matches nothing", ("read", "--filter", "tcp and udp", DEMO), 2, ("rejects all packets",))
    yield Case("a filter that the link type does not know", ("read", "--filter", "vlan", sll2), 1, ("`vlan`", "Linux SLL2"))
    yield Case("a filter of what the kernel alone knows", ("read", "--filter", "inbound", DEMO), 1, ("`inbound`", "Ethernet"))
    yield Case("the same where frames say it", ("read", "--filter", "inbound or outbound", sll2), 0, lines=0)
    yield Case("check-config of a filter for ports", ("check-config", for_ports), 2, (f"{for_ports}:2:9: ", "`filter`", "Ethernet"))
    yield Case("check-config of a right filter", ("check-config", part), 0, lines=0)


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    for case in cases(folder):
        yield case.name, problems_of(case)
    yield "a live port", list(Filtered(folder).problems())


def comparisons(folder):
    """Pairs of an expression and what is wrong with what mptap makes of it."""
    folder = pathlib.Path(folder) / "compared"
    folder.mkdir()
    yield EVERYWHERE, list(_all_problems(sorted(CAPTURES.glob("*/capture.pcap")), EVERYWHERE, folder))
    captures = [CAPTURES / name / "capture.pcap" for name in UNLIKE]
    for expression in EXPRESSIONS:
        yield expression, list(_all_problems(captures, expression, folder))
    ethernet = [capture for capture in captures if not capture.parent.name.startswith("link-")]
    for expression in TAGGED:
        yield expression, list(_all_problems(ethernet, expression, folder))

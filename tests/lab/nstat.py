"""Kernel counters of MPTCP (`nstat -az 'MPTcpExt*'`) that have a counterpart in what the sensor says."""

import collections
import dataclasses
from collections.abc import Callable

from netns import run_in


def read(namespace):
    """All MPTcpExt counters of a namespace since it was made."""
    lines = run_in(namespace, "nstat", "-asz", "--zeros", "MPTcpExt*").splitlines()
    return collections.Counter({f[0].removeprefix("MPTcpExt"): int(f[1]) for f in (l.split() for l in lines) if f[0].startswith("MPTcpExt")})


def resent(namespace):
    """Segments that the hosts of a namespace sent again since it was made: by TCP, or by MPTCP as data of a subflow."""
    lines = run_in(namespace, "nstat", "-asz", "--zeros", "TcpRetransSegs", "MPTcpExtMPTCPRetrans").splitlines()
    return sum(int(line.split()[1]) for line in lines if not line.startswith("#"))


def moved(before, after):
    """How far each counter moved from one reading to the next: none is left out."""
    return collections.Counter({name: count - before[name] for name, count in after.items()})


@dataclasses.dataclass(frozen=True)
class Counterpart:
    """`of` reads our number from a Sensed; `hosts` are those whose counters are added up.

    `end` of a row's subflow is who counts it: opener, acceptor, or receiver, who got what an event tells.
    """

    kernel: str
    ours: str  # for the document
    of: Callable
    hosts: tuple = ("client", "server")
    end: str = "acceptor"


class Sensed:
    """The rows of one run, counted: those whose `end` is not one of the `strangers`, whose kernels are not asked."""

    def __init__(self, logs, end, strangers):
        def rows(log):
            return [row for row in logs[log] if _address(row, end) not in strangers]

        self.events, self.subflows, self.connections = rows("mptcp_event"), rows("mptcp_subflow"), rows("mptcp_conn")
        self.notices = rows("notice")

    def count(self, event, **fields):
        """Events of a type whose fields are as given."""
        wanted = {"event": event, **fields}
        return sum(1 for row in self.events if wanted.items() <= row.items())

    def told(self, note):
        """Notices of a name."""
        return sum(1 for row in self.notices if row["note"] == note)

    def joins(self, **fields):
        """Joins whose fields are as given."""
        wanted = {"isOrig": False, **fields}
        return sum(1 for row in self.subflows if wanted.items() <= row.items())


def _address(row, end):
    if "note" in row:
        return row["dst"]
    acceptor = row.get("is_orig") if end == "receiver" else end == "acceptor"
    return row["resp_h" if acceptor else "orig_h"]


NO_SUCH_TOKEN = {"state": "refused", "reset_reason": 1}  # RFC 8684 section 3.6

COUNTERPARTS = (
    Counterpart("MPCapableSYNTX", "MP_CAPABLE SYNs (event mp_capable, step syn)", lambda s: s.count("mp_capable", step="syn"), ("client",), "opener"),
    Counterpart("MPCapableSYNRX", "those answered with MP_CAPABLE (step syn_ack)", lambda s: s.count("mp_capable", step="syn_ack"), ("server",)),
    Counterpart("MPCapableSYNACKRX", "MP_CAPABLE SYN/ACKs", lambda s: s.count("mp_capable", step="syn_ack"), ("client",), "opener"),
    Counterpart("MPCapableACKRX", "connections with outcome established", lambda s: sum(1 for c in s.connections if c["outcome"] == "established"), ("server",)),
    Counterpart("MPCapableFallbackSYNACK", "subflows in state denied", lambda s: sum(1 for r in s.subflows if r["isOrig"] and r["state"] == "denied"), ("client",), "opener"),
    Counterpart("MPJoinSynRx", "joins that were established or refused with reason 1", lambda s: s.joins(state="established") + s.joins(**NO_SUCH_TOKEN)),
    Counterpart("MPJoinNoTokenFound", "joins refused with reason 1", lambda s: s.joins(**NO_SUCH_TOKEN)),
    Counterpart("MPJoinSynAckRx", "joins whose SYN/ACK HMAC is valid", lambda s: s.joins(hmac_synack=True), end="opener"),
    Counterpart("MPJoinAckRx", "joins whose third ACK's HMAC is valid", lambda s: s.joins(hmac_ack=True)),
    Counterpart("MPJoinSynAckHMacFailure", "notices join_hmac, cause syn_ack", lambda s: s.joins(hmac_synack=False), end="opener"),
    Counterpart("MPJoinAckHMacFailure", "notices join_hmac, cause ack", lambda s: s.joins(hmac_ack=False)),
    Counterpart("MPFailRx", "event mp_fail", lambda s: s.count("mp_fail"), end="receiver"),
    Counterpart("InfiniteMapRx", "fallback infinite_mapping", lambda s: sum(1 for c in s.connections if c["fallback"] == "infinite_mapping")),
    Counterpart("AddAddr", "event mp_add_addr, no echo, less notices add_addr_hmac", lambda s: s.count("mp_add_addr", echo=False) - s.told("add_addr_hmac"), end="receiver"),
    Counterpart("EchoAdd", "event mp_add_addr, echo", lambda s: s.count("mp_add_addr", echo=True), end="receiver"),
    Counterpart("MPPrioRx", "event mp_prio", lambda s: s.count("mp_prio"), end="receiver"),
    Counterpart("RmAddr", "event mp_remove_addr", lambda s: s.count("mp_remove_addr"), end="receiver"),
    Counterpart("Blackhole", "fallback blackhole", lambda s: sum(1 for r in s.subflows if r["fallback"] == "blackhole")),
)
EVENTS = ("mp_capable", "mp_add_addr", "mp_remove_addr", "mp_prio", "mp_fail")


INTRODUCTION = """# What Linux counts, and what mptap counts

<!-- Made from the table in tests/lab/nstat.py: python3 tests/lab/nstat.py > docs/nstat.md -->

Counters of `nstat -az 'MPTcpExt*'` that have a counterpart. `tests/lab/run` holds each pair together in each of its
scenarios, with the kernels of both hosts; what a rogue got, who has no kernel, is left out. mptap counts a retransmission
once; a kernel that lacks a counter is not asked.

| Linux | of | mptap |
|---|---|---|
"""


def document():
    """docs/nstat.md."""
    return INTRODUCTION + "".join(f"| {row.kernel} | {', '.join(row.hosts)} | {row.ours} |\n" for row in COUNTERPARTS)


def problems_of(counted, sensor, strangers=()):
    """Sentences on every kernel counter that moved otherwise than the sensor's; `counted` by host: how far they moved.

    `strangers` are addresses of neither host.
    """
    logs = {log: sensor.rows(log) for log in ("mptcp_event", "mptcp_subflow", "mptcp_conn", "notice")}
    problems = []
    for row in COUNTERPARTS:
        if any(row.kernel not in counted[host] for host in row.hosts):
            continue  # this kernel does not have it
        theirs = sum(counted[host][row.kernel] for host in row.hosts)
        ours = row.of(Sensed(logs, row.end, strangers))
        if theirs != ours:
            problems.append(f"nstat {row.kernel} of {' and '.join(row.hosts)} is {theirs}, ours ({row.ours}) {ours}")
    return problems


if __name__ == "__main__":
    print(document(), end="")

"""Kernel counters of MPTCP (`nstat -az 'MPTcpExt*'`) that have a counterpart in what the sensor says."""

import collections
import dataclasses
from collections.abc import Callable

from netns import run_in


def read(namespace):
    """All MPTcpExt counters of a namespace since it was made."""
    lines = run_in(namespace, "nstat", "-asz", "--zeros", "MPTcpExt*").splitlines()
    return collections.Counter({f[0].removeprefix("MPTcpExt"): int(f[1]) for f in (l.split() for l in lines) if f[0].startswith("MPTcpExt")})


def moved(before, after):
    """How far each counter moved from one reading to the next: none is left out."""
    return collections.Counter({name: count - before[name] for name, count in after.items()})


@dataclasses.dataclass(frozen=True)
class Counterpart:
    """`of` reads our number from a Sensed; `hosts` are those whose counters are added up."""

    kernel: str
    ours: str  # for the document
    of: Callable
    hosts: tuple = ("client", "server")


class Sensed:
    """The rows of one run, counted."""

    def __init__(self, sensor):
        self.events = sensor.rows("mptcp_event")
        self.subflows = sensor.rows("mptcp_subflow")
        self.connections = sensor.rows("mptcp_conn")

    def count(self, event, **fields):
        """Events of a type whose fields are as given."""
        wanted = {"event": event, **fields}
        return sum(1 for row in self.events if wanted.items() <= row.items())

    def states(self, *states, initial):
        """Subflows in one of these states."""
        return sum(1 for row in self.subflows if row["state"] in states and row["isOrig"] == initial)


COUNTERPARTS = (
    Counterpart("MPCapableSYNTX", "MP_CAPABLE SYNs (event mp_capable, step syn)", lambda s: s.count("mp_capable", step="syn"), ("client",)),
    Counterpart("MPCapableSYNRX", "those answered with MP_CAPABLE (step syn_ack)", lambda s: s.count("mp_capable", step="syn_ack"), ("server",)),
    Counterpart("MPCapableSYNACKRX", "MP_CAPABLE SYN/ACKs", lambda s: s.count("mp_capable", step="syn_ack"), ("client",)),
    Counterpart("MPCapableACKRX", "connections with outcome established", lambda s: sum(1 for c in s.connections if c["outcome"] == "established"), ("server",)),
    Counterpart("MPCapableFallbackSYNACK", "subflows in state denied", lambda s: s.states("denied", initial=True), ("client",)),
    Counterpart("MPJoinSynRx", "joins that were established", lambda s: s.states("established", initial=False)),
    Counterpart("MPJoinSynAckRx", "joins whose SYN/ACK HMAC is valid", lambda s: sum(1 for r in s.subflows if r["hmac_synack"] is True)),
    Counterpart("MPJoinAckRx", "joins whose third ACK's HMAC is valid", lambda s: sum(1 for r in s.subflows if r["hmac_ack"] is True)),
    Counterpart("MPJoinSynAckHMacFailure", "notices join_hmac, cause syn_ack", lambda s: sum(1 for r in s.subflows if r["hmac_synack"] is False)),
    Counterpart("MPJoinAckHMacFailure", "notices join_hmac, cause ack", lambda s: sum(1 for r in s.subflows if r["hmac_ack"] is False)),
    Counterpart("MPFailRx", "event mp_fail", lambda s: s.count("mp_fail")),
    Counterpart("InfiniteMapRx", "fallback infinite_mapping", lambda s: sum(1 for c in s.connections if c["fallback"] == "infinite_mapping")),
    Counterpart("AddAddr", "event mp_add_addr, no echo", lambda s: s.count("mp_add_addr", echo=False)),
    Counterpart("EchoAdd", "event mp_add_addr, echo", lambda s: s.count("mp_add_addr", echo=True)),
    Counterpart("MPPrioRx", "event mp_prio", lambda s: s.count("mp_prio")),
    Counterpart("RmAddr", "event mp_remove_addr", lambda s: s.count("mp_remove_addr")),
    Counterpart("Blackhole", "fallback blackhole", lambda s: sum(1 for r in s.subflows if r["fallback"] == "blackhole")),
)
EVENTS = ("mp_capable", "mp_add_addr", "mp_remove_addr", "mp_prio", "mp_fail")


INTRODUCTION = """# What Linux counts, and what mptap counts

<!-- Made from the table in tests/lab/nstat.py: python3 tests/lab/nstat.py > docs/nstat.md -->

Counters of `nstat -az 'MPTcpExt*'` that have a counterpart. `tests/lab/run` holds each pair together in each of its
scenarios, with the kernels of both hosts. mptap counts a retransmission once; a kernel that lacks a counter is not asked.

| Linux | of | mptap |
|---|---|---|
"""


def document():
    """docs/nstat.md."""
    return INTRODUCTION + "".join(f"| {row.kernel} | {', '.join(row.hosts)} | {row.ours} |\n" for row in COUNTERPARTS)


def problems_of(counted, sensor):
    """Sentences on every kernel counter that moved otherwise than the sensor's; `counted` by host: how far they moved."""
    sensed = Sensed(sensor)
    problems = []
    for row in COUNTERPARTS:
        if any(row.kernel not in counted[host] for host in row.hosts):
            continue  # this kernel does not have it
        theirs = sum(counted[host][row.kernel] for host in row.hosts)
        if theirs != row.of(sensed):
            problems.append(f"nstat {row.kernel} of {' and '.join(row.hosts)} is {theirs}, ours ({row.ours}) {row.of(sensed)}")
    return problems


if __name__ == "__main__":
    print(document(), end="")

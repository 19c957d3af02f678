"""What must hold of a soaked sensor: each function gives sentences on what does not."""

import collections
import json
import statistics

from compare import kernel_connections, kernel_subflows, sensed_connections, sensed_subflows
from memory import Memory
from remnants import corpus

MORE_BYTES = 1 << 20  # that the last third may have over the second
MORE_SHARE = 0.02


def memory_problems(samples):
    """The first third of the samples is the warm-up; the last third's median is held against the second's."""
    third = len(samples) // 3
    if third < 10:
        return [f"{len(samples)} samples of memory are too few to tell"]
    second, last = (statistics.median(samples[start : start + third]) for start in (third, 2 * third))
    bound = second + max(MORE_BYTES, second * MORE_SHARE)
    return [] if last <= bound else [f"resident memory grows from {second / 1e6:.1f} MB to {last / 1e6:.1f} MB"]


def line_problems(files):
    """Logs are whole lines of JSON."""
    for path in files:
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            yield f"{path.name} ends within a line"
        for number, line in enumerate(content.splitlines(), 1):
            try:
                json.loads(line)
            except ValueError:
                yield f"{path.name}, line {number} is no JSON: {line[:80]!r}"


def rows_of(files, log):
    """All rows of one log, wherever it was moved."""
    return [json.loads(line) for path in files if path.name.startswith(f"{log}.log") for line in path.read_bytes().splitlines()]


def is_honest(row):
    """Whether it is of the hosts that talk MPTCP, and not of the attacker."""
    return row["orig_h"].startswith("10.77.") and row["resp_h"].startswith("10.77.")


def odd_rows(connections, subflows):
    """Rows of honest hosts that nothing honest makes where all of it is seen."""
    return [row for row in connections if is_honest(row) and row["outcome"] != "established"] + [
        row for row in subflows if is_honest(row) and row["state"] == "partial"
    ]


def beyond(found, lost):
    """The sentences of `found`, (flow, sentence) of each problem, where more flows are wrong than packets and records were
    lost: one that is lost spoils one flow at most."""
    found = list(found)
    return [sentence for _, sentence in found] if len({flow for flow, _ in found}) > lost else []


def honest_problems(account, connections):
    """Each connection of `account` has its row, which says what it was, and no other has one: (flow, sentence) of each problem."""
    seen = collections.defaultdict(list)
    for row in filter(is_honest, connections):
        seen[row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]].append(row)
    wanted = collections.Counter(flow for flow, _, _ in account)
    for flow, count in wanted.items():
        outcomes = [row["outcome"] for row in seen[flow]]
        if outcomes != ["established"] * count:
            yield flow, f"{flow}: rows {outcomes} for {count} connections"
    yield from ((flow, f"{flow}: a row, and no such connection") for flow in seen if flow not in wanted)
    for flow, sent, end in account:
        rows = seen[flow]
        if end != "closed" or len(rows) != 1:
            continue
        told = rows[0]["orig_acked_bytes"], rows[0]["resp_acked_bytes"]
        if told != (sent, sent):
            yield flow, f"{flow}: the row says {told} of {sent} bytes each way"


def _uses(events):
    """`events` by side, each flow's n-th use apart from the others: hosts take ports again."""
    seen, uses = collections.Counter(), collections.defaultdict(lambda: {side: [] for side in events})
    for side, told in events.items():
        for event in told:
            if event["event"] == "ESTABLISHED":
                ends = tuple(sorted(((event["saddr4"], event["sport"]), (event["daddr4"], event["dport"]))))
                uses[ends, seen[side, ends]][side].append(event)
                seen[side, ends] += 1
    return uses.values()


def _was_completed(row):
    """A join that its opener resets instead of acknowledging the answer, for its connection has ended, is established to the
    sensor and nothing to the kernels."""
    return row["isOrig"] or row["hmac_ack"] is not None


def kernel_problems(events, connections, subflows):
    """Rows of honest hosts against what their kernels said, connections with their tokens and subflows with their IDs:
    (flow, sentence) of each problem."""
    wanted = set().union(*map(kernel_connections, _uses(events)))
    told = sensed_connections(filter(is_honest, connections))
    subflows = sensed_subflows(row for row in subflows if is_honest(row) and _was_completed(row))
    for what, expected, actual in (("connection", wanted, told), ("subflow", kernel_subflows(events), subflows)):
        yield from ((item[:4], f"{what} missing: {item}") for item in sorted(expected - actual, key=repr))
        yield from ((item[:4], f"{what} unexpected: {item}") for item in sorted(actual - expected, key=repr))


def kind_problems(what, before, after):
    """What there is more of than before, and what less."""
    before, after = collections.Counter(before), collections.Counter(after)
    return [f"{what}: {count} more {kind}" for kind, count in (after - before).items()] + [
        f"{what}: {count} less {kind}" for kind, count in (before - after).items()
    ]


def _holds_packets(mapping):
    """The memory of packet buffers, and the ring of the port's socket: packets as the network carried them."""
    return mapping.name.startswith(("/memfd:nohuge", "socket:"))


def key_problems(pid):
    """(keys of the shipped captures that lie in the memory of a sensor at rest, bytes that were looked at)."""
    memory = Memory(pid, _holds_packets)
    holders = memory.holders(corpus()[1])
    problems = [f"the key {key:016x} lies in {', '.join(sorted(places)[:4])}" for key, places in holders.items()]
    if len(memory.left_out) < 2:
        problems.append(f"packet memory is not found by its name: left out is {memory.left_out}")
    return problems, memory.looked_at

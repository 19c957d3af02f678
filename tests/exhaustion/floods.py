"""The floods, what each of them must leave in the counters, and what holds for all."""

import dataclasses
from collections.abc import Callable

import golden

MOST_BY_CHANCE = 8  # of 80,000 tokens of 32 bits
ATTACKERS = ("45.", "46.", "2001:db8:66:")


def is_hostile(row):
    """Whether a row, or an entry of the truth, is of the attackers."""
    return row["orig_h"].startswith(ATTACKERS) or row["resp_h"].startswith(ATTACKERS)


def _by_attackers(notice):
    return any((notice[end] or "").startswith(ATTACKERS) for end in ("src", "dst"))


def honest_problems(measured, expected_notices):
    """Sentences on honest rows that are not as the generator's truth; and how many of how many are right."""
    connections = [row for row in measured.connections if not is_hostile(row)]
    subflows = [row for row in measured.subflows if not is_hostile(row)]
    honest_truth = {**measured.truth, "extra": {}}
    problems = golden.problems_of(honest_truth, connections, subflows, [])
    strange = [row for row in measured.notices if not _by_attackers(row) and row["note"] not in expected_notices]
    problems += [f"notice about honest hosts: {row['note']} {row['src']} > {row['dst']}: {row['msg']}" for row in strange]
    truth = measured.truth["connections"]
    wanted = len(truth) + sum(len(connection["subflows"]) for connection in truth)
    missing = sum(problem.startswith(("connection missing", "subflow missing")) for problem in problems)
    return problems, wanted - missing, wanted


def _sum_problems(sums):
    return [f"{name}: {left:.0f} is not {right:.0f}" for name, left, right in sums if left != right]


def equation_problems(measured):
    """Sentences on sums that do not hold: those of docs/metrics.md, and the generator's own account of frames."""
    def total(name):
        return measured.page.total(f"mptap_{name}")

    frames = measured.truth["frames"]
    sums = [
        ("records lost", total("ring_full_total"), 0),
        ("packets of the capture", total("rx_packets_total"), measured.truth["packets"]),
        *((name, total(f"{name}_total"), frames[name]) for name in ("tcp_segments", "not_ip", "not_tcp", "fragments", "malformed")),
    ]  # fmt: skip
    noticed = sum(measured.page.sums("mptap_notices_total").values())
    sums.append(("notices counted, and written", noticed, len(measured.notices)))
    return measured.wrong_sums + _sum_problems(sums)


def _honest(measured, is_initial):
    subflows = [s for c in measured.truth["connections"] if not is_hostile(c) for s in c["subflows"]]
    return sum(subflow["is_orig"] == is_initial for subflow in subflows)


class Account:
    """What was counted and sent, for the sums of one flood."""

    def __init__(self, measured):
        self._measured = measured
        self.initial = _honest(measured, True)
        self.joined = _honest(measured, False)

    def total(self, name):
        """Of a metric, without its prefix."""
        return self._measured.page.total(f"mptap_{name}")

    def labelled(self, name, label):
        """One sample of a metric that has one label."""
        return self._measured.page.sums(f"mptap_{name}")[label]

    def sent(self, name):
        """What the generator sent of it."""
        return self._measured.sent.get(name, 0)

    def attempts(self):
        """Rows of attempts, and those that were left out on purpose."""
        written = sum(row["state"] == "attempted" for row in self._measured.subflows)
        return written + self.total("attempts_not_logged_total")


@dataclasses.dataclass(frozen=True)
class FloodCase:
    """`sums` gives (name, counted, sent) of an Account; `notices` are names that may tell of honest hosts, too."""

    scenario: str
    sums: Callable
    notices: tuple = ()


def _syns(account):
    yield "SYNs sent, and stored or refused", account.total("subflows_opened_total") + account.total("subflows_not_stored_total"), (
        account.sent("capable_syns") + account.initial + account.joined)
    yield "SYNs stored, and told as attempts", account.attempts(), (
        account.total("subflows_opened_total") - account.initial - account.joined)


def _joins(account):
    yield "joins sent", account.total("joins_seen_total"), account.sent("joins") + account.joined
    yield "joins refused or unanswered", account.total("joins_not_stored_total") + account.labelled("joins_total", "unanswered"), (
        account.sent("joins"))
    yield "joins stored, and told as attempts", account.attempts(), account.total("subflows_opened_total") - account.initial - account.joined


def _answered_joins(account):
    yield "joins sent", account.total("joins_seen_total"), account.sent("joins") + account.joined
    yield "joins that found nothing", account.total("joins_unknown_total"), account.sent("joins_answered")
    yield "each is told", account.labelled("notices_total", "unknown_join"), account.sent("joins_answered")


def _connections(account):
    refused = account.sent("handshakes") + account.initial - account.total("connections_established_total")
    yield "segments of handshakes refused", account.total("subflows_not_stored_total"), 3 * refused
    yield "places taken", account.total("subflows_opened_total"), (
        account.total("connections_established_total") + account.joined)


def _short_connections(account):
    yield "connections", account.total("connections_established_total") + account.total("connections_not_stored_total"), (
        account.sent("handshakes") + account.initial)
    yield "none was refused", account.total("subflows_not_stored_total"), 0
    yield "all have ended", account.total("connections_closed_total"), account.total("connections_established_total")


def _one_token(account):
    yield from _short_connections(account)
    yield "joins sent", account.total("joins_seen_total"), account.sent("joins") + account.joined
    by_chance = account.total("token_collisions_total") - (account.sent("handshakes") - 1)  # the openers' own tokens
    yield f"connections of a token in use, {by_chance:.0f} by chance", 0 <= by_chance <= MOST_BY_CHANCE, True


def _key_changes(account):
    yield from _short_connections(account)
    yield "each connection's change is told once", account.labelled("notices_total", "key_change"), account.sent("handshakes")


def _addresses(account):
    yield "ADD_ADDRs", account.labelled("options_total", "mp_add_addr"), account.sent("add_addrs")


def _midstream(account):
    yield "subflows", account.total("subflows_opened_total") + account.total("subflows_not_stored_total"), (
        account.sent("midstream") + account.initial + account.joined)


def _fragments(account):
    yield "fragments", account.total("fragments_total"), account.sent("fragments")
    yield "first fragments", account.total("first_fragments_total"), account.sent("capable_syns")
    yield from _syns(account)


def _tunnels(account):
    yield "too deep", account.labelled("malformed_total", "too_deep"), account.sent("too_deep")
    yield from _syns(account)


def _malformed(account):
    yield "errors", account.labelled("option_errors_total", "length"), account.sent("malformed")
    yield "each is told", account.labelled("notices_total", "malformed_option"), account.sent("malformed")


def _resets(account):
    yield "resets that were not believed", account.total("out_of_sequence_total"), account.sent("resets")


FLOODS = (
    FloodCase("flood-syns", _syns),
    FloodCase("flood-syns-to-one", _syns),
    FloodCase("flood-joins", _joins, ("join_flood", "join_flood_status", "join_flood_end")),
    FloodCase("flood-joins-known", _joins, ("join_flood", "join_flood_status", "join_flood_end")),
    FloodCase("flood-joins-answered", _answered_joins),
    FloodCase("flood-connections", _connections),
    FloodCase("flood-connections-short", _short_connections),
    FloodCase("flood-token", _one_token),
    FloodCase("flood-key-changes", _key_changes),
    FloodCase("flood-addresses", _addresses),
    FloodCase("flood-midstream", _midstream),
    FloodCase("flood-fragments", _fragments),
    FloodCase("flood-tunnels", _tunnels),
    FloodCase("flood-malformed", _malformed),
    FloodCase("flood-resets", _resets),
)


def sum_problems(case, measured):
    """Sentences on what of the flood is neither stored nor counted as refused."""
    return _sum_problems(case.sums(Account(measured)))

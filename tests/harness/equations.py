"""The sums of docs/metrics.md, held against a page of metrics in Prometheus's text format.

An equation stands here as it stands in the document, whose section `python3 tests/harness/equations.py` prints;
tests/structure/run compares the two. All labels but those that are named are summed over.
"""

import collections
import dataclasses
import re
import textwrap
import time

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
TERM = re.compile(r"(\w+)(?:\{(.*?)\})?")
SETTLE_S = 20

# What an equation may need, and the sentence above such ones in the document. Of `logs`, `live` and `end` the caller tells.
CONDITIONS = {
    "": "Always:",
    "ports": "Of ports:",
    "inline": "Where ports are inline:",
    "vital": "Where no vital record was lost:",
    "live": "While the sensor runs:",
    "end": "Once a capture was read to its end:",
    "whole end": "Once a capture was read to its end, and nothing was lost between workers and control:",
    "logs": "Where all logs are written and no row waits:",
    "logs end": "Where all logs are written, once a capture was read to its end:",
}


class Page:
    """The samples of a page."""

    def __init__(self, text):
        self._samples = collections.defaultdict(dict)
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                self._samples[name][tuple(LABEL.findall(labels or ""))] = float(value)

    def sums(self, name):
        """{values of the labels but `worker`: number}; what has one label is named by its value alone."""
        sums = collections.Counter()
        for labels, value in self._samples[name].items():
            key = tuple(text for label, text in labels if label != "worker")
            sums[key[0] if len(key) == 1 else key] += value
        return sums

    def total(self, name, wanted=()):
        """The sum of all samples whose labels have the values `wanted`; KeyError where there is none."""
        found = [value for labels, value in self._samples.get(name, {}).items() if set(wanted) <= set(labels)]
        if not found:
            raise KeyError(f"{name}{dict(wanted) or ''} is not on the page")
        return sum(found)

    def names(self):
        """Of all metrics."""
        return set(self._samples)


@dataclasses.dataclass(frozen=True)
class Equation:
    """`text` is two sums with `=` or `<=` between them, whose terms are metrics."""

    name: str
    text: str
    needs: str = ""  # of CONDITIONS

    def problem(self, page):
        """A sentence with both sides where it is violated, or where a metric of it is missing; else None."""
        left, relation, right = re.split(r" (<?=) ", self.text)
        try:
            one, two = (sum(_value(term, page) for term in side.split(" + ")) for side in (left, right))
        except KeyError as missing:
            return f"{self.name}: {missing.args[0]}"
        if one == two if relation == "=" else one <= two:
            return None
        return f"{self.name}: {one:.0f} is not {relation} {two:.0f} in {self.text}"


def _value(term, page):
    name, labels = TERM.fullmatch(term).groups()
    return page.total(name, LABEL.findall(labels or ""))


def _rows(log):
    return " + ".join(f'mptap_log_{what}_total{{log="{log}"}}' for what in ("rows_written", "rows_dropped", "write_errors"))


_ERRORS = ("length", "version", "ip_version", "tcp_flags", "dss_flags", "subtype")  # of an option, not of the list
_DENIALS = ("no_option", "stripped", "mirrored", "blackhole", "version")

EQUATIONS = (
    # Frames and segments, of workers.
    Equation("frames", "mptap_rx_packets_total = mptap_filtered_out_total + mptap_not_ip_total + mptap_not_tcp_total + "
             "mptap_fragments_total + mptap_malformed_total + mptap_tcp_segments_total"),
    Equation("segments", "mptap_tcp_segments_total = mptap_with_mptcp_total + mptap_without_mptcp_total"),
    Equation("ports", "mptap_port_rx_packets_total = mptap_rx_packets_total", "ports"),
    Equation("inline frames", "mptap_inline_received_total = mptap_inline_forwarded_total + mptap_inline_dropped_total + "
             "mptap_inline_lost_total", "inline"),
    Equation("frames held back", "mptap_inline_dropped_total = mptap_held_back_joins_total + mptap_held_back_segments_total", "inline"),
    Equation("tunnels", "mptap_tunnelled_total <= mptap_tcp_segments_total"),
    Equation("first fragments", "mptap_first_fragments_total <= mptap_tcp_segments_total"),
    Equation("odd segments", "mptap_copies_total + mptap_strangers_total <= mptap_tcp_segments_total"),
    Equation("polls", "mptap_polls_empty_total <= mptap_polls_total"),
    # Options, of workers.
    Equation("options of segments", "mptap_with_mptcp_total <= mptap_options_total + " +
             " + ".join(f'mptap_option_errors_total{{error="{error}"}}' for error in _ERRORS)),
    Equation("directions of options", "mptap_options_total = mptap_options_by_direction_total"),
    # Subflows and joins, of workers.
    Equation("evictions", "mptap_evicted_midstream_total + mptap_evicted_unanswered_total + mptap_evicted_answered_total <= "
             "mptap_subflows_opened_total"),
    Equation("joins without a place", "mptap_joins_not_stored_total <= mptap_subflows_not_stored_total"),
    Equation("joins of a flood", "mptap_joins_sampled_out_total <= mptap_joins_not_stored_total"),
    Equation("unanswered subflows", "mptap_subflows_unanswered <= mptap_subflows"),
    # From workers to control.
    Equation("records built", "mptap_records_built_total = mptap_records_pushed_total + mptap_records_pending + "
             "mptap_ring_full_total"),
    Equation("records taken", "mptap_records_pushed_total = mptap_records_taken_total + mptap_ring_fill", "live"),
    Equation("all records taken", "mptap_records_pushed_total = mptap_records_taken_total", "end"),
    Equation("stale records", "mptap_records_stale_total <= mptap_records_taken_total"),
    Equation("packets kept", "mptap_packets_kept_total + mptap_packets_not_kept_total <= mptap_records_built_total"),
    # Subflows, joins and connections, of workers and control.
    Equation("joins", "mptap_joins_seen_total = mptap_joins_matched_total + mptap_joins_unknown_total + mptap_joins_waiting + "
             "mptap_joins_unanswered + mptap_joins_not_stored_total", "vital"),
    Equation("answered joins", "mptap_joins_answered_total = mptap_joins_matched_total + mptap_joins_unknown_total + "
             "mptap_joins_waiting", "vital"),
    Equation("results of joins", "mptap_joins_total = mptap_joins_matched_total + mptap_joins_unknown_total + "
             "mptap_subflows_refused_total + mptap_joins_denied_total + mptap_joins_attempted_total"),
    Equation("joins told", "mptap_joins_total + mptap_joins_waiting <= mptap_joins_seen_total"),
    Equation("subflows", "mptap_subflows_opened_total = mptap_subflows_ended_total + mptap_subflows", "whole end"),
    Equation("connections", "mptap_connections_established_total + mptap_connections_partial_total = mptap_connections + "
             "mptap_connections_closed_total"),
    Equation("outcomes", "mptap_connections_closed_total = mptap_connections_ended_total"),
    Equation("subflows of connections", "mptap_connections_closed_total = mptap_connection_subflows_count"),
    Equation("denials", "mptap_subflows_denied_total = " +
             " + ".join(f'mptap_fallbacks_total{{cause="{cause}"}}' for cause in _DENIALS)),
    Equation("valid HMACs", 'mptap_hmac_valid_total = mptap_hmacs_total{result="valid"}'),
    Equation("invalid HMACs", 'mptap_hmac_invalid_total = mptap_hmacs_total{result="invalid"}'),
    Equation("join latencies", "mptap_join_latency_seconds_count <= mptap_joins_matched_total"),
    # Notices and rows.
    Equation("notices", "mptap_notices_raised_total = mptap_notices_total + mptap_notices_allowed_total + "
             "mptap_notices_held_total + mptap_notices_suppressed_total"),
    Equation("rows of notices", f"mptap_notices_total = {_rows('notice')}", "logs"),
    Equation("rows of connections", f"mptap_connections_closed_total = {_rows('mptcp_conn')}", "logs"),
    Equation("rows of subflows", "mptap_subflows_ended_total = mptap_twin_subflows_total + mptap_attempts_not_logged_total + "
             + _rows("mptcp_subflow"), "logs end"),
    Equation("attempts", "mptap_attempts_not_logged_total <= mptap_subflows_attempted_total"),
    # What there is room for.
    Equation("room for subflows", "mptap_subflows <= mptap_subflows_capacity"),
    Equation("room for records", "mptap_ring_fill <= mptap_ring_capacity"),
    Equation("room for pending records", "mptap_records_pending <= mptap_records_pending_capacity"),
    Equation("room for connections", "mptap_connections <= mptap_connections_capacity"),
    Equation("room for rows", "mptap_log_queue_rows <= mptap_log_queue_capacity"),
)


def _applies(equation, page, logs, end):
    lost = page.sums("mptap_ring_full_total")
    holds = {
        "ports": "mptap_port_rx_packets_total" in page.names(),
        "inline": any(name.startswith("mptap_inline_") for name in page.names()),
        "whole": sum(lost.values()) == 0,
        "vital": lost["vital"] == 0,
        "logs": logs,
        "live": not end,
        "end": end,
    }
    return all(holds[need] for need in equation.needs.split())


def violations(text, logs=True, end=False):
    """Sentences on the equations that a page violates: which one, and both sides of it.

    The page is one of a sensor at rest: while packets come, its numbers are of different moments.
    """
    page = Page(text)
    found = (equation.problem(page) for equation in EQUATIONS if _applies(equation, page, logs, end))
    return [f"violated: {problem}" for problem in found if problem]


def violations_at_rest(scrape, logs=True):
    """The same of a live sensor to which nothing comes any more: it may take a moment until all is taken over and written.

    A page that violates nothing ends it: what is lost or counted twice stays so, and is found on every page.
    """
    deadline = time.monotonic() + SETTLE_S
    while (problems := violations(scrape(), logs)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return problems


def section():
    """The equations as the document shows them."""
    parts = []
    for needs, sentence in CONDITIONS.items():
        parts.append(f"{sentence}\n")
        for equation in EQUATIONS:
            if equation.needs == needs:
                parts += textwrap.wrap(equation.text, 112, initial_indent=" " * 4, subsequent_indent=" " * 8)
        parts.append("")
    return "\n".join(parts)


if __name__ == "__main__":
    print(section(), end="")

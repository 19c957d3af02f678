// docs/logs.md and docs/metrics.md, from the tables that the program itself obeys.
#include "daemon/export/log_format.h"
#include "daemon/export/metrics_table.h"

namespace mptap {
namespace {

constexpr const char* kLogsIntroduction = R"(# Logs

<!-- Made from the tables in daemon/export/log_tables.cc; `MPTAP_UPDATE_DOCS=1` makes the test that compares rewrite it. -->

mptap writes up to four logs into `logs.directory`, or `mptap read --log-dir`: one row per finished subflow, finished
connection, notice and chosen event. What is still open when the sensor stops or the capture ends is written then.
The directory is made where only it is missing. Files are for their owner and group alone: they name who talks to whom.
Keys are never written; tokens are.

## Formats

`zeek` (the default): tab-separated, with Zeek's header (`#separator` to `#types`) and `#close` at the end; the times of
`#open` and `#close` are those of the wall clock in UTC. `-` is unset, `(empty)` an empty text. Bytes that are not
printable ASCII are written as `\xHH`, a backslash as `\\`.

`json`: one object a line and nothing else, with the same fields in the same order. Every row has every field; unset is
`null`. Ports, counts, times and intervals are numbers, booleans are booleans, all else is text. Counts have up to
64 bits: readers that hold numbers as doubles lose the last digits of sequence numbers.

`eve`: one file, `eve.json`, in the form of Suricata's EVE, for what reads that: notices as `alert`, all else as
`mptcp`. Every line has `timestamp`, `flow_id` (the same for all lines about a subflow), `src_ip`, `src_port`, `dest_ip`,
`dest_port`, `proto` and, where it is known, `community_id`; the object `mptcp` has the row's own fields under the names
below, without those that are unset, and its `type`: `subflow`, `connection`, or the name of the event or notice. Severity
1 is `high`, 4 is `info`. JSON Schemas of these and of the `json` logs are in [schemas](schemas).

Times are packet times, in seconds since the epoch; intervals are seconds. Both have 6 digits of fraction, or 9 where the
capture's clock gives nanoseconds. Tokens are 8 lower-case hex digits. Addresses are written as RFC 5952 recommends.

## Files

Rows reach the file within 10 ms, whole lines only. Where the disk is full, mptap says so once, counts the rows that are
lost (`mptap_log_write_errors_total`), cuts off what was written of a broken line, and writes again as soon as it can.
A log that somebody deletes is made anew with the next rows; what it held is gone.

Rows of an earlier run are kept. A Zeek file is renamed to NAME-YYYYmmdd-HHMMSS.log, by the time of its last change in
UTC. A JSON file is appended to by `mptap run`, and renamed in the same way by `mptap read`, or where it holds something
else than JSON. For logrotate: move the files, then send SIGUSR1 (or SIGHUP, which also reads the configuration
again): files whose name leads elsewhere are opened anew, and the others stay. `copytruncate` works, too, but may lose rows.

Live, nothing waits for the disk. Up to `logs.queue_rows` rows wait for the writer; beyond that they are dropped and
counted (`mptap_log_rows_dropped_total`). Events and unanswered attempts leave the last quarter of that room to the
others. From files mptap waits instead, and loses nothing.

Unanswered attempts are what floods are made of. At most `logs.attempts_per_second` rows with state `attempted` are
written for each second of packet time, by `ts`; the rest is counted (`mptap_attempts_not_logged_total`).
)";

template <typename Row>
void append_columns(std::string& out, const char* about) {
  out += "\n## ";
  out += path_of(kLogOf<Row>);
  out += ".log\n\n";
  out += about;
  out += "\n\n| field | type | meaning |\n|---|---|---|\n";
  for (const Column<Row>& column : columns_of<Row>()) {
    out += std::string("| ") + column.name + " | " + name_of(column.type) + " | " + column.meaning + " |\n";
  }
}

constexpr const char* kEventTypes = R"(
Types of events, as `logs.events` names them:

| type | rows |
|---|---|
| mptcp | each well-formed MPTCP option, whatever its subtype and however often it is sent: `subtype` and `length` |
| mp_error | each malformed option; `detail` names what is wrong with it |
| mp_capable | MP_CAPABLE of the SYN, the SYN/ACK and the third ACK or first data; a retransmission once |
| mp_join | MP_JOIN of the SYN, the SYN/ACK and the third ACK; a retransmission once |
| mp_dss | each DSS option |
| mp_add_addr, mp_remove_addr | each address advertised, echoed or removed; `detail`: the form of a valid HMAC, `last_8_of_32` (RFC 8684), `last_8_of_20` or `first_8` (older hosts) |
| mp_prio, mp_fail, mp_fastclose, mp_tcprst | each of these options |
| subflow_established | a subflow whose SYN/ACK carried MPTCP is part of its connection; `detail`: the evidence, of joins |
| subflow_unknown, subflow_denied, subflow_refused, subflow_closed | what else becomes of subflows; `detail`: the cause |
| connection_established, connection_partial | a connection begins, or is found in its middle |
| fallback, closed | it goes on as plain TCP; it ends; `detail`: the cause |
| subflow | all that begin with `subflow_` |
| connection | `connection_established`, `connection_partial`, `fallback`, `closed` |

What it costs: without `mp_dss` and `mptcp` control's work grows with connections, not with bandwidth. With either of
them nearly every data segment makes a 64-byte record and a row of about 120 bytes (zeek) or 390 (json): 100,000
segments a second are 12 or 39 MB a second of log. Choose them for captures and for small networks. Records and rows
that do not fit are dropped and counted (`mptap_ring_full_total{class="bulk"}`, `mptap_log_rows_dropped_total`); other
records and logs keep their room. Workers learn of these two at start only; the other types may be reloaded.
)";

constexpr const char* kMetricsIntroduction = R"(# Metrics

<!-- Made from the table in daemon/export/metrics_table.cc; `MPTAP_UPDATE_DOCS=1` makes the test that compares rewrite it. -->

`mptap run` serves them to Prometheus on `metrics.listen` (127.0.0.1:9464 by default) at `/metrics`. The listener takes
an IPv4 address and a port. It knows neither encryption nor passwords: leave it on the loopback address, or put
something before it that does. No label ever holds an address of traffic; the [page](page.md) beside it shows them.

Everything counts from the start of the program. The numbers are read when Prometheus asks; those of one worker are
published once a burst, so that sums may be off by a burst while traffic flows. At rest they add up, summed over all
labels but those named. `tests/harness/equations.py` holds each of these against every capture of the tests, the corpus, the
benchmarks and the laboratory.

Always:

    mptap_rx_packets_total = mptap_filtered_out_total + mptap_not_ip_total + mptap_not_tcp_total +
        mptap_fragments_total + mptap_malformed_total + mptap_tcp_segments_total
    mptap_tcp_segments_total = mptap_with_mptcp_total + mptap_without_mptcp_total
    mptap_tunnelled_total <= mptap_tcp_segments_total
    mptap_first_fragments_total <= mptap_tcp_segments_total
    mptap_copies_total + mptap_strangers_total <= mptap_tcp_segments_total
    mptap_polls_empty_total <= mptap_polls_total
    mptap_with_mptcp_total <= mptap_options_total + mptap_option_errors_total{error="length"} +
        mptap_option_errors_total{error="version"} + mptap_option_errors_total{error="ip_version"} +
        mptap_option_errors_total{error="tcp_flags"} + mptap_option_errors_total{error="dss_flags"} +
        mptap_option_errors_total{error="subtype"}
    mptap_options_total = mptap_options_by_direction_total
    mptap_evicted_midstream_total + mptap_evicted_unanswered_total + mptap_evicted_answered_total <=
        mptap_subflows_opened_total
    mptap_joins_not_stored_total <= mptap_subflows_not_stored_total
    mptap_joins_sampled_out_total <= mptap_joins_not_stored_total
    mptap_subflows_unanswered <= mptap_subflows
    mptap_records_built_total = mptap_records_pushed_total + mptap_records_pending + mptap_ring_full_total
    mptap_records_stale_total <= mptap_records_taken_total
    mptap_packets_kept_total + mptap_packets_not_kept_total <= mptap_records_built_total
    mptap_joins_total = mptap_joins_matched_total + mptap_joins_unknown_total + mptap_subflows_refused_total +
        mptap_joins_denied_total + mptap_joins_attempted_total
    mptap_joins_total + mptap_joins_waiting <= mptap_joins_seen_total
    mptap_connections_established_total + mptap_connections_partial_total = mptap_connections +
        mptap_connections_closed_total
    mptap_connections_closed_total = mptap_connections_ended_total
    mptap_connections_closed_total = mptap_connection_subflows_count
    mptap_subflows_denied_total = mptap_fallbacks_total{cause="no_option"} +
        mptap_fallbacks_total{cause="stripped"} + mptap_fallbacks_total{cause="mirrored"} +
        mptap_fallbacks_total{cause="blackhole"} + mptap_fallbacks_total{cause="version"}
    mptap_hmac_valid_total = mptap_hmacs_total{result="valid"}
    mptap_hmac_invalid_total = mptap_hmacs_total{result="invalid"}
    mptap_join_latency_seconds_count <= mptap_joins_matched_total
    mptap_notices_raised_total = mptap_notices_total + mptap_notices_allowed_total + mptap_notices_held_total +
        mptap_notices_suppressed_total
    mptap_attempts_not_logged_total <= mptap_subflows_attempted_total
    mptap_subflows <= mptap_subflows_capacity
    mptap_ring_fill <= mptap_ring_capacity
    mptap_records_pending <= mptap_records_pending_capacity
    mptap_connections <= mptap_connections_capacity
    mptap_log_queue_rows <= mptap_log_queue_capacity

Of ports:

    mptap_port_rx_packets_total = mptap_rx_packets_total

Where ports are inline:

    mptap_inline_received_total = mptap_inline_forwarded_total + mptap_inline_dropped_total +
        mptap_inline_lost_total
    mptap_inline_dropped_total = mptap_held_back_joins_total + mptap_held_back_segments_total

Where no vital record was lost:

    mptap_joins_seen_total = mptap_joins_matched_total + mptap_joins_unknown_total + mptap_joins_waiting +
        mptap_joins_unanswered + mptap_joins_not_stored_total
    mptap_joins_answered_total = mptap_joins_matched_total + mptap_joins_unknown_total + mptap_joins_waiting

While the sensor runs:

    mptap_records_pushed_total = mptap_records_taken_total + mptap_ring_fill

Once a capture was read to its end:

    mptap_records_pushed_total = mptap_records_taken_total

Once a capture was read to its end, and nothing was lost between workers and control:

    mptap_subflows_opened_total = mptap_subflows_ended_total + mptap_subflows

Where all logs are written and no row waits:

    mptap_notices_total = mptap_log_rows_written_total{log="notice"} +
        mptap_log_rows_dropped_total{log="notice"} + mptap_log_write_errors_total{log="notice"}
    mptap_connections_closed_total = mptap_log_rows_written_total{log="mptcp_conn"} +
        mptap_log_rows_dropped_total{log="mptcp_conn"} + mptap_log_write_errors_total{log="mptcp_conn"}

Where all logs are written, once a capture was read to its end:

    mptap_subflows_ended_total = mptap_twin_subflows_total + mptap_attempts_not_logged_total +
        mptap_log_rows_written_total{log="mptcp_subflow"} + mptap_log_rows_dropped_total{log="mptcp_subflow"} +
        mptap_log_write_errors_total{log="mptcp_subflow"}
What to watch: `mptap_port_nic_missed_total` and `mptap_port_no_mbuf_total` (workers do not keep up),
`mptap_ring_full_total` (control does not), `mptap_log_rows_dropped_total` and `mptap_log_write_errors_total` (the disk
does not).

| metric | type | labels | meaning |
|---|---|---|---|
)";

}  // namespace

std::string format_logs_doc() {
  std::string out = kLogsIntroduction;
  append_columns<SubflowReport>(out,
                                "One row per subflow, when it ends. `orig` is the host that sent the SYN of "
                                "this subflow, which may be either "
                                "host of the connection; `resp` is its peer.");
  append_columns<ConnectionReport>(out,
                                   "One row per MPTCP connection, when it ends. `orig` is the initiator, "
                                   "`resp` the responder. Every `MP_ID` of a "
                                   "subflow has its row here.");
  append_columns<Notice>(out, "One row per notice: what an operator should look at.");
  append_columns<EventReport>(out,
                              "One row per event whose type stands in `logs.events`; without any the file is "
                              "not made. Fields that an event "
                              "does not have are unset.");
  out += kEventTypes;
  return out;
}

std::string format_metrics_doc() {
  std::string out = kMetricsIntroduction;
  for (const Metric& metric : metrics_table()) {
    out += "| " + metric.name + " | " + name_of(metric.type) + " | " +
           metric.labels + " | " + metric.help + " |\n";
  }
  return out;
}

}  // namespace mptap

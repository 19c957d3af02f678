// What control counts: one table gives the field, the metric and its meaning.
#pragma once

#include <atomic>
#include <cstdint>

namespace mptap {

/// X(field, meaning): counters never go back.
#define MPTAP_CONTROL_COUNTERS(X)                                                                   \
  X(records_taken, "records taken from the rings")                                                  \
  X(records_stale, "records of a slot that had been given to another subflow meanwhile")            \
  X(connections_established, "MPTCP connections seen established")                                  \
  X(connections_partial, "MPTCP connections whose start was not seen")                              \
  X(connections_not_stored, "MPTCP connections that found no place in the connection table")        \
  X(connections_evicted, "connections without a live subflow that made room for others")            \
  X(connections_closed, "connections that ended")                                                   \
  X(subflows_established, "subflows whose SYN/ACK carried MPTCP")                                   \
  X(subflows_denied, "subflows whose SYN/ACK did not carry MPTCP")                                  \
  X(subflows_refused, "joins answered by RST")                                                      \
  X(subflows_attempted, "subflows that were never answered")                                        \
  X(joins_matched, "answered joins that found their connection")                                    \
  X(joins_unknown, "answered joins whose connection the sensor does not know")                      \
  X(hmac_valid, "HMACs that were what the keys demand")                                             \
  X(hmac_invalid, "HMACs that were not")                                                            \
  X(token_collisions, "tokens that more than one live connection carries")                          \
  X(attempts_not_logged, "rows of unanswered attempts left out of the log by logs.attempts_per_second") \
  X(twin_subflows, "subflows seen a second time under another 4-tuple, as on both sides of a NAT")

/// X(field, meaning): values that go up and down.
#define MPTAP_CONTROL_GAUGES(X)                                                \
  X(connections, "MPTCP connections in the table")                             \
  X(joins_waiting, "answered joins that wait for their handshake")             \
  X(receivers_watched, "receivers of joins that join_flood watches")           \
  X(time_ns, "packet time of control, nanoseconds since the epoch")

/// One writer, the control thread; readers anywhere.
struct ControlCounters {
  using Cell = std::atomic<std::uint64_t>;
#define X(name, meaning) Cell name{0};
  MPTAP_CONTROL_COUNTERS(X)
  MPTAP_CONTROL_GAUGES(X)
#undef X

  /// Control thread: one more, without a locked instruction.
  static void add(Cell& cell, std::uint64_t count = 1) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  static void set(Cell& cell, std::uint64_t value) noexcept { cell.store(value, std::memory_order_relaxed); }
};

}  // namespace mptap

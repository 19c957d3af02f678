// What control counts: one table gives the field, the metric and its meaning.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "detect/reports.h"

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
  X(subflows_ended, "subflows that ended, twins included")                                          \
  X(joins_matched, "answered joins that found their connection")                                    \
  X(joins_unknown, "answered joins whose connection the sensor does not know")                      \
  X(joins_denied, "joins whose SYN/ACK did not carry MPTCP")                                        \
  X(joins_attempted, "joins that were never answered")                                              \
  X(hmac_valid, "HMACs that were what the keys demand")                                             \
  X(hmac_invalid, "HMACs that were not")                                                            \
  X(crypto_shed, "hashes and HMACs not computed because the budget of that second was spent")       \
  X(notices_raised, "notices that detectors raised, whatever became of them")                       \
  X(notices_allowed, "notices left out because of notices.allow")                                   \
  X(notices_held, "notices held back because what they miss may be among vital records that were lost")  \
  X(notices_suppressed, "notices left out because of a detector's `suppress`")                      \
  X(rules_refused, "rules for inline ports that found no room, or orders that found none in a worker's ring") \
  X(card_packets, "packets that cards of inline ports dropped by themselves, for a rule")           \
  X(card_rules_refused, "rules that no card of an inline port took, however often one was asked")   \
  X(evidence_left_out, "notices around which no packets were written, for too many others were under way") \
  X(token_collisions, "tokens that more than one live connection carries")                          \
  X(attempts_not_logged, "rows of unanswered attempts left out of the log by logs.attempts_per_second") \
  X(twin_subflows, "subflows seen a second time under another 4-tuple, as on both sides of a NAT")

/// X(field, meaning): values that go up and down.
#define MPTAP_CONTROL_GAUGES(X)                                                \
  X(connections, "MPTCP connections in the table")                             \
  X(joins_waiting, "answered joins that wait for their handshake")             \
  X(rules, "rules for inline ports that are in force")                        \
  X(rules_on_cards, "rules that a card of an inline port obeys now")          \
  X(receivers_watched, "receivers of joins that join_flood watches")           \
  X(time_ns, "packet time of control, nanoseconds since the epoch")

/// What an HMAC proves.
#define MPTAP_HMAC_KINDS(X) \
  X(JoinSynAck, "join_syn_ack") \
  X(JoinAck, "join_ack")        \
  X(AddAddr, "add_addr")
enum class HmacKind : std::uint8_t {
#define X(name, word) k##name,
  MPTAP_HMAC_KINDS(X)
#undef X
      kCount
};
constexpr std::size_t kHmacKinds = static_cast<std::size_t>(HmacKind::kCount);

/// Values counted in buckets; `upper` bounds are in the table of metrics. One writer.
/// Control thread: add().
template <std::size_t kBuckets>
struct Histogram {
  std::array<std::uint64_t, kBuckets> upper;                    // inclusive, ascending
  std::array<std::atomic<std::uint64_t>, kBuckets + 1> counts{};  // the last: above all
  std::atomic<std::uint64_t> sum{0};

  void add(std::uint64_t value) noexcept {
    std::size_t bucket = 0;
    while (bucket < kBuckets && value > upper[bucket]) ++bucket;
    counts[bucket].store(counts[bucket].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    sum.store(sum.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }
};

constexpr std::size_t kDurationBuckets = 12;
constexpr std::array<std::uint64_t, kDurationBuckets> kDurationBucketsNs{
    1'000'000,   2'000'000,   5'000'000,   10'000'000,    20'000'000,    50'000'000,
    100'000'000, 200'000'000, 500'000'000, 1'000'000'000, 2'000'000'000, 5'000'000'000};

/// One writer, the control thread; readers anywhere.
struct ControlCounters {
  using Cell = std::atomic<std::uint64_t>;

  std::array<Cell, kFallbacks> fallbacks{};                      // by Fallback; connections and attempts
  std::array<std::array<Cell, 3>, kHmacKinds> hmacs{};           // by HmacKind and Proof
  std::array<std::array<Cell, 3>, 3> connections_ended{};        // by version (2: unknown) and Outcome
  Histogram<8> subflows_per_connection{.upper = {1, 2, 3, 4, 6, 8, 16, 32}};
  Histogram<kDurationBuckets> join_latency_ns{.upper = kDurationBucketsNs};    // connection's start to a join's SYN/ACK
  Histogram<kDurationBuckets> handshake_rtt_ns{.upper = kDurationBucketsNs};
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

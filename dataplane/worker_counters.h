// What a worker counts: one table gives the field, the metric and its meaning.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/frame.h"
#include "dataplane/mptcp_option.h"

namespace mptap {

/// X(field, meaning). Counters never go back; gauges are marked in MPTAP_WORKER_GAUGES.
#define MPTAP_WORKER_COUNTERS(X)                                                                              \
  X(rx_packets, "frames received")                                                                            \
  X(rx_bytes, "bytes of received frames, as on the wire")                                                     \
  X(filtered_out, "frames that `filter` left out")                                                            \
  X(not_ip, "frames that are neither IPv4 nor IPv6")                                                          \
  X(not_tcp, "packets that are not TCP")                                                                      \
  X(fragments, "IP fragments other than the first")                                                           \
  X(malformed, "frames that break the grammar of a header, or were captured too short")                       \
  X(tcp_segments, "TCP segments")                                                                             \
  X(with_mptcp, "TCP segments with at least one MPTCP option")                                                \
  X(without_mptcp, "TCP segments without an MPTCP option")                                                    \
  X(first_fragments, "TCP segments in the first of several IP fragments")                                     \
  X(tunnelled, "TCP segments inside a tunnel")                                                                \
  X(copies, "second copies of a segment, as a span port makes them; counted once for their subflow")          \
  X(out_of_sequence, "RST and FIN segments that were not in sequence and ended nothing")                      \
  X(strangers, "segments on the addresses and ports of a subflow whose numbers are not its own")               \
  X(joins_seen, "MP_JOIN attempts, retransmissions counted once, but for those that a rule held back before") \
  X(joins_not_stored, "MP_JOIN attempts that found no place in the subflow table")                            \
  X(joins_sampled_out, "MP_JOIN attempts without a place that were not told to control: others stand for them") \
  X(joins_answered, "MP_JOIN attempts whose acceptor answered with MP_JOIN")                                  \
  X(subflows_opened, "subflows that took a slot of the table")                                                \
  X(subflows_not_stored, "MPTCP SYNs and mid-stream subflows that found no place in the table")               \
  X(evicted_midstream, "mid-stream subflows that made room for others")                                       \
  X(evicted_unanswered, "unanswered subflows that made room for others")                                      \
  X(evicted_answered, "answered, unconfirmed subflows that made room for others")                             \
  X(records_built, "records made")                                                                            \
  X(records_pushed, "records handed to control")                                                              \
  X(ring_full_vital, "vital records lost because control did not keep up")                                    \
  X(ring_full_bulk, "bulk records lost because the ring was three quarters full")                             \
  X(held_back_joins, "join SYNs on inline ports that a rule against a flood held back")                       \
  X(held_back_segments, "segments on inline ports that were held back because the HMAC of their join was wrong") \
  X(spared_joins, "join SYNs on inline ports that no rule looked at, for their source had joined by proof before")       \
  X(observed_joins, "join SYNs on inline ports that a rule against a flood would have held back, were it enforced") \
  X(observed_segments, "segments on inline ports that would have been held back for the HMAC of their join, were that enforced") \
  X(struck_addresses, "segments on inline ports of which an ADD_ADDR was struck because its HMAC was wrong")            \
  X(observed_addresses, "segments on inline ports of which an ADD_ADDR would have been struck, were that enforced")            \
  X(unjudged_addresses, "segments on inline ports that went on with an unjudged ADD_ADDR: control was late, or the driver gave its header in parts") \
  X(packets_kept, "packets whose headers were kept for notices and evidence")                                 \
  X(packets_not_kept, "packets that made a record and found no room to be kept")                              \
  X(polls, "polls of the source")                                                                             \
  X(polls_empty, "polls that found nothing")

#define MPTAP_WORKER_GAUGES(X)                                        \
  X(subflows, "slots of the subflow table in use")                 \
  X(subflows_unanswered, "slots whose SYN is not answered")        \
  X(records_pending, "vital records in the reserve of the ring")   \
  X(ring_fill, "records in the ring, without its reserve")

/// The worker's own numbers, plain integers on its stack of cache lines; published once a burst.
struct WorkerTally {
#define X(name, meaning) std::uint64_t name = 0;
  MPTAP_WORKER_COUNTERS(X)
  MPTAP_WORKER_GAUGES(X)
#undef X
  std::array<std::uint64_t, kFrameStatuses> frames{};
  std::array<std::uint64_t, kSubtypes> options{};       // well formed, by subtype
  std::array<std::uint64_t, kSubtypes> options_from_acceptor{};  // of those
  std::array<std::uint64_t, kOptionErrors> option_errors{};

  WorkerTally& operator+=(const WorkerTally& other);
};

/// The same numbers where other threads read them. Written by the worker with publish(), relaxed; on lines of their own,
/// which no other thread writes.
class alignas(64) WorkerCounters {
 public:
  /// Worker thread, once a burst.
  void publish(const WorkerTally& tally) noexcept;

  /// Any thread. Numbers of one burst may be torn against each other while traffic flows; at rest they add up.
  [[nodiscard]] WorkerTally read() const noexcept;

 private:
  static constexpr std::size_t kWords = sizeof(WorkerTally) / sizeof(std::uint64_t);
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
};
static_assert(alignof(WorkerCounters) == 64 && sizeof(WorkerCounters) % 64 == 0);

}  // namespace mptap

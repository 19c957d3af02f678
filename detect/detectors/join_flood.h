// Threat: joins that are never completed cost the receiver state and, with a valid token, an HMAC each
//   (thesis 5.5).
// Evidence: MP_JOIN SYNs to one receiver address, retransmissions counted once, less those whose third ACK came; and of
//   these the ones whose token a connection in view carries. Of joins that a worker tells by samples, an estimate.
// Fires when: more than `threshold`, or `known_token_threshold` with a known token, within `interval` of packet time
//   (join_flood, high, once an attack); again after each further interval (join_flood_status, medium); and when an
//   interval has passed below both (join_flood_end, info). Each with the counts and the sources that sent most.
// Stays silent when: the joins are completed, however many.
// Known false positives: a load test; a receiver behind a path that loses every answer.
// Source: RFC 8684 section 3.2; thesis 5.5.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "detect/address_hash.h"
#include "detect/control_counters.h"
#include "detect/detector.h"
#include "detect/lru_map.h"
#include "detect/sliding_count.h"

namespace mptap {

class JoinFloodDetector : public Detector {
 public:
  /// @param seed  Of the table of receivers; secret.
  JoinFloodDetector(const JoinFloodOptions& options, std::uint64_t seed, ControlCounters& counters);
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kJoinAttempt, EventKind::kJoinCompleted}; }
  void on_event(const Event& event, NoticeSink& notices) override;
  void advance(std::uint64_t now_ns, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kSources = 64;     // counters a receiver (space-saving sketch)
  static constexpr std::uint32_t kSketchFrom = 16;  // a receiver with fewer open joins needs no sketch
  static constexpr std::size_t kMaxAttacks = 1'024;  // beyond it, one a receiver and interval is all that is told

  struct TrackedSource {
    IpAddress address;
    std::uint64_t count = 0;
    std::uint64_t inherited = 0;                  // of `count`, what may be others'
  };

  struct Receiver {
    SlidingCount open;                            // joins not completed, by step of their SYN
    SlidingCount known;                           // of those, with a token that is known
    bool under_attack = false;
    std::uint64_t last_above_ns = 0;
    std::uint64_t quiet_until_ns = 0;
    std::vector<TrackedSource> sources;
  };

  /// @param unseen  Joins of which perhaps only the completion was not seen.
  [[nodiscard]] bool is_above(const Receiver& receiver, std::uint64_t unseen = 0) const;
  void on_attempt(const Event& event, NoticeSink& notices);
  void on_completed(const Event& event);
  static void count_source(Receiver& receiver, const IpAddress& source, std::uint32_t joins);
  void tell(const char* note, Severity severity, std::uint64_t time_ns, const Endpoint& victim, const Receiver& receiver,
            const PacketName& packet, NoticeSink& notices, std::optional<std::uint64_t> since_ns = {}) const;

  const JoinFloodOptions& options_;
  ControlCounters& counters_;
  LruMap<IpAddress, Receiver, AddressHash> receivers_;
  std::vector<IpAddress> attacked_;               // receivers under attack
  std::uint64_t due_ns_ = 0;
};

}  // namespace mptap

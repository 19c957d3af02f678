// Threat: joins that are never completed cost the receiver state and, with a valid token, an HMAC each
//   (thesis 5.5).
// Evidence: MP_JOIN SYNs to one receiver address, retransmissions counted once, less those whose third ACK came.
// Fires when: more than `threshold` within `interval` of packet time (high), once per interval and receiver, with
//   the count and the sources that sent most.
// Stays silent when: the joins are completed, however many.
// Known false positives: a load test; a receiver behind a path that loses every answer.
// Source: RFC 8684 section 3.2; thesis 5.5.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "detect/address_hash.h"
#include "detect/control_counters.h"
#include "detect/detector.h"
#include "detect/detector_options.h"
#include "detect/lru_map.h"

namespace mptap {

class JoinFloodDetector : public Detector {
 public:
  /// @param seed  Of the table of receivers; secret.
  JoinFloodDetector(const JoinFloodOptions& options, std::uint64_t seed, ControlCounters& counters);
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kSteps = 10;       // an interval slides in tenths
  static constexpr std::size_t kSources = 64;     // counters a receiver (space-saving sketch)
  static constexpr std::uint32_t kSketchFrom = 16;  // a receiver with fewer open joins needs no sketch

  struct TrackedSource {
    IpAddress address;
    std::uint64_t count = 0;
    std::uint64_t inherited = 0;                  // of `count`, what may be others'
  };

  struct Receiver {
    std::array<std::uint32_t, kSteps> open{};     // joins not completed, by step of their SYN
    std::uint64_t step = 0;                       // the latest
    std::uint64_t quiet_until_ns = 0;
    std::vector<TrackedSource> sources;
  };

  [[nodiscard]] std::uint64_t step_of(std::uint64_t time_ns) const;
  void advance(Receiver& receiver, std::uint64_t step) const;
  static void count_source(Receiver& receiver, const IpAddress& source);
  void fire(const Event& event, const Receiver& receiver, std::uint64_t open, NoticeSink& notices) const;

  const JoinFloodOptions& options_;
  ControlCounters& counters_;
  LruMap<IpAddress, Receiver, AddressHash> receivers_;
};

}  // namespace mptap

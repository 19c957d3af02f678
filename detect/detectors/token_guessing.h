// Threat: an attacker tries tokens until a join is let in, or learns which connections live.
// Evidence: joins of one source refused by RST, with MP_TCPRST reason 1, or without a reason while the sensor
//   knows no such token; against those of its joins that were answered.
// Fires when: at least `threshold` within `interval`, and `percent` of its answered joins (high), once per interval.
// Stays silent when: the source's joins are mostly let in; nobody answers.
// Known false positives: a host that lost its state, as after a restart, and whose peers go on joining.
// Source: RFC 8684 sections 3.2 and 3.6.
#pragma once

#include "detect/address_hash.h"
#include "detect/detector.h"
#include "detect/lru_map.h"
#include "detect/sliding_count.h"

namespace mptap {

class TokenGuessingDetector : public Detector {
 public:
  /// @param seed  Of the table of sources; secret.
  TokenGuessingDetector(const TokenGuessingOptions& options, std::uint64_t seed)
      : options_(options), sources_(options.max_sources, AddressHash(seed)) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kRefused, EventKind::kJoinMatched}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  struct Source {
    SlidingCount refused;
    SlidingCount let_in;
    std::uint64_t quiet_until_ns = 0;
  };

  const TokenGuessingOptions& options_;
  LruMap<IpAddress, Source, AddressHash> sources_;
};

}  // namespace mptap

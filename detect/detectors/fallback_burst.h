// Threat: a middlebox begins to strip MPTCP, by update, failure or intent.
// Evidence: answers without usable MPTCP by acceptors that accepted MPTCP before.
// Fires when: there are `threshold` within `interval` (medium), once per interval.
// Stays silent when: the acceptors never spoke MPTCP.
// Known false positives: a server farm that switches MPTCP off.
// Source: RFC 8684 section 3.7.
#pragma once

#include "detect/detector.h"
#include "detect/sliding_count.h"

namespace mptap {

class FallbackBurstDetector : public Detector {
 public:
  explicit FallbackBurstDetector(const FallbackBurstOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kDenied}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const FallbackBurstOptions& options_;
  SlidingCount fallbacks_;
  std::uint64_t quiet_until_ns_ = 0;
};

}  // namespace mptap

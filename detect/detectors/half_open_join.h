// Threat: a join that is answered and left costs the acceptor state and an HMAC.
// Evidence: SYN and SYN/ACK of a join; then nothing of the opener, and of the acceptor only the SYN/ACK again.
// Fires when: the subflow times out so, or the sensor stops at least `grace` after the SYN/ACK (low).
// Stays silent when: anything else of either end was seen, a RST too.
// Known false positives: a tap that loses every later packet; a host that vanishes.
// Source: RFC 8684 section 3.2.
#pragma once

#include "detect/detector.h"

namespace mptap {

class HalfOpenJoinDetector : public Detector {
 public:
  explicit HalfOpenJoinDetector(const HalfOpenJoinOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kSubflowClosed}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const HalfOpenJoinOptions& options_;
};

}  // namespace mptap

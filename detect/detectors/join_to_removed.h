// Threat: traffic is drawn to an address that its host has given up, where somebody else may listen now.
// Evidence: REMOVE_ADDR of the address's ID; a join to that address later.
// Fires when: `grace`, or a round trip where that is longer, has passed since (medium), once a join.
// Stays silent when: the address was advertised again, or has another ID that was not removed.
// Known false positives: a REMOVE_ADDR that its receiver never got.
// Source: RFC 8684 section 3.4.2.
#pragma once

#include "detect/detector.h"

namespace mptap {

class JoinToRemovedDetector : public Detector {
 public:
  explicit JoinToRemovedDetector(const JoinToRemovedOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kJoinAttempt}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const JoinToRemovedOptions& options_;
};

}  // namespace mptap

// Threat: forged MP_PRIO, which has no proof, moves all data to the path that the attacker sees.
// Evidence: MP_PRIO of one host, and which of its paths are backup then.
// Fires when: of three paths or more all but one are backup, two of them turned within 10 s (all_but_one, medium), once
//   a connection and host; a v0 MP_PRIO names another's address ID (other_address_id, low), once a subflow.
// Stays silent when: one of two paths becomes the backup.
// Known false positives: a host that walks out of all its networks but one at once; v0 hosts that speak for other paths.
// Source: RFC 8684 section 3.3.8, RFC 6824 section 3.3.8.
#pragma once

#include "detect/detector.h"

namespace mptap {

class PriorityDiversionDetector : public Detector {
 public:
  explicit PriorityDiversionDetector(const PriorityDiversionOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kPriorityChanged}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const PriorityDiversionOptions& options_;
};

}  // namespace mptap

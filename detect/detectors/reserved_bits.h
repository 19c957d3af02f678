// Threat: covert channels, and hosts that are told apart by what others ignore.
// Evidence: bits that RFCs reserve, in well-formed options.
// Fires when: one is set (low), once a subflow and direction; `cause` names the option.
// Stays silent when: the option is malformed (malformed_option tells).
// Known false positives: a new use of the bit.
// Source: RFC 8684 section 3.
#pragma once

#include "detect/detector.h"

namespace mptap {

class ReservedBitsDetector : public Detector {
 public:
  explicit ReservedBitsDetector(const ReservedBitsOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAnomaly}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const ReservedBitsOptions& options_;
};

}  // namespace mptap

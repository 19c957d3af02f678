// Threat: receivers that resolve overlaps differently read different data: evasion of inspection.
// Evidence: the DSS mappings of one direction of a subflow, each against the few before it.
// Fires when: two map the same SSN to different DSNs (high), once a subflow and direction.
// Stays silent when: they agree, as in retransmissions and segmentation offload.
// Known false positives: none known.
// Source: RFC 8684 section 3.3.1.
#pragma once

#include "detect/detector.h"

namespace mptap {

class MappingConflictDetector : public Detector {
 public:
  explicit MappingConflictDetector(const MappingConflictOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAnomaly}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const MappingConflictOptions& options_;
};

}  // namespace mptap

// Threat: a forged infinite mapping makes plain TCP of a connection, without its other paths and checks.
// Evidence: a DSS of length 0 after data was mapped, and whether MP_FAIL asked for it.
// Fires when: no MP_FAIL was seen before it (medium), once a subflow.
// Stays silent when: it is the connection's first mapping; MP_FAIL came first.
// Known false positives: an MP_FAIL that the tap missed.
// Source: RFC 8684 section 3.7.
#pragma once

#include "detect/detector.h"

namespace mptap {

class InfiniteMappingDetector : public Detector {
 public:
  explicit InfiniteMappingDetector(const InfiniteMappingOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAnomaly}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const InfiniteMappingOptions& options_;
};

}  // namespace mptap

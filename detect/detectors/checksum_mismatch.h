// Threat: a mapping without its checksum hides what a middlebox, or an attacker, changed.
// Evidence: flag A of the handshake against the checksums of mappings.
// Fires when: one is missing where they were negotiated (absent), or there where they were not (unexpected);
//   medium, once a subflow and direction.
// Stays silent when: the handshake's flags were not seen.
// Known false positives: none known.
// Source: RFC 8684 sections 3.1 and 3.3.
#pragma once

#include "detect/detector.h"

namespace mptap {

class ChecksumMismatchDetector : public Detector {
 public:
  explicit ChecksumMismatchDetector(const ChecksumMismatchOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kFirstDss}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const ChecksumMismatchOptions& options_;
};

}  // namespace mptap

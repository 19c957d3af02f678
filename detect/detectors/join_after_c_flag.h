// Threat: a host that ignores flag C reaches for an address that was not meant for joins, as behind a balancer.
// Evidence: flag C in MP_CAPABLE; a join to address and port of that host's initial subflow.
// Fires when: there is one (low), once a join.
// Stays silent when: v0, which has no flag C; the handshake's flags were not seen; another address or port.
// Known false positives: none known.
// Source: RFC 8684 section 3.1.
#pragma once

#include "detect/detector.h"

namespace mptap {

class JoinAfterCFlagDetector : public Detector {
 public:
  explicit JoinAfterCFlagDetector(const JoinAfterCFlagOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kJoinAttempt}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const JoinAfterCFlagOptions& options_;
};

}  // namespace mptap

// Threat: a join by someone who knows the token and not the keys; or keys replaced on the path.
// Evidence: the HMACs of a join's SYN/ACK and third ACK against the keys of its connection.
// Fires when: one is wrong (high), once a step and subflow; `cause` syn_ack or ack.
// Stays silent when: a key was not seen, or is in doubt; the crypto budget is spent.
// Known false positives: none known.
// Source: RFC 8684 section 3.2.
#pragma once

#include "detect/detector.h"

namespace mptap {

class JoinHmacDetector : public Detector {
 public:
  explicit JoinHmacDetector(const JoinHmacOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kJoinDisproved}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const JoinHmacOptions& options_;
};

}  // namespace mptap

// Threat: a host with too little randomness, whose connections can be joined by guessing; or keys used again.
// Evidence: tokens of live connections, by host.
// Fires when: two of one host have the same key (key), or different keys with the same token (token); medium, once a
//   connection.
// Stays silent when: the two are one subflow seen twice, as on both sides of a NAT; the other has ended.
// Known false positives: clients behind one address, by a chance of 2^-32 for each pair.
// Source: RFC 8684 section 3.1.
#pragma once

#include "detect/detector.h"

namespace mptap {

class TokenReuseDetector : public Detector {
 public:
  explicit TokenReuseDetector(const TokenReuseOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kTokenTaken}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const TokenReuseOptions& options_;
};

}  // namespace mptap

// Threat: an attacker who cannot see the keys forges ADD_ADDR to draw subflows to himself (thesis 5.2).
// Evidence: the HMAC of a v1 ADD_ADDR against the keys of its connection, in its three known forms.
// Fires when: it fits none (high), each time; a retransmission once.
// Stays silent when: a key was not seen, or is in doubt; v0, which has no HMAC; an echo.
// Known false positives: a NAT that rewrites the address inside the option.
// Source: RFC 8684 section 3.4.1.
#pragma once

#include "detect/detector.h"

namespace mptap {

class AddAddrHmacDetector : public Detector {
 public:
  explicit AddAddrHmacDetector(const AddAddrHmacOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAddressAdvertised}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const AddAddrHmacOptions& options_;
};

}  // namespace mptap

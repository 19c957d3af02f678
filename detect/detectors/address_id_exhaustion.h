// Threat: who occupies a host's address IDs keeps it from naming addresses of its own.
// Evidence: the address IDs that one host of one connection advertised or used and did not remove.
// Fires when: there are more than `threshold` (medium), once a connection and host.
// Stays silent when: IDs are removed and used again; an ADD_ADDR's HMAC is wrong (add_addr_hmac tells).
// Known false positives: a host with very many addresses; raise the threshold.
// Source: RFC 8684 section 3.4.1.
#pragma once

#include "detect/detector.h"

namespace mptap {

class AddressIdExhaustionDetector : public Detector {
 public:
  explicit AddressIdExhaustionDetector(const AddressIdExhaustionOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAddressAdvertised, EventKind::kJoinMatched}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  void look_at(const Event& event, Role role, NoticeSink& notices) const;

  const AddressIdExhaustionOptions& options_;
};

}  // namespace mptap

// Threat: an eavesdropper forges ADD_ADDR to occupy address IDs or to draw traffic to himself (thesis 5.2).
// Evidence: the addresses each host advertised, by ID.
// Fires when: another address is advertised on an ID that was not removed (medium); or v0 advertises the same
//   address and port on the same ID again (info, allowed but redundant).
// Stays silent when: only the port changes; the ID was removed in between; v1 repeats an advertisement (it does
//   until it is echoed); an echo; the HMAC of v1 is wrong (add_addr_hmac tells).
// Known false positives: a host that forgets REMOVE_ADDR before it reuses an ID.
// Source: RFC 8684 section 3.4.1, RFC 6824 section 3.4.1; thesis 5.2.
#pragma once

#include "detect/detector.h"
#include "detect/detector_options.h"

namespace mptap {

class DuplicateAddAddrDetector : public Detector {
 public:
  explicit DuplicateAddAddrDetector(const DuplicateAddAddrOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kAddressAdvertised}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const DuplicateAddAddrOptions& options_;
};

}  // namespace mptap

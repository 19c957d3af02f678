// Threat: keys replaced during the handshake by ones that an accomplice knows (thesis 5.3).
// Evidence: the keys of SYN (v0) and SYN/ACK against those that the third ACK and the first data repeat; and the number
//   of a host's first byte, which its key gives.
// Fires when: a repeated key differs, or that number does (high); once for each of the two keys of a connection. Never
//   shows a key.
// Stays silent when: the key's first appearance was not seen.
// Known false positives: none known.
// Source: RFC 6824 section 3.1, RFC 8684 section 3.1; thesis 5.3.
#pragma once

#include "detect/detector.h"
#include "detect/detector_options.h"

namespace mptap {

class KeyChangeDetector : public Detector {
 public:
  explicit KeyChangeDetector(const KeyChangeOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kKeyChanged}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const KeyChangeOptions& options_;
};

}  // namespace mptap

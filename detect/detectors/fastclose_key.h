// Threat: a forged MP_FASTCLOSE ends a connection, if its receiver does not compare the key.
// Evidence: the key in MP_FASTCLOSE against that of its receiver.
// Fires when: they differ (high), once a subflow. Never shows a key.
// Stays silent when: the receiver's key was not seen.
// Known false positives: none known.
// Source: RFC 8684 section 3.5.
#pragma once

#include "detect/detector.h"

namespace mptap {

class FastCloseKeyDetector : public Detector {
 public:
  explicit FastCloseKeyDetector(const FastCloseKeyOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kFastClose}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const FastCloseKeyOptions& options_;
};

}  // namespace mptap

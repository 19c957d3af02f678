// Threat: none by itself: the sensor is blind for a part of the network, or middleboxes change addresses
//   (thesis 5.4). Both hosts know the connection, for the acceptor answered the join.
// Evidence: an answered MP_JOIN whose token no connection in view carries, and whose addresses none knows.
// Fires when: join_grace of packet time has passed without a handshake that explains it (info).
// Stays silent when: the join is not answered, or answered by RST.
// Known false positives: connections that began before the sensor did.
// Source: RFC 8684 section 3.2; thesis 5.4.
#pragma once

#include "detect/detector.h"
#include "detect/detector_options.h"

namespace mptap {

class UnknownJoinDetector : public Detector {
 public:
  explicit UnknownJoinDetector(const UnknownJoinOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kJoinUnknown}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const UnknownJoinOptions& options_;
};

}  // namespace mptap

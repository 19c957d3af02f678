// Threat: a middlebox, or the peer, keeps hosts from using MPTCP (the notice that the thesis had to switch off).
// Evidence: the answer to a SYN with MP_CAPABLE.
// Fires when: the SYN/ACK carries no MPTCP option (no_option; stripped, where this acceptor spoke MPTCP before in this
//   run), echoes the SYN's own (mirrored), came only after the SYN was repeated without its option (blackhole), or
//   names another version (version); info, once an attempt.
// Stays silent when: nothing or a RST answers; a join is denied (its connection works; see the subflow's state).
// Known false positives: none; that a peer speaks no MPTCP is no misuse, hence info.
// Source: RFC 8684 sections 3.1 and 3.7; thesis 7.2.
#pragma once

#include "detect/detector.h"
#include "detect/detector_options.h"

namespace mptap {

class RejectedDetector : public Detector {
 public:
  explicit RejectedDetector(const RejectedOptions& options) : options_(options) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kDenied}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  const RejectedOptions& options_;
};

}  // namespace mptap

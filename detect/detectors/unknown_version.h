// Threat: none by itself: a host of a future version, or one that probes how others take it.
// Evidence: version and algorithm bits of MP_CAPABLE in a SYN.
// Fires when: the version is above 1 (version), or the algorithm is not HMAC alone (algorithm); low, each SYN.
// Stays silent when: the SYN is a retransmission.
// Known false positives: a new version of MPTCP.
// Source: RFC 8684 section 3.1.
#pragma once

#include "detect/address_hash.h"
#include "detect/detector.h"
#include "detect/lru_map.h"

namespace mptap {

/// Whether what breaks the grammar is an MP_CAPABLE SYN of another version.
[[nodiscard]] inline bool is_unknown_version(const MalformedBody& body) {
  return body.error == OptionError::kVersion && (body.tcp_flags & (tcp_flag::kSyn | tcp_flag::kAck)) == tcp_flag::kSyn;
}

class UnknownVersionDetector : public Detector {
 public:
  /// @param seed  Of the table of senders; secret.
  UnknownVersionDetector(const UnknownVersionOptions& options, std::uint64_t seed)
      : options_(options), told_(kMaxSenders, EndpointHash(seed)) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kMalformed, EventKind::kCapableAttempt}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kMaxSenders = 16'384;
  static constexpr std::uint64_t kRepeatNs = 60 * kNsPerSecond;  // no slot tells a retransmission

  const UnknownVersionOptions& options_;
  LruMap<Endpoint, std::uint64_t, EndpointHash> told_;           // until when
};

}  // namespace mptap

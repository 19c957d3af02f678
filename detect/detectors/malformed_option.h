// Threat: parsers that trust lengths.
// Evidence: options of kind 30 that break the grammar, on any segment.
// Fires when: there is one (low), once a sender and error in `interval`; `cause` names the error.
// Stays silent when: unknown_version tells it.
// Known false positives: a middlebox that cuts options.
// Source: RFC 8684 section 3.
#pragma once

#include "detect/address_hash.h"
#include "detect/detector.h"
#include "detect/lru_map.h"

namespace mptap {

class MalformedOptionDetector : public Detector {
 public:
  /// @param seed  Of the table of senders; secret.
  MalformedOptionDetector(const MalformedOptionOptions& options, std::uint64_t seed)
      : options_(options), told_(kMaxSenders, SenderHash{AddressHash(seed)}) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kMalformed}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kMaxSenders = 16'384;

  struct Sender {
    IpAddress address;
    OptionError error;
    friend bool operator==(const Sender&, const Sender&) = default;
  };
  struct SenderHash {
    AddressHash hash;
    std::size_t operator()(const Sender& sender) const {
      return hash(sender.address) ^ static_cast<std::size_t>(sender.error);
    }
  };

  const MalformedOptionOptions& options_;
  LruMap<Sender, std::uint64_t, SenderHash> told_;  // until when
};

}  // namespace mptap

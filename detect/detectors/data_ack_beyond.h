// Threat: a receiver that acknowledges data it did not get speeds its sender up, and can hide a loss.
// Evidence: the highest data ACK of a host against all that its peer mapped, on all subflows.
// Fires when: it is beyond, by more than a DATA_FIN, and still is when all subflows have reported since (medium), once a
//   connection and host. Where the DATA_FIN was seen, it tells the end of the data on all paths.
// Stays silent when, without a DATA_FIN: anything of the connection was not seen (its handshake, a direction, a piece of
//   its data), an advertised address was not seen in use, or the last subflow seen ended in order.
// Known false positives: a subflow that another tap sees, opened from an address that nobody advertised, if the
//   connection breaks off while its data is the newest.
// Source: RFC 8684 section 3.3.1.
#pragma once

#include "dataplane/seeded_hash.h"
#include "detect/detector.h"
#include "detect/lru_map.h"

namespace mptap {

class DataAckBeyondDetector : public Detector {
 public:
  /// @param seed  Of the table of claims; secret.
  DataAckBeyondDetector(const DataAckBeyondOptions& options, std::uint64_t seed)
      : options_(options), claims_(kMaxClaims, Hash{SeededHash(seed)}) {}
  [[nodiscard]] EventKinds kinds() const override { return {EventKind::kProgress, EventKind::kSubflowClosed}; }
  void on_event(const Event& event, NoticeSink& notices) override;

 private:
  static constexpr std::size_t kMaxClaims = 4'096;

  /// A data ACK that was ahead of what is known to be sent; perhaps a subflow has not reported it yet.
  struct Claim {
    std::uint64_t acked = 0;
    std::uint64_t since_ns = 0;
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(std::uint64_t key) const { return hash.of64(key); }
  };

  [[nodiscard]] static bool is_settled(const Event& event, Role sender, const Claim& claim);
  void look_at(const Event& event, Role sender, NoticeSink& notices);

  const DataAckBeyondOptions& options_;
  LruMap<std::uint64_t, Claim, Hash> claims_;
};

}  // namespace mptap

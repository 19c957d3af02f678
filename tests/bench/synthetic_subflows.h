// A source of data segments of any number of MPTCP subflows in random order, which keeps nothing of any of
// them.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet_source.h"

namespace mptap::bench {

/// Each round shows one segment of each subflow with timestamps and a DSS with 8-byte mapping and data ACK;
/// rounds go from the opener, then from the acceptor, and so on, each in another order, so that subflows are
/// confirmed by their second round, though no handshake is seen. All that a segment says follows from subflow
/// and round.
///
/// The worker's thread.
class SyntheticSubflows final : public PacketSource {
 public:
  static constexpr std::size_t kFrameBytes = 14 + 20 + 20 + 12 + 28;

  /// @param subflows  1..16,777,216
  explicit SyntheticSubflows(std::uint32_t subflows);

  /// Full bursts; their time is the wall clock's.
  ReceiveStatus receive(Burst& burst) noexcept override;
  [[nodiscard]] bool is_live() const override { return true; }

  [[nodiscard]] std::uint64_t rounds() const { return round_; }

 private:
  [[nodiscard]] std::uint32_t shuffle(std::uint32_t number) const noexcept;
  void write_segment(std::uint8_t* frame, std::uint32_t subflow) const noexcept;

  const std::uint32_t subflows_;
  const unsigned bits_;      // of the numbers that are shuffled: 2^bits_ is subflows_ or more
  std::uint32_t next_ = 0;   // number before shuffling
  std::uint32_t shown_ = 0;  // of this round
  std::uint64_t round_ = 0;
  std::array<std::array<std::uint8_t, 128>, Burst::kCapacity> frames_;
};

}  // namespace mptap::bench

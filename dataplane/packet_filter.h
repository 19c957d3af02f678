// Which packets a worker looks at.
#pragma once

#include <cstdint>

#include "dataplane/packet_source.h"

namespace mptap {

/// Decides by the bytes of a packet alone. All workers may ask one filter at once.
class PacketFilter {
 public:
  PacketFilter() = default;
  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;
  virtual ~PacketFilter() = default;

  /// @return Bit i is set where packet i of `burst` passes; those behind its size are 0.
  /// Any thread; no allocation, no lock, no throw.
  [[nodiscard]] virtual std::uint64_t pick_passing(const Burst& burst) const noexcept = 0;
};
static_assert(Burst::kCapacity <= 64, "a bit for each packet");

}  // namespace mptap

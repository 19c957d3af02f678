// Names flows to a table.
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/choose.h"
#include "dataplane/seeded_hash.h"

namespace mptap {

/// What a flow is to the table, the same for both directions, and which end sent the packet.
struct FlowName {
  std::uint64_t hash;
  bool source_is_low;
};

namespace flow_detail {

template <typename T>
T load(const std::uint8_t* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// An IPv4 address and a port, as they stand in memory.
inline std::uint64_t end_of_v4(std::uint32_t address, std::uint32_t port) { return address | std::uint64_t{port} << 32; }

}  // namespace flow_detail

/// Names a flow to a table: two flows have one name with a probability of about 2^-64, which no sender can raise without the
/// table's seed. Which end is called low does not matter, only that both directions agree; of IPv6, each end becomes one word
/// first. No branch goes by it, for half of all packets come from the low end.
///
/// @param addresses  Source and destination as they stand in the packet: 4 bytes each, or 16.
/// @param ports      Source and destination, 4 bytes.
/// Any thread; no allocation, no throw.
[[nodiscard, gnu::always_inline]] inline FlowName name_flow(const std::uint8_t* addresses, const std::uint8_t* ports, bool is_v4,
                                                            std::uint32_t scope, const SeededHash& hash) noexcept {
  using flow_detail::load, flow_detail::end_of_v4;
  const auto both_ports = load<std::uint32_t>(ports);
  std::uint64_t source, destination;
  if (is_v4) {
    const auto both = load<std::uint64_t>(addresses);
    source = end_of_v4(static_cast<std::uint32_t>(both), both_ports & 0xffffu);
    destination = end_of_v4(static_cast<std::uint32_t>(both >> 32), both_ports >> 16);
  } else {
    source = hash.of_end(load<std::uint64_t>(addresses), load<std::uint64_t>(addresses + 8), static_cast<std::uint16_t>(both_ports));
    destination =
        hash.of_end(load<std::uint64_t>(addresses + 16), load<std::uint64_t>(addresses + 24), static_cast<std::uint16_t>(both_ports >> 16));
  }
  const bool source_is_low = source <= destination;
  const std::uint64_t low = choose(source_is_low, source, destination);
  return {hash.of_pair(low, source ^ destination ^ low, scope), source_is_low};
}

/// Flows that a burst may open, so that what follows of them concerns the tracker, too: false for most others.
class FewFlows {
 public:
  void add(std::uint64_t hash) { bits_ |= bit(hash); }
  [[nodiscard]] bool may_hold(std::uint64_t hash) const { return (bits_ & bit(hash)) != 0; }

 private:
  static std::uint64_t bit(std::uint64_t hash) { return std::uint64_t{1} << (hash & 63); }
  std::uint64_t bits_ = 0;
};

}  // namespace mptap

// Names flows to the subflow table.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/frame.h"
#include "dataplane/subflow_table.h"

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

// Which end is called low does not matter, only that both directions agree: words are compared as they stand in memory.
// Half of all packets come from the low end: without branches, which would be guessed wrong as often as not.

[[gnu::always_inline]] inline FlowName name_v4(const Frame& frame, const SubflowTable& table) noexcept {
  const std::uint64_t source = std::uint64_t{load<std::uint32_t>(frame.addresses)} << 16 | load<std::uint16_t>(frame.tcp.data());
  const std::uint64_t destination =
      std::uint64_t{load<std::uint32_t>(frame.addresses + 4)} << 16 | load<std::uint16_t>(frame.tcp.data() + 2);
  const bool low = source <= destination;
  const std::uint64_t swap = (source ^ destination) & (low ? 0 : ~std::uint64_t{0});
  return {table.hash_of_v4(source ^ swap, destination ^ swap, frame.scope), low};
}

[[gnu::always_inline]] inline FlowName name_v6(const Frame& frame, const SubflowTable& table) noexcept {
  using Words = std::array<std::uint64_t, 2>;
  const auto source = load<Words>(frame.addresses);
  const auto destination = load<Words>(frame.addresses + 16);
  const std::uint64_t source_port = load<std::uint16_t>(frame.tcp.data());
  const std::uint64_t destination_port = load<std::uint16_t>(frame.tcp.data() + 2);
  const bool equal = ((source[0] ^ destination[0]) | (source[1] ^ destination[1])) == 0;
  const int high_less = source[1] < destination[1];
  const int high_equal = source[1] == destination[1];
  const int less = high_less | (high_equal & int{source[0] < destination[0]});
  const bool low = (less | (int{equal} & int{source_port <= destination_port})) != 0;
  const std::uint64_t swap = low ? 0 : ~std::uint64_t{0};
  const std::uint64_t first = (source[0] ^ destination[0]) & swap;
  const std::uint64_t second = (source[1] ^ destination[1]) & swap;
  const std::uint64_t ports_swap = (source_port ^ destination_port) & swap;
  const std::uint64_t ports = (source_port ^ ports_swap) | (destination_port ^ ports_swap) << 16;
  const std::array<std::uint64_t, 5> key{source[0] ^ first, source[1] ^ second, destination[0] ^ first,
                                         destination[1] ^ second, ports | std::uint64_t{frame.scope} << 32};
  return {table.hash_of(key), low};
}

}  // namespace flow_detail

/// @param frame  Its TCP header is whole. Worker thread.
[[gnu::always_inline]] inline FlowName name_flow(const Frame& frame, const SubflowTable& table) noexcept {
  return frame.is_v4 ? flow_detail::name_v4(frame, table) : flow_detail::name_v6(frame, table);
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

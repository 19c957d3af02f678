// One TCP segment on its way from the frame to the tracker.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet_source.h"
#include "dataplane/subflow_slot.h"
#include "dataplane/subflow_table.h"
#include "dataplane/tcp.h"

namespace mptap {

/// What the passes over a burst find out of a segment, each what the next one needs. Nothing is copied that can be read
/// in the packet later, where seldom any of it is needed.
struct SegmentView {
  std::uint64_t hash = 0;                                   // names its flow (see name_flow())
  std::uint64_t print = 0;                                  // tells it from others (see print_of()); 0: not known yet
  std::uint64_t refused_name = 0;                           // of a SYN that seems to find no place: RefusedSyns::name_of(); else 0
  const std::uint8_t* header = nullptr;                     // of TCP, found whole
  const std::uint8_t* addresses = nullptr;                  // see Frame
  std::uint32_t ip_id = 0;
  std::uint32_t likely_slot = SubflowTable::kNone;          // where its subflow seems to be (FlowBatch)
  bool is_v4 = false;
  bool source_is_low = false;
  bool is_new_syn = false;                                  // a SYN of a flow that is not in the table
  std::uint16_t receiver = 0;                               // of a SYN: SubflowTable::receiver_cell()
  OptionScan scan;
  TcpSegment tcp{};                                         // until on_segment(): only `payload_bytes` and `options`

  /// Who speaks to whom.
  [[nodiscard]] IpAddress source() const noexcept { return address_at(0); }
  [[nodiscard]] IpAddress destination() const noexcept { return address_at(1); }

  /// Its flow; valid once `tcp` is. @param is_openers  Whether the flow's opener sent it.
  [[nodiscard]] FourTuple flow(bool is_openers) const noexcept {
    const Endpoint from{source(), tcp.source_port}, to{destination(), tcp.destination_port};
    return is_openers ? FourTuple{from, to} : FourTuple{to, from};
  }

 private:
  [[nodiscard]] IpAddress address_at(std::size_t index) const noexcept {
    return is_v4 ? IpAddress::from_v4(addresses + 4 * index) : IpAddress::from_v6(addresses + 16 * index);
  }
};

/// The flows of a burst's segments side by side, for the passes that look up all of them at once.
struct FlowBatch {
  std::array<std::uint64_t, Burst::kCapacity> hash;
  std::array<std::uint32_t, Burst::kCapacity> slot;
  std::array<std::uint8_t, Burst::kCapacity> is_syn;        // of a flow that is probably new
};

}  // namespace mptap

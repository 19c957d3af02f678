// Plain TCP told by a glance: what most of any tap's frames are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/packet_source.h"
#include "dataplane/wire_pattern.h"

namespace mptap::frame_detail {

/// Ethernet, IP without options, extension headers or fragments, TCP: what its bytes are and where its parts stand. IPv4 and
/// IPv6 follow each other at random: by a row each they go one way through the code, for a wrong guess would cost more than
/// all of it.
struct PlainShape {
  WirePattern ip;             // of the bytes from the EtherType on
  std::uint8_t length_at;     // IPv4's total length, or IPv6's payload length
  std::uint8_t length_less;   // what it counts that is before TCP
  std::uint8_t tcp_at;
};

namespace glance_detail {

constexpr std::size_t kTypeAt = 12;
constexpr std::uint8_t kTcp = 6;
/// IPv4-mapped addresses are not plain. All that are in use have this bit in their first byte, as 2000::/3, fc00::/7,
/// fe80::/10 and ff00::/8.
constexpr std::uint8_t kInUse = 0x20;

constexpr std::array<PlainShape, 2> kShapes{{
    {.ip = make_wire_pattern(kTypeAt, {{12, 0x08}, {13, 0x00}, {14, 0x45}, {20, 0, 0x3f}, {21, 0}, {23, kTcp}}),
     .length_at = 16,
     .length_less = 20,
     .tcp_at = 34},
    {.ip = make_wire_pattern(kTypeAt, {{12, 0x86}, {13, 0xdd}, {14, 0x60, 0xf0}, {20, kTcp}, {22, kInUse, kInUse}, {38, kInUse, kInUse}}),
     .length_at = 18,
     .length_less = 0,
     .tcp_at = 54},
}};

/// A TCP header with NOP, NOP, timestamps and no other option.
constexpr std::uint32_t kTimestampsHeader = 32;
constexpr WirePattern kTimestamps = make_wire_pattern(0, {{12, 0x80, 0xf0}, {20, 1}, {21, 1}, {22, 8}, {23, 10}});
static_assert(kTimestampsHeader == WirePattern::kBytes);
static_assert(kTypeAt + WirePattern::kBytes <= 34 + kTimestampsHeader, "whoever has IPv4's headers has what is looked at first");

}  // namespace glance_detail

/// A plain frame with a segment whose only options are timestamps: what is of no interest where no subflow is known.
///
/// @return True of no other frame; false also of a few that are such, as where addresses begin with zeros.
/// Any thread; no allocation, no throw.
[[nodiscard, gnu::always_inline]] inline bool has_timestamps_only(const PacketView& packet) noexcept {
  using namespace glance_detail;
  if (packet.link != LinkType::kEthernet || packet.captured_bytes < kShapes[0].tcp_at + kTimestampsHeader) return false;
  const Cursor wire({packet.data, packet.captured_bytes});
  const PlainShape& shape = kShapes[wire.u8(kTypeAt) >> 7];  // 0x08.. or 0x86..
  return shape.ip.fits(wire.at(kTypeAt)) && packet.captured_bytes >= shape.tcp_at + kTimestampsHeader &&
         kTimestamps.fits(wire.at(shape.tcp_at)) && wire.u16(shape.length_at) >= shape.length_less + kTimestampsHeader;
}

}  // namespace mptap::frame_detail

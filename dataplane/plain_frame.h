// What most frames are, parsed in one step.
#pragma once

#include <algorithm>

#include "dataplane/choose.h"
#include "dataplane/frame.h"
#include "dataplane/tcp.h"

namespace mptap::frame_detail {

constexpr std::uint32_t kEthernetHeader = 14;

/// Ethernet, IPv4 without options or fragments, TCP: false where it is anything else, or odd in any way.
/// @param packet  At least 34 bytes are captured.
[[nodiscard, gnu::always_inline]] inline bool parse_plain_ipv4(const PacketView& packet, Frame& out) noexcept {
  constexpr std::uint32_t kHeaders = kEthernetHeader + 20;
  const Cursor wire({packet.data, packet.captured_bytes});
  // EtherType, version and header length; fragment bits and protocol: two comparisons instead of five.
  constexpr std::uint32_t kTypeAndVersion = 0x08004500;
  constexpr std::uint32_t kWholeTcp = 0x00000006;
  const bool plain =
      (((wire.u32(12) ^ kTypeAndVersion) & 0xffffff00u) | ((wire.u32(20) ^ kWholeTcp) & 0x3fff00ffu)) == 0;
  const std::uint32_t total = std::min<std::uint32_t>(wire.u16(16), packet.wire_bytes - kEthernetHeader);
  if (!plain || total < 20) return false;
  out.addresses = wire.at(26);
  out.is_v4 = true;
  out.source = IpAddress::from_v4(wire.at(26));
  out.destination = IpAddress::from_v4(wire.at(30));
  out.ip_id = wire.u16(18);
  out.tcp_bytes = total - 20;
  out.tcp = {packet.data + kHeaders, std::min<std::size_t>(packet.captured_bytes - kHeaders, out.tcp_bytes)};
  return true;
}

/// The same for IPv6 without extension headers.
[[nodiscard]] inline bool parse_plain_ipv6(const PacketView& packet, Frame& out) noexcept {
  constexpr std::uint32_t kHeaders = kEthernetHeader + 40;
  if (packet.captured_bytes < kHeaders) return false;
  const Cursor wire({packet.data, packet.captured_bytes});
  constexpr std::uint32_t kTypeAndVersion = 0x86dd6000;
  constexpr std::uint8_t kTcp = 6;
  const std::uint32_t payload = std::min<std::uint32_t>(wire.u16(18), packet.wire_bytes - kHeaders);
  const bool plain = ((wire.u32(12) ^ kTypeAndVersion) & 0xfffff000u) == 0 && wire.u8(20) == kTcp;
  if (!plain || payload == 0) return false;
  out.addresses = wire.at(22);
  out.is_v4 = false;
  out.source = IpAddress::from_v6(wire.at(22));
  out.destination = IpAddress::from_v6(wire.at(38));
  if (out.source.is_v4() || out.destination.is_v4()) return false;
  out.ip_id = 0;
  out.tcp_bytes = payload;
  out.tcp = {packet.data + kHeaders, std::min<std::size_t>(packet.captured_bytes - kHeaders, payload)};
  return true;
}

/// What most frames are, also where the IP length runs past a frame that was cut; the walk through all headers must say
/// the same of them.
///
/// @param out  Valid where the result is true; a local of the caller stays in registers.
/// Any thread; no allocation, no throw.
[[nodiscard, gnu::always_inline]] inline bool parse_plain(const PacketView& packet, Frame& out) noexcept {
  if (packet.link != LinkType::kEthernet || packet.captured_bytes < kEthernetHeader + 20) return false;
  const bool plain = parse_plain_ipv4(packet, out) || parse_plain_ipv6(packet, out);
  if (!plain) return false;
  out.scope = 0;
  out.first_fragment = false;
  out.tunnels = 0;
  return true;
}

/// A plain frame with a segment whose only options are timestamps, as most of any tap's are: what is of no interest where no
/// subflow is known. IPv4 and IPv6 go the same way through it: they follow each other at random, and a wrong guess would cost
/// more than all of this.
///
/// @return True of no other frame; false also of a few that are such, as where addresses begin with zeros.
/// Any thread; no allocation, no throw.
[[nodiscard, gnu::always_inline]] inline bool has_timestamps_only(const PacketView& packet) noexcept {
  constexpr std::uint32_t kIpv4 = 20, kIpv6 = 40;
  constexpr std::int32_t kTcpHeader = 20 + static_cast<std::int32_t>(tcp_detail::kTimestampsEnd);
  // At least so much is read, whichever IP it is.
  if (packet.link != LinkType::kEthernet || packet.captured_bytes < kEthernetHeader + kIpv4 + kTcpHeader) return false;
  const Cursor wire({packet.data, packet.captured_bytes});

  // IPv4: EtherType, version and header length, total length; then fragment bits and protocol.
  // IPv6: EtherType and version, payload length behind where IPv4's stands; then the next header.
  const std::uint64_t first = wire.u64(12);
  const std::uint32_t second = wire.u32(20);
  constexpr std::uint32_t kIpv4Type = 0x08004500, kIpv6Type = 0x86dd6000, kTcp = 6;
  const auto type = static_cast<std::uint32_t>(first >> 32);
  const std::uint32_t not_v4 = ((type ^ kIpv4Type) & 0xffffff00u) | ((second ^ kTcp) & 0x3fff00ffu);
  std::uint32_t not_v6 = ((type ^ kIpv6Type) & 0xfffff000u) | (second >> 24 ^ kTcp);
  // IPv4-mapped addresses begin with zeros, and few that may stand in a packet have no bit in common there.
  not_v6 += (wire.u32(22) & wire.u32(38)) == 0 ? 1 : 0;
  if (std::min(not_v4, not_v6) != 0) return false;  // two conditions would be two branches
  const bool is_v4 = not_v4 == 0;

  // IPv4's length counts its header, of 20 bytes, which is 20 bytes shorter than IPv6's. Signed: it may be less than that.
  static_assert(kIpv6 - kIpv4 == kIpv4);
  const std::uint32_t shorter = only_if(is_v4, kIpv4);
  const std::uint32_t headers = kEthernetHeader + kIpv6 - shorter;
  const auto declared = static_cast<std::int32_t>((first >> only_if(is_v4, 16u) & 0xffffu) - shorter);
  const auto captured = static_cast<std::int32_t>(packet.captured_bytes - headers);
  if (std::min(declared, captured) < kTcpHeader) return false;
  constexpr std::uint8_t kDataOffset = kTcpHeader / 4 << 4;
  return (wire.u8(headers + 12) & 0xf0u) == kDataOffset && wire.u32(headers + 20) == tcp_detail::kNopNopTimestamps;
}

}  // namespace mptap::frame_detail

// What most frames are, parsed in one step.
#pragma once

#include <algorithm>

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

}  // namespace mptap::frame_detail

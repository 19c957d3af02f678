#include "dataplane/tunnel.h"

namespace mptap::frame_detail {
namespace {

constexpr Tunnel kCut{FrameStatus::kTunnelHeader, Inner::kIp, 0, 0};
constexpr Tunnel kOther{FrameStatus::kNotTcp, Inner::kIp, 0, 0};
constexpr std::uint16_t kErspan2 = 0x88be;
constexpr std::uint16_t kErspan3 = 0x22eb;

Tunnel parse_erspan2(Layer& at) {
  constexpr std::size_t kHeader = 8;
  if (!at.has(kHeader)) return kCut;
  const std::uint32_t session = at.cursor().u16(2) & 0x3ffu;
  at.consume(kHeader);
  return {FrameStatus::kTcpSegment, Inner::kEthernet, 0, session};
}

Tunnel parse_erspan3(Layer& at) {
  constexpr std::size_t kHeader = 12;
  constexpr std::size_t kPlatformSpecific = 8;
  if (!at.has(kHeader)) return kCut;
  const std::uint32_t session = at.cursor().u16(2) & 0x3ffu;
  const std::size_t size = kHeader + ((at.cursor().u8(11) & 0x01) != 0 ? kPlatformSpecific : 0);
  const bool is_ip = (at.cursor().u8(10) >> 2 & 0x1f) == 2;  // FT: 0 an Ethernet frame, 2 an IP packet
  if (!at.has(size)) return kCut;
  at.consume(size);
  return {FrameStatus::kTcpSegment, is_ip ? Inner::kIp : Inner::kEthernet, 0, session};
}

Tunnel parse_vxlan(Layer& at) {
  constexpr std::size_t kHeader = 8;
  constexpr std::uint8_t kVniValid = 0x08;
  if (!at.has(kHeader)) return kCut;
  if ((at.cursor().u8(0) & kVniValid) == 0) return kOther;
  const std::uint32_t vni = at.cursor().u32(4) >> 8;
  at.consume(kHeader);
  return {FrameStatus::kTcpSegment, Inner::kEthernet, 0, vni};
}

/// Skips the chain of GTP-U extension headers; false where it is cut or does not move.
bool skip_gtpu_extensions(Layer& at, std::uint8_t type) {
  constexpr int kMaxExtensions = 8;
  for (int count = 0; type != 0; ++count) {
    if (count == kMaxExtensions || !at.has(1)) return false;
    const std::size_t size = static_cast<std::size_t>(at.cursor().u8(0)) * 4;
    if (size == 0 || !at.has(size)) return false;
    type = at.cursor().u8(size - 1);
    at.consume(size);
  }
  return true;
}

Tunnel parse_gtpu(Layer& at) {
  constexpr std::size_t kHeader = 8;
  constexpr std::uint8_t kGPdu = 0xff;
  if (!at.has(kHeader)) return kCut;
  const std::uint8_t flags = at.cursor().u8(0);
  if (flags >> 4 != 3 || at.cursor().u8(1) != kGPdu) return kOther;  // version 1, GTP, user data
  const std::uint32_t teid = at.cursor().u32(4);
  at.consume(kHeader);
  if ((flags & 0x07) != 0) {  // E, S or PN: four more bytes, the last names the first extension
    if (!at.has(4)) return kCut;
    const std::uint8_t extension = (flags & 0x04) != 0 ? at.cursor().u8(3) : std::uint8_t{0};
    at.consume(4);
    if (!skip_gtpu_extensions(at, extension)) return kCut;
  }
  return {FrameStatus::kTcpSegment, Inner::kIp, 0, teid};
}

}  // namespace

Tunnel parse_gre(Layer& at) noexcept {
  constexpr std::uint16_t kChecksum = 0x8000;
  constexpr std::uint16_t kRouting = 0x4000;
  constexpr std::uint16_t kKey = 0x2000;
  constexpr std::uint16_t kSequence = 0x1000;
  if (!at.has(4)) return kCut;
  const std::uint16_t flags = at.cursor().u16(0);
  const std::uint16_t type = at.cursor().u16(2);
  if ((flags & 0x0007) != 0) return kOther;  // version 1 is PPTP
  if ((flags & kRouting) != 0) return kCut;
  const std::size_t before_key = (flags & kChecksum) != 0 ? 8 : 4;
  const std::size_t size = before_key + ((flags & kKey) != 0 ? 4 : 0) + ((flags & kSequence) != 0 ? 4 : 0);
  if (!at.has(size)) return kCut;
  const std::uint32_t key = (flags & kKey) != 0 ? at.cursor().u32(before_key) : 0;
  at.consume(size);
  if (type == kErspan2) {  // type I has neither a sequence number nor a header
    return (flags & kSequence) != 0 ? parse_erspan2(at) : Tunnel{FrameStatus::kTcpSegment, Inner::kEthernet, 0, key};
  }
  if (type == kErspan3) return parse_erspan3(at);
  return {FrameStatus::kTcpSegment, Inner::kEtherType, type, key};
}

Tunnel parse_udp_tunnel(Layer& at, const FrameOptions& options) noexcept {
  constexpr std::size_t kHeader = 8;
  if (!at.has(kHeader)) return kOther;
  const std::uint16_t port = at.cursor().u16(2);
  if (port != options.vxlan_port && port != options.gtpu_port) return kOther;
  at.consume(kHeader);
  return port == options.vxlan_port ? parse_vxlan(at) : parse_gtpu(at);
}

}  // namespace mptap::frame_detail

#include "dataplane/frame.h"

#include "dataplane/plain_frame.h"
#include "dataplane/tunnel.h"

namespace mptap {
namespace {

using frame_detail::Layer;

constexpr std::uint8_t kMaxTags = 8;
constexpr std::uint8_t kMaxExtensionHeaders = 16;

namespace ether_type {
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint16_t kVlan = 0x8100;
constexpr std::uint16_t kQinQ = 0x88a8;
constexpr std::uint16_t kOldQinQ = 0x9100;
constexpr std::uint16_t kMpls = 0x8847;
constexpr std::uint16_t kMplsMulticast = 0x8848;
constexpr std::uint16_t kPppoeSession = 0x8864;
constexpr std::uint16_t kTransparentBridging = 0x6558;
}  // namespace ether_type

namespace ip_protocol {
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kIpv4 = 4;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIpv6 = 41;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kGre = 47;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kMobility = 135;
constexpr std::uint8_t kHip = 139;
constexpr std::uint8_t kShim6 = 140;
}  // namespace ip_protocol

/// What stands at the current position.
enum class Next : std::uint8_t { kEthernet, kEtherType, kIpv4, kIpv6, kIpByVersion, kIpProtocol };

/// Walks the headers of one frame from the outside in. Each step consumes what it reads and names what follows.
class FrameWalk {
 public:
  FrameWalk(const PacketView& packet, const FrameOptions& options, Frame& out)
      : options_(options),
        out_(out),
        at_{{packet.data, packet.captured_bytes}, packet.wire_bytes},
        next_(packet.link == LinkType::kRawIp ? Next::kIpByVersion : Next::kEthernet) {
    out.scope = 0;
    out.tunnels = 0;
    out.first_fragment = false;
  }

  FrameStatus walk(LinkType link) {
    FrameStatus status = enter_link(link);
    while (status == FrameStatus::kTcpSegment && !arrived_) {
      switch (next_) {
        case Next::kEthernet: status = step_ethernet(); break;
        case Next::kEtherType: status = step_ether_type(); break;
        case Next::kIpv4: status = step_ipv4(); break;
        case Next::kIpv6: status = step_ipv6(); break;
        case Next::kIpByVersion: status = step_ip_by_version(); break;
        case Next::kIpProtocol: status = step_ip_protocol(); break;
      }
    }
    return status;
  }

 private:
  static constexpr FrameStatus kGoOn = FrameStatus::kTcpSegment;

  /// The link header; Ethernet and raw IP are ordinary steps.
  FrameStatus enter_link(LinkType link) {
    if (link != LinkType::kSll && link != LinkType::kSll2) return kGoOn;
    const std::size_t header = link == LinkType::kSll ? 16 : 20;
    if (!at_.has(header)) return FrameStatus::kLinkTruncated;
    ether_type_ = at_.cursor().u16(link == LinkType::kSll ? 14 : 0);
    at_.consume(header);
    next_ = Next::kEtherType;
    return kGoOn;
  }

  FrameStatus step_ethernet() {
    if (!at_.has(14)) return FrameStatus::kLinkTruncated;
    ether_type_ = at_.cursor().u16(12);
    at_.consume(14);
    next_ = Next::kEtherType;
    return kGoOn;
  }

  FrameStatus step_ether_type() {
    switch (ether_type_) {
      case ether_type::kIpv4: next_ = Next::kIpv4; return kGoOn;
      case ether_type::kIpv6: next_ = Next::kIpv6; return kGoOn;
      case ether_type::kVlan:
      case ether_type::kQinQ:
      case ether_type::kOldQinQ: return step_vlan();
      case ether_type::kMpls:
      case ether_type::kMplsMulticast: return step_mpls();
      case ether_type::kPppoeSession: return step_pppoe();
      case ether_type::kTransparentBridging: next_ = Next::kEthernet; return kGoOn;
      default: return FrameStatus::kNotIp;
    }
  }

  FrameStatus step_vlan() {
    if (!at_.has(4)) return FrameStatus::kLinkTruncated;
    if (++tags_ > kMaxTags) return FrameStatus::kTooDeep;
    if (options_.vlan_in_identity) fold_scope(at_.cursor().u16(0) & 0x0fffu);
    ether_type_ = at_.cursor().u16(2);
    at_.consume(4);
    return kGoOn;
  }

  FrameStatus step_mpls() {
    for (bool bottom = false; !bottom;) {
      if (!at_.has(4)) return FrameStatus::kLinkTruncated;
      if (++tags_ > kMaxTags) return FrameStatus::kTooDeep;
      const std::uint32_t entry = at_.cursor().u32(0);
      bottom = (entry & 0x100u) != 0;
      if (options_.vlan_in_identity) fold_scope(entry >> 12);
      at_.consume(4);
    }
    if (!at_.has(1)) return FrameStatus::kLinkTruncated;
    const std::uint8_t version = at_.cursor().u8(0) >> 4;
    if (version == 4 || version == 6) {
      next_ = Next::kIpByVersion;
      return kGoOn;
    }
    if (version == 0) {  // control word of an Ethernet pseudowire (RFC 4448)
      if (!at_.has(4)) return FrameStatus::kLinkTruncated;
      at_.consume(4);
    }
    next_ = Next::kEthernet;
    return kGoOn;
  }

  FrameStatus step_pppoe() {
    if (!at_.has(8)) return FrameStatus::kLinkTruncated;
    if (++tags_ > kMaxTags) return FrameStatus::kTooDeep;
    const std::uint16_t protocol = at_.cursor().u16(6);
    if (protocol != 0x0021 && protocol != 0x0057) return FrameStatus::kNotIp;
    at_.consume(8);
    next_ = protocol == 0x0021 ? Next::kIpv4 : Next::kIpv6;
    return kGoOn;
  }

  FrameStatus step_ip_by_version() {
    if (!at_.has(1)) return FrameStatus::kIpTruncated;
    const std::uint8_t version = at_.cursor().u8(0) >> 4;
    if (version != 4 && version != 6) return FrameStatus::kNotIp;
    next_ = version == 4 ? Next::kIpv4 : Next::kIpv6;
    return kGoOn;
  }

  FrameStatus step_ipv4() {
    if (!at_.has(20)) return FrameStatus::kIpTruncated;
    const Cursor wire = at_.cursor();
    const std::size_t header = static_cast<std::size_t>(wire.u8(0) & 0x0f) * 4;
    if (wire.u8(0) >> 4 != 4 || header < 20) return FrameStatus::kIpHeader;
    if (!at_.has(header)) return FrameStatus::kIpTruncated;
    const std::uint16_t total = wire.u16(2);
    if (total != 0) {  // 0: a super-packet of segmentation offload
      if (total < header) return FrameStatus::kIpHeader;
      at_.limit(total);
    }
    if (at_.wire < header) return FrameStatus::kIpHeader;
    const std::uint16_t fragment = wire.u16(6);
    if ((fragment & 0x1fff) != 0) return FrameStatus::kFragment;
    out_.first_fragment |= (fragment & 0x2000) != 0;
    out_.ip_id = wire.u16(4);
    out_.addresses = wire.at(12);
    out_.is_v4 = true;
    out_.source = IpAddress::from_v4(wire.at(12));
    out_.destination = IpAddress::from_v4(wire.at(16));
    protocol_ = wire.u8(9);
    at_.consume(header);
    next_ = Next::kIpProtocol;
    return kGoOn;
  }

  FrameStatus step_ipv6() {
    if (!at_.has(40)) return FrameStatus::kIpTruncated;
    const Cursor wire = at_.cursor();
    if (wire.u8(0) >> 4 != 6) return FrameStatus::kIpHeader;
    const std::uint16_t payload = wire.u16(4);
    out_.addresses = wire.at(8);
    out_.is_v4 = false;
    out_.source = IpAddress::from_v6(wire.at(8));
    out_.destination = IpAddress::from_v6(wire.at(24));
    if (out_.source.is_v4() || out_.destination.is_v4()) return FrameStatus::kMappedAddress;
    out_.ip_id = 0;
    protocol_ = wire.u8(6);
    at_.consume(40);
    if (payload != 0) at_.limit(payload);  // 0: a jumbogram or a super-packet
    next_ = Next::kIpProtocol;
    return protocol_ == ip_protocol::kTcp ? kGoOn : step_extension_headers();
  }

  /// RFC 8200 section 4; each header names the next and, but for the fragment header, its own length.
  FrameStatus step_extension_headers() {
    for (std::uint8_t count = 0; is_extension(protocol_); ++count) {
      if (count == kMaxExtensionHeaders) return FrameStatus::kTooDeep;
      if (!at_.has(8)) return FrameStatus::kIpTruncated;
      const Cursor wire = at_.cursor();
      std::size_t size = 8;
      if (protocol_ == ip_protocol::kFragment) {
        const std::uint16_t fragment = wire.u16(2);
        if ((fragment & 0xfff8) != 0) return FrameStatus::kFragment;
        out_.first_fragment |= (fragment & 1) != 0;
        out_.ip_id = wire.u32(4);
      } else if (protocol_ == ip_protocol::kAuthentication) {
        size = (static_cast<std::size_t>(wire.u8(1)) + 2) * 4;
      } else {
        size = (static_cast<std::size_t>(wire.u8(1)) + 1) * 8;
      }
      if (size > at_.wire) return FrameStatus::kIpHeader;
      if (!at_.has(size)) return FrameStatus::kIpTruncated;
      protocol_ = wire.u8(0);
      at_.consume(size);
    }
    return kGoOn;
  }

  static bool is_extension(std::uint8_t protocol) {
    switch (protocol) {
      case ip_protocol::kHopByHop:
      case ip_protocol::kRouting:
      case ip_protocol::kFragment:
      case ip_protocol::kAuthentication:
      case ip_protocol::kDestinationOptions:
      case ip_protocol::kMobility:
      case ip_protocol::kHip:
      case ip_protocol::kShim6: return true;
      default: return false;
    }
  }

  FrameStatus step_ip_protocol() {
    if (protocol_ == ip_protocol::kTcp) {
      out_.tcp = at_.bytes;
      out_.tcp_bytes = at_.wire;
      arrived_ = true;
      return kGoOn;
    }
    if (!options_.decapsulate) return FrameStatus::kNotTcp;
    switch (protocol_) {
      case ip_protocol::kIpv4: return enter_tunnel(Next::kIpv4, 0);
      case ip_protocol::kIpv6: return enter_tunnel(Next::kIpv6, 0);
      case ip_protocol::kGre: return follow(frame_detail::parse_gre(at_));
      case ip_protocol::kUdp: return follow(frame_detail::parse_udp_tunnel(at_, options_));
      default: return FrameStatus::kNotTcp;
    }
  }

  FrameStatus follow(const frame_detail::Tunnel& tunnel) {
    if (tunnel.status != kGoOn) return tunnel.status;
    ether_type_ = tunnel.ether_type;
    switch (tunnel.inner) {
      case frame_detail::Inner::kEthernet: return enter_tunnel(Next::kEthernet, tunnel.id);
      case frame_detail::Inner::kEtherType: return enter_tunnel(Next::kEtherType, tunnel.id);
      case frame_detail::Inner::kIp: break;
    }
    return enter_tunnel(Next::kIpByVersion, tunnel.id);
  }

  FrameStatus enter_tunnel(Next inner, std::uint32_t id) {
    if (out_.tunnels >= options_.max_depth) return FrameStatus::kTooDeep;
    ++out_.tunnels;
    if (options_.tunnel_in_identity) fold_scope(id);
    next_ = inner;
    return kGoOn;
  }

  /// Not a secret hash: equal stacks of IDs give equal scopes, and the table's seeded hash covers the rest.
  void fold_scope(std::uint32_t id) { out_.scope = (out_.scope ^ (id + 1)) * 0x9e3779b1u; }

  const FrameOptions& options_;
  Frame& out_;
  Layer at_;
  Next next_;
  std::uint16_t ether_type_ = 0;
  std::uint8_t protocol_ = 0;
  std::uint8_t tags_ = 0;
  bool arrived_ = false;
};

}  // namespace

FrameStatus frame_detail::walk_frame(const PacketView& packet, const FrameOptions& options, Frame& out) noexcept {
  return FrameWalk(packet, options, out).walk(packet.link);
}

FrameStatus parse_frame(const PacketView& packet, const FrameOptions& options, Frame& out) noexcept {
  if (frame_detail::parse_plain(packet, out)) [[likely]] return FrameStatus::kTcpSegment;
  return frame_detail::walk_frame(packet, options, out);
}

const char* label_of(FrameStatus status) {
  static constexpr const char* kLabels[] = {
#define X(name, label, sentence) label,
      MPTAP_FRAME_STATUSES(X)
#undef X
  };
  return kLabels[static_cast<std::size_t>(status)];
}

const char* sentence_of(FrameStatus status) {
  static constexpr const char* kSentences[] = {
#define X(name, label, sentence) sentence,
      MPTAP_FRAME_STATUSES(X)
#undef X
  };
  return kSentences[static_cast<std::size_t>(status)];
}

}  // namespace mptap

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "tests/support/bytes.h"
#include "tests/support/ip_address.h"

namespace mptap::testing {

// One struct per header that PacketBuilder can stack. Fields are in host order. Lengths, checksums and
// "what comes next" numbers are derived when the frame is built; an override replaces a derived value,
// for packets that lie.

using MacAddress = std::array<std::uint8_t, 6>;

struct EthernetLayer {  // IEEE 802.3
  MacAddress destination{0x02, 0, 0, 0, 0, 0x02};
  MacAddress source{0x02, 0, 0, 0, 0, 0x01};
};

struct SllLayer {  // LINKTYPE_LINUX_SLL, 16 bytes
  std::uint16_t packet_type = 0;
  MacAddress source{0x02, 0, 0, 0, 0, 0x01};
};

struct Sll2Layer {  // LINKTYPE_LINUX_SLL2, 20 bytes
  std::uint8_t packet_type = 0;
  std::uint32_t interface_index = 2;
  MacAddress source{0x02, 0, 0, 0, 0, 0x01};
};

struct VlanLayer {  // IEEE 802.1Q; 802.1ad with ether_type 0x88a8
  std::uint16_t ether_type = 0x8100;
  std::uint16_t vlan_id = 0;
  std::uint8_t priority = 0;
};

struct MplsLayer {  // RFC 3032; the bottom-of-stack bit is derived
  std::uint32_t label = 16;
  std::uint8_t ttl = 64;
};

struct Ipv4Layer {  // RFC 791
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t dscp_ecn = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = true;
  bool more_fragments = false;
  std::uint16_t fragment_offset_bytes = 0;  // a multiple of 8
  std::uint8_t ttl = 64;
  Bytes options{};  // padded to a multiple of 4 with end-of-list
  std::optional<std::uint8_t> version{};
  std::optional<std::uint8_t> header_words{};
  std::optional<std::uint16_t> total_length{};
  std::optional<std::uint8_t> protocol{};
};

struct Ipv6Layer {  // RFC 8200
  IpAddress source{};
  IpAddress destination{};
  std::uint32_t flow_label = 0;
  std::uint8_t hop_limit = 64;
  std::optional<std::uint16_t> payload_length{};
  std::optional<std::uint8_t> next_header{};
};

struct Ipv6ExtensionLayer {  // hop-by-hop 0, routing 43, destination options 60, ...
  std::uint8_t type = 60;
  Bytes content{};  // what follows the length byte; padded so that the header is a multiple of 8 bytes
  std::optional<std::uint8_t> length_units{};
};

struct Ipv6FragmentLayer {  // RFC 8200 section 4.5
  std::uint16_t offset_bytes = 0;
  bool more_fragments = false;
  std::uint32_t identification = 0;
  std::optional<std::uint8_t> next_header{};
};

struct GreLayer {  // RFC 2784, RFC 2890; an Ethernet payload is EtherType 0x6558
  std::optional<std::uint32_t> key{};
  std::optional<std::uint32_t> sequence{};
  bool checksum = false;
};

struct Erspan2Layer {  // header of type II, inside GRE with a sequence number
  std::uint16_t session_id = 1;
  std::uint16_t vlan_id = 0;
  std::uint32_t index = 0;
};

struct Erspan3Layer {  // header of type III, with or without the platform subheader
  std::uint16_t session_id = 1;
  std::uint16_t vlan_id = 0;
  std::uint32_t timestamp = 0;
  bool platform_subheader = false;
};

struct UdpLayer {  // RFC 768
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  bool zero_checksum = false;
};

struct VxlanLayer {  // RFC 7348, inside UDP port 4789
  std::uint32_t vni = 0;
};

struct GtpuExtension {  // 3GPP TS 29.281 section 5.2: content of 4n - 2 bytes
  std::uint8_t type = 0x85;
  Bytes content{0x00, 0x01};
};

struct GtpuLayer {  // a G-PDU, inside UDP port 2152
  std::uint32_t teid = 0;
  std::optional<std::uint16_t> sequence{};
  std::vector<GtpuExtension> extensions{};
};

struct TcpLayer {  // RFC 9293
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0xffff;
  std::uint16_t urgent = 0;
  Bytes options{};  // padded to a multiple of 4 with NOPs
  std::optional<std::uint8_t> header_words{};
  std::optional<std::uint16_t> checksum{};
};

/// Any bytes; `number` is the EtherType or IP protocol that announces them.
struct RawLayer {
  std::uint16_t number = 0;
  Bytes content{};
};

using Layer = std::variant<EthernetLayer, SllLayer, Sll2Layer, VlanLayer, MplsLayer, Ipv4Layer, Ipv6Layer,
                           Ipv6ExtensionLayer, Ipv6FragmentLayer, GreLayer, Erspan2Layer, Erspan3Layer,
                           UdpLayer, VxlanLayer, GtpuLayer, TcpLayer, RawLayer>;

/// The header of `layer`, to stand in front of `body`.
///
/// @param next  The layer that `body` starts with; nullptr if it is payload. It decides EtherTypes and
///              protocol numbers.
/// @param ip    The IPv4 or IPv6 layer around this one; nullptr outside IP. TCP and UDP checksums need it.
/// @return the header bytes. Throws std::length_error where options do not fit a header.
Bytes build_header(const Layer& layer, const Layer* next, const Layer* ip,
                   std::span<const std::uint8_t> body);

/// The IP protocol number that announces `layer`; 59 (no next header) where there is none.
std::uint8_t ip_protocol_of(const Layer* layer);

}  // namespace mptap::testing

// From the first byte of a frame to its TCP segment, through tags and tunnels.
#pragma once

#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/packet_source.h"
#include "dataplane/types.h"

namespace mptap {

/// Why a frame is not a TCP segment for us: a row each gives the enum, the counter's label and the sentence.
#define MPTAP_FRAME_STATUSES(X)                                                                  \
  X(TcpSegment, "tcp", "a TCP segment")                                                          \
  X(NotIp, "not_ip", "neither IPv4 nor IPv6")                                                    \
  X(NotTcp, "not_tcp", "IP, but not TCP")                                                        \
  X(Fragment, "fragment", "an IP fragment other than the first")                                 \
  X(LinkTruncated, "link_truncated", "the captured bytes end inside the link header or a tag")   \
  X(IpTruncated, "ip_truncated", "the captured bytes end inside an IP header")                   \
  X(IpHeader, "ip_header", "an IP header contradicts itself")                                    \
  X(MappedAddress, "mapped_address", "an IPv6 packet carries an IPv4-mapped address")            \
  X(TcpTruncated, "tcp_truncated", "the captured bytes end inside the TCP header")               \
  X(TcpDataOffset, "tcp_data_offset", "the TCP data offset is too small or runs past the packet") \
  X(TunnelHeader, "tunnel_header", "a tunnel header contradicts itself or is cut short")         \
  X(TooDeep, "too_deep", "more tags or tunnels within each other than the configured depth")

enum class FrameStatus : std::uint8_t {
#define X(name, label, sentence) k##name,
  MPTAP_FRAME_STATUSES(X)
#undef X
      kCount
};
constexpr std::size_t kFrameStatuses = static_cast<std::size_t>(FrameStatus::kCount);
[[nodiscard]] const char* label_of(FrameStatus status);
[[nodiscard]] const char* sentence_of(FrameStatus status);
/// True for the statuses that count as malformed in the sum over all frames.
[[nodiscard]] constexpr bool is_malformed(FrameStatus status) { return status > FrameStatus::kFragment; }

/// What parse_frame obeys.
struct FrameOptions {
  bool decapsulate = true;           // look into GRE, ERSPAN, VXLAN, GTP-U and IP in IP
  std::uint8_t max_depth = 4;        // tunnels within tunnels, 0..16
  bool vlan_in_identity = false;     // VLAN and MPLS labels separate flows
  bool tunnel_in_identity = false;   // tunnel IDs separate flows
  std::uint16_t vxlan_port = 4789;   // RFC 7348
  std::uint16_t gtpu_port = 2152;    // 3GPP TS 29.281
};

/// The innermost IP packet of a frame whose payload is TCP.
struct Frame {
  IpAddress source;
  IpAddress destination;
  const std::uint8_t* addresses = nullptr;  // both, as they stand in the packet: 4 bytes each, or 16
  bool is_v4 = false;
  Bytes tcp;                      // captured bytes from the TCP header on
  std::uint32_t tcp_bytes = 0;    // TCP header and payload as the IP header declares
  std::uint32_t scope = 0;        // folded VLAN and tunnel IDs where they are part of the identity, else 0
  std::uint32_t ip_id = 0;        // IPv4 identification; 0 for IPv6
  bool first_fragment = false;
  std::uint8_t tunnels = 0;       // how many tunnel headers were passed
};

/// Parses a frame down to its TCP segment.
///
/// Tags: 802.1Q, 802.1ad, MPLS (with Ethernet or IP below). Tunnels: GRE (RFC 2784, 2890), ERSPAN II and III,
/// VXLAN (RFC 7348), GTP-U (TS 29.281), IP in IP (RFC 2003, 2473). IPv6 extension headers: RFC 8200.
/// An IP length beyond the wire's end is taken as the wire's end; a length of 0 (segmentation offload) too.
/// @param packet   Captured bytes may be fewer than those of the wire.
/// @param options  See FrameOptions.
/// @param out      Valid only on kTcpSegment.
/// Any thread; no allocation, no throw.
[[nodiscard]] FrameStatus parse_frame(const PacketView& packet, const FrameOptions& options, Frame& out) noexcept;

}  // namespace mptap

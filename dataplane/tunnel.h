// Tunnel headers that span ports deliver. Used by parse_frame only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/frame.h"

namespace mptap::frame_detail {

/// What is left of a frame: captured bytes, and how long it is on the wire (never less).
struct Layer {
  Bytes bytes;
  std::uint32_t wire = 0;

  [[nodiscard]] bool has(std::size_t count) const { return count <= bytes.size(); }
  [[nodiscard]] Cursor cursor() const { return Cursor(bytes); }
  void consume(std::size_t count) {
    bytes = bytes.subspan(count);
    wire -= static_cast<std::uint32_t>(count);
  }
  /// Forgets what lies behind `size` bytes: padding, or a later header's lie about its length.
  void limit(std::uint32_t size) {
    wire = std::min(wire, size);
    bytes = bytes.first(std::min<std::size_t>(bytes.size(), size));
  }
};

enum class Inner : std::uint8_t { kEthernet, kEtherType, kIp };

/// What a tunnel header leads to.
struct Tunnel {
  FrameStatus status = FrameStatus::kNotTcp;  // kTcpSegment: go on with `inner`
  Inner inner = Inner::kIp;
  std::uint16_t ether_type = 0;               // for Inner::kEtherType
  std::uint32_t id = 0;                       // VNI, TEID, GRE key or ERSPAN session
};

/// parse_frame without its short cut for plain frames: a test holds one to the other.
[[nodiscard]] FrameStatus walk_frame(const PacketView& packet, const FrameOptions& options, Frame& out) noexcept;

/// Consumes a GRE header and what ERSPAN I, II or III puts behind it.
/// Source: RFC 2784, RFC 2890, draft-foschiano-erspan-03.
[[nodiscard]] Tunnel parse_gre(Layer& at) noexcept;

/// Consumes UDP and VXLAN (RFC 7348) or GTP-U (TS 29.281 section 5) headers; kNotTcp for other UDP.
[[nodiscard]] Tunnel parse_udp_tunnel(Layer& at, const FrameOptions& options) noexcept;

}  // namespace mptap::frame_detail

// TCP header and option list: bytes to views and positions; no state.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/mptcp_option.h"

namespace mptap {

/// One TCP segment in host order (RFC 9293 section 3.1).
struct TcpSegment {
  std::uint16_t source_port;
  std::uint16_t destination_port;
  std::uint32_t seq;
  std::uint32_t ack;
  std::uint8_t flags;
  std::uint32_t payload_bytes;  // as declared by the IP header, captured or not
  std::uint32_t checksum;       // 16 bits checksum, then 16 bits window, of which the latter tells copies
  Bytes options;                // within the captured bytes
};

enum class TcpStatus : std::uint8_t {
  kOk,
  kTruncated,   // the captured bytes end inside the header
  kDataOffset,  // the data offset is below 5 words or runs past the segment
};

constexpr std::uint32_t kMinTcpHeader = 20;

/// Whether a whole TCP header stands at the start of `captured`.
///
/// @param captured        What was captured from the first TCP byte on; may be cut short.
/// @param declared_bytes  TCP header and payload as the IP header tells.
/// Any thread; no allocation, no throw.
[[nodiscard]] inline TcpStatus check_tcp(Bytes captured, std::uint32_t declared_bytes) noexcept {
  const Cursor wire(captured);
  if (!wire.has(0, kMinTcpHeader)) return TcpStatus::kTruncated;
  const std::size_t header_bytes = static_cast<std::size_t>(wire.u8(12) >> 4) * 4;
  if (header_bytes < kMinTcpHeader || header_bytes > declared_bytes) return TcpStatus::kDataOffset;
  return wire.has(0, header_bytes) ? TcpStatus::kOk : TcpStatus::kTruncated;
}

/// Whether check_tcp() finds a header whole in bytes that are no more than declared.
[[nodiscard]] inline bool has_whole_header(Bytes captured) noexcept {
  if (captured.size() < kMinTcpHeader) return false;
  const std::size_t header_bytes = static_cast<std::size_t>(captured[12] >> 4) * 4;
  return header_bytes >= kMinTcpHeader && header_bytes <= captured.size();
}

/// The options of a header that check_tcp() found whole: 0..40 bytes.
[[nodiscard]] inline Bytes tcp_options_of(Bytes captured) noexcept {
  return captured.subspan(kMinTcpHeader, static_cast<std::size_t>(captured[12] >> 4) * 4 - kMinTcpHeader);
}

/// Reads the fields of a header that check_tcp() found whole, but `payload_bytes` and `options`.
inline void read_tcp(const std::uint8_t* header, TcpSegment& out) noexcept {
  const Cursor wire({header, kMinTcpHeader});
  out.source_port = wire.u16(0);
  out.destination_port = wire.u16(2);
  out.seq = wire.u32(4);
  out.ack = wire.u32(8);
  out.flags = wire.u8(13);
  out.checksum = static_cast<std::uint32_t>(wire.u16(16)) << 16 | wire.u16(14);
}

/// check_tcp() and, on kOk, all fields at once; `out` is set only then.
[[nodiscard]] inline TcpStatus parse_tcp(Bytes captured, std::uint32_t declared_bytes, TcpSegment& out) noexcept {
  const TcpStatus status = check_tcp(captured, declared_bytes);
  if (status != TcpStatus::kOk) return status;
  read_tcp(captured.data(), out);
  out.options = tcp_options_of(captured);
  out.payload_bytes = declared_bytes - kMinTcpHeader - static_cast<std::uint32_t>(out.options.size());
  return status;
}

/// Where the MPTCP options of one segment stand.
struct OptionScan {
  /// 40 bytes of options hold at most 13 options of the smallest MPTCP length, 3.
  static constexpr std::size_t kCapacity = 13;
  std::array<std::uint8_t, kCapacity> offset;
  std::array<std::uint8_t, kCapacity> length;
  std::uint8_t count = 0;
  bool has_timestamps = false;  // RFC 7323
  bool broken = false;  // the list itself cannot be walked to its end

  /// As scan_tcp_options() leaves it of a list that has_plain_options().
  void set_plain(bool with_timestamps) noexcept {
    count = 0;
    has_timestamps = with_timestamps;
    broken = false;
  }
};

namespace tcp_detail {
/// The rest of scan_tcp_options(), from the option at `at` on; `at` lies within the list.
void walk_options(const Cursor& wire, std::size_t at, OptionScan& out) noexcept;
}  // namespace tcp_detail

namespace tcp_detail {
// NOP, NOP, timestamps: what nearly every segment begins with, and nearly every plain one ends with.
constexpr std::uint32_t kNopNopTimestamps = 0x0101080a;
constexpr std::size_t kTimestampsEnd = 12;
constexpr std::size_t kSynOptionsEnd = 20;

/// MSS, SACK permitted, timestamps, NOP, window scale: what the SYNs and SYN/ACKs of Linux begin with.
[[nodiscard]] inline bool begins_as_syns_do(const Cursor& wire) noexcept {
  if (wire.size() < kSynOptionsEnd) return false;
  const std::uint32_t mss = wire.u32(0) ^ 0x02040000u;
  const std::uint32_t sack_and_timestamps = wire.u32(4) ^ 0x0402080au;
  const std::uint32_t window_scale = wire.u32(16) ^ 0x01030300u;
  return ((mss >> 16) | sack_and_timestamps | (window_scale >> 8)) == 0;
}
}  // namespace tcp_detail

/// Whether the list is empty or holds timestamps alone, as that of most segments: a walk would find nothing else.
[[nodiscard]] inline bool has_plain_options(Bytes options) noexcept {
  if (options.size() != tcp_detail::kTimestampsEnd) return options.empty();
  return Cursor(options).u32(0) == tcp_detail::kNopNopTimestamps;
}

/// Finds the options of kind 30 in a TCP option list.
///
/// Ends at kind 0 or at the end of the list; a list that cannot be walked keeps what was found before.
/// @param options  0..40 bytes.
/// @param out      Overwritten.
/// Source: RFC 9293 section 3.2. Any thread; no allocation, no throw.
inline void scan_tcp_options(Bytes options, OptionScan& out) noexcept {
  out.count = 0;
  out.broken = false;
  const Cursor wire(options);
  using tcp_detail::kNopNopTimestamps, tcp_detail::kTimestampsEnd;
  std::size_t at = 0;
  if (wire.size() >= kTimestampsEnd && wire.u32(0) == kNopNopTimestamps) {
    at = kTimestampsEnd;
  } else if (tcp_detail::begins_as_syns_do(wire)) {
    at = tcp_detail::kSynOptionsEnd;
  }
  out.has_timestamps = at != 0;
  const std::size_t room = wire.size() - at;
  if (room == 0) return;
  // One MPTCP option and nothing but two NOPs behind it: what most segments with one end with.
  constexpr std::uint8_t kMptcp = 30;
  constexpr std::uint16_t kNopNop = 0x0101;
  if (room >= 4 && wire.u8(at) == kMptcp) {
    const std::uint8_t length = wire.u8(at + 1);
    if (length >= 3 && (length == room || (length + 2u == room && wire.u16(wire.size() - 2) == kNopNop))) {
      out.offset[0] = static_cast<std::uint8_t>(at);
      out.length[0] = length;
      out.count = 1;
      return;
    }
  }
  tcp_detail::walk_options(wire, at, out);
}

}  // namespace mptap

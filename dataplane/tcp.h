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
  std::uint32_t checksum;       // 16 bits checksum and 16 bits window: part of the copy fingerprint
  Bytes options;                // within the captured bytes
};

enum class TcpStatus : std::uint8_t {
  kOk,
  kTruncated,   // the captured bytes end inside the header
  kDataOffset,  // the data offset is below 5 words or runs past the segment
};

/// Parses the TCP header at the start of `captured`.
///
/// @param captured        What was captured from the first TCP byte on; may be cut short.
/// @param declared_bytes  TCP header and payload as the IP header tells.
/// @param out             Set only on kOk.
/// Any thread; no allocation, no throw.
[[nodiscard]] TcpStatus parse_tcp(Bytes captured, std::uint32_t declared_bytes, TcpSegment& out) noexcept;

/// Where the MPTCP options of one segment stand.
struct OptionScan {
  /// 40 bytes of options hold at most 13 options of the smallest MPTCP length, 3.
  static constexpr std::size_t kCapacity = 13;
  std::array<std::uint8_t, kCapacity> offset;
  std::array<std::uint8_t, kCapacity> length;
  std::uint8_t count = 0;
  bool has_timestamps = false;  // RFC 7323
  bool broken = false;  // the list itself cannot be walked to its end
};

/// Finds the options of kind 30 in a TCP option list.
///
/// Ends at kind 0 or at the end of the list; a list that cannot be walked keeps what was found before.
/// @param options  0..40 bytes.
/// @param out      Overwritten.
/// Source: RFC 9293 section 3.2. Any thread; no allocation, no throw.
void scan_tcp_options(Bytes options, OptionScan& out) noexcept;

}  // namespace mptap

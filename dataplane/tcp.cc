#include "dataplane/tcp.h"

namespace mptap {
namespace {

constexpr std::size_t kMinHeader = 20;
constexpr std::uint8_t kEndOfList = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kTimestamps = 8;
constexpr std::uint8_t kMptcp = 30;

/// NOP, NOP, timestamps: what nearly every plain data segment carries.
bool is_timestamps_only(const Cursor& wire) {
  constexpr std::uint32_t kNopNopTimestamps = 0x0101080a;
  return wire.size() == 12 && wire.u32(0) == kNopNopTimestamps;
}

}  // namespace

TcpStatus parse_tcp(Bytes captured, std::uint32_t declared_bytes, TcpSegment& out) noexcept {
  const Cursor wire(captured);
  if (!wire.has(0, kMinHeader)) return TcpStatus::kTruncated;
  const std::size_t header_bytes = static_cast<std::size_t>(wire.u8(12) >> 4) * 4;
  if (header_bytes < kMinHeader || header_bytes > declared_bytes) return TcpStatus::kDataOffset;
  if (!wire.has(0, header_bytes)) return TcpStatus::kTruncated;
  out.source_port = wire.u16(0);
  out.destination_port = wire.u16(2);
  out.seq = wire.u32(4);
  out.ack = wire.u32(8);
  out.flags = wire.u8(13);
  out.payload_bytes = declared_bytes - static_cast<std::uint32_t>(header_bytes);
  out.checksum = static_cast<std::uint32_t>(wire.u16(16)) << 16 | wire.u16(14);
  out.options = captured.subspan(kMinHeader, header_bytes - kMinHeader);
  return TcpStatus::kOk;
}

void scan_tcp_options(Bytes options, OptionScan& out) noexcept {
  out.count = 0;
  out.broken = false;
  const Cursor wire(options);
  out.has_timestamps = is_timestamps_only(wire);
  if (out.has_timestamps) return;
  std::size_t at = 0;
  while (at < wire.size()) {
    const std::uint8_t kind = wire.u8(at);
    if (kind == kEndOfList) return;
    if (kind == kNoOperation) {
      ++at;
      continue;
    }
    const std::size_t room = wire.size() - at;
    if (room < 2) break;
    const std::uint8_t length = wire.u8(at + 1);
    if (length < 2 || length > room) break;
    out.has_timestamps = out.has_timestamps || kind == kTimestamps;
    if (kind == kMptcp) {
      if (length < 3 || out.count == OptionScan::kCapacity) break;
      out.offset[out.count] = static_cast<std::uint8_t>(at);
      out.length[out.count] = length;
      ++out.count;
    }
    at += length;
  }
  out.broken = at < wire.size();
}

}  // namespace mptap

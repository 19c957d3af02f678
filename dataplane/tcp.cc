#include "dataplane/tcp.h"

namespace mptap {
namespace {

constexpr std::uint8_t kEndOfList = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kTimestamps = 8;
constexpr std::uint8_t kMptcp = 30;

constexpr std::size_t kSynOptionsEnd = 20;

/// MSS, SACK permitted, timestamps, NOP, window scale: what the SYNs and SYN/ACKs of Linux begin with.
bool begins_as_syns_do(const Cursor& wire) {
  if (wire.size() < kSynOptionsEnd) return false;
  const std::uint32_t mss = wire.u32(0) ^ 0x02040000u;
  const std::uint32_t sack_and_timestamps = wire.u32(4) ^ 0x0402080au;
  const std::uint32_t window_scale = wire.u32(16) ^ 0x01030300u;
  return ((mss >> 16) | sack_and_timestamps | (window_scale >> 8)) == 0;
}

}  // namespace

void tcp_detail::walk_options(const Cursor& wire, std::size_t at, OptionScan& out) noexcept {
  if (at == 0 && begins_as_syns_do(wire)) {
    out.has_timestamps = true;
    at = kSynOptionsEnd;
  }
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

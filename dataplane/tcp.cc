#include "dataplane/tcp.h"

namespace mptap {
namespace {

constexpr std::uint8_t kEndOfList = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kTimestamps = 8;
constexpr std::uint8_t kMptcp = 30;

}  // namespace

void tcp_detail::walk_options(const Cursor& wire, std::size_t at, OptionScan& out) noexcept {
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

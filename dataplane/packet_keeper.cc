#include "dataplane/packet_keeper.h"

#include <algorithm>
#include <cstring>

#include "dataplane/mptcp_option.h"

namespace mptap {
namespace {

constexpr std::uint8_t kEndOfList = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kMptcp = 30;
constexpr std::size_t kKeyOffset = 4;  // in MP_CAPABLE and MP_FASTCLOSE, all versions

bool subtype_holds_key(std::uint8_t subtype) {
  return subtype == static_cast<std::uint8_t>(Subtype::kCapable) ||
         subtype == static_cast<std::uint8_t>(Subtype::kFastClose);
}

void zero(std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{0}); }

}  // namespace

void blank_keys(std::span<std::uint8_t> options) noexcept {
  std::size_t at = 0;
  while (at < options.size()) {
    const std::uint8_t kind = options[at];
    if (kind == kNoOperation) {
      ++at;
      continue;
    }
    const std::size_t room = options.size() - at;
    if (kind == kEndOfList || room < 2 || options[at + 1] < 2 || options[at + 1] > room) break;
    const std::size_t length = options[at + 1];
    if (kind == kMptcp && length > kKeyOffset && subtype_holds_key(options[at + 2] >> 4)) {
      zero(options.subspan(at + kKeyOffset, length - kKeyOffset));
    }
    at += length;
  }
  zero(options.subspan(std::min(at, options.size())));
}

bool PacketKeeper::wants(const Record& record) const noexcept {
  if (packet_ == nullptr) return false;
  return record.kind != RecordKind::kCounters && record.kind != RecordKind::kClosed && record.kind != RecordKind::kDss;
}

void PacketKeeper::keep(const Record& record) noexcept {
  KeptPacket kept;
  kept.print = print_of(record);
  kept.time_ns = record.time_ns;
  kept.slot = record.slot;
  kept.generation = record.generation;
  kept.kind = record.kind;
  kept.link = packet_->link;
  kept.wire_bytes = packet_->wire_bytes;
  kept.source = segment_->source();
  kept.destination = segment_->destination();
  const Bytes options = segment_->tcp.options;
  const auto options_at = static_cast<std::size_t>(options.data() - packet_->data);
  kept.kept_bytes = static_cast<std::uint32_t>(std::min(options_at + options.size(), KeptPacket::kMaxBytes));
  std::memcpy(kept.bytes.data(), packet_->data, kept.kept_bytes);
  if (options_at < kept.kept_bytes) {
    blank_keys(std::span(kept.bytes).subspan(options_at, kept.kept_bytes - options_at));
  }
  (void)shelf_.try_push(kept);
}

}  // namespace mptap

// The headers of a packet that made a record, kept beside the record: what a notice shows of it. Keys are blanked.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/packet_source.h"
#include "dataplane/record.h"
#include "dataplane/seeded_hash.h"
#include "dataplane/types.h"

namespace mptap {

/// Whether its body may hold a key.
[[nodiscard]] constexpr bool may_hold_key(RecordKind kind) noexcept {
  return kind == RecordKind::kOpened || kind == RecordKind::kJoinNotStored || kind == RecordKind::kSynAck ||
         kind == RecordKind::kCapableAck || kind == RecordKind::kFastClose;
}

/// Tells one record from another, so that what was kept beside it is found again; never 0. A body that may hold a key
/// has no part in it, for the print outlives the key; of these kinds a subflow has one at a time.
[[nodiscard]] inline std::uint64_t print_of(const Record& record) noexcept {
  const auto flags = static_cast<std::uint8_t>(record.flags & ~record_flag::kKept);  // set after the print was taken
  std::uint64_t print = mix64(record.time_ns);
  print = mix64(print ^ (std::uint64_t{record.slot} << 32 | std::uint32_t{record.generation} << 16 |
                         static_cast<std::uint32_t>(record.kind) << 8 | flags));
  if (!may_hold_key(record.kind)) {
    for (const std::uint64_t word : record.raw) print = mix64(print ^ word);
  }
  return print | 1u;
}

struct KeptPacket {
  static constexpr std::size_t kMaxBytes = 256;  // link, tags, two IP headers and a full TCP header fit

  std::uint64_t print = 0;                // of its record
  std::uint64_t time_ns = 0;
  std::uint32_t slot = Record::kNoSlot;   // of its record
  std::uint16_t generation = 0;
  RecordKind kind = RecordKind::kNone;
  LinkType link = LinkType::kEthernet;
  std::uint32_t wire_bytes = 0;           // of the frame
  std::uint32_t kept_bytes = 0;           // of `bytes`
  IpAddress source{};
  IpAddress destination{};
  std::array<std::uint8_t, kMaxBytes> bytes{};  // from the first byte of the frame to the end of the TCP header
};
static_assert(sizeof(KeptPacket) == 320);

}  // namespace mptap

// The latest DSS mappings of one direction of a subflow, and what they did that mappings should not.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/types.h"

namespace mptap {

/// Bits of MappingTrack::told: what was told to control once.
namespace track_bit {
constexpr std::uint8_t kWithChecksum = 0x01;
constexpr std::uint8_t kWithoutChecksum = 0x02;
constexpr std::uint8_t kConflict = 0x04;
constexpr std::uint8_t kInfinite = 0x08;
constexpr std::uint8_t kReservedBits = 0x10;
}  // namespace track_bit

/// One cache line beside the slot, touched by segments with a mapping only. Zero bytes are an empty track.
///
/// Worker thread. Remembers kRemembered mappings: what contradicts an older one is not noticed.
struct alignas(64) MappingTrack {
  static constexpr std::size_t kRemembered = 4;
  static constexpr std::uint16_t kTinyBytes = 64;

  struct Entry {
    std::uint32_t ssn;
    std::uint32_t dsn;            // low 32 bits
    std::uint16_t bytes;          // 0: empty
    std::uint16_t spare;
  };

  std::array<Entry, kRemembered> entries;
  std::uint64_t last_mapped_ns;   // of the latest segment with payload and a mapping; 0: none
  std::uint32_t tiny_jumps;       // see CountersBody
  std::uint8_t latest;            // index of the entry written last
  std::uint8_t told;              // track_bit
  std::uint8_t spare[2];

  /// True the first time.
  bool tell_first(std::uint8_t bit) noexcept {
    const bool fresh = (told & bit) == 0;
    told |= bit;
    return fresh;
  }

  /// Whether just this mapping is among the latest.
  [[nodiscard]] bool remembers(std::uint32_t ssn, std::uint32_t bytes) const noexcept {
    for (const Entry& entry : entries) {
      if (entry.bytes != 0 && entry.ssn == ssn && entry.bytes == bytes) return true;
    }
    return false;
  }

  /// Takes a mapping of at least one byte.
  ///
  /// @param bytes  1..65535, without a DATA_FIN.
  /// @return An entry that maps one of the same SSNs to another DSN, or nullptr. Compares 32 bits of the DSN.
  /// Source: RFC 8684 section 3.3.1.
  const Entry* note(std::uint32_t ssn, std::uint32_t dsn, std::uint16_t bytes) noexcept {
    bool known = false;
    for (const Entry& entry : entries) {
      if (entry.bytes == 0) continue;
      const bool overlaps = ssn - entry.ssn < entry.bytes || entry.ssn - ssn < bytes;
      if (!overlaps) continue;
      if (dsn - ssn != entry.dsn - entry.ssn) return &entry;
      known = known || (entry.ssn == ssn && entry.bytes == bytes);
    }
    if (known) return nullptr;  // segmentation offload repeats a mapping in every segment of it
    const Entry& before = entries[latest];
    const bool is_new = before.bytes == 0 || Ssn{before.ssn}.before(Ssn{ssn});
    if (is_new && before.bytes != 0 && bytes <= kTinyBytes && dsn != before.dsn + before.bytes) ++tiny_jumps;
    latest = static_cast<std::uint8_t>((latest + 1u) % kRemembered);
    entries[latest] = Entry{ssn, dsn, bytes, 0};
    return nullptr;
  }
};
static_assert(sizeof(MappingTrack) == 64, "one cache line");

}  // namespace mptap

// The latest DSS mappings of one direction of a subflow, and what they did that mappings should not.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/lazy_array.h"
#include "dataplane/types.h"

namespace mptap {

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

  struct Noted {
    const Entry* conflict;        // an entry that maps one of the same SSNs to another DSN, or nullptr
    bool tiny_jump;               // see CountersBody
  };

  std::array<Entry, kRemembered> entries;
  std::uint64_t last_mapped_ns;   // of the latest segment with payload and a mapping; 0: none
  std::uint32_t slot;             // whose it is: index in the table and direction
  std::uint16_t generation;
  std::uint8_t latest;            // index of the entry written last
  std::uint8_t spare;

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
  /// Source: RFC 8684 section 3.3.1. Compares 32 bits of the DSN.
  Noted note(std::uint32_t ssn, std::uint32_t dsn, std::uint16_t bytes) noexcept {
    bool known = false;
    for (const Entry& entry : entries) {
      if (entry.bytes == 0) continue;
      const bool overlaps = ssn - entry.ssn < entry.bytes || entry.ssn - ssn < bytes;
      if (!overlaps) continue;
      if (dsn - ssn != entry.dsn - entry.ssn) return {&entry, false};
      known = known || (entry.ssn == ssn && entry.bytes == bytes);
    }
    if (known) return {nullptr, false};  // segmentation offload repeats a mapping in every segment of it
    const Entry& before = entries[latest];
    const bool is_new = before.bytes == 0 || Ssn{before.ssn}.before(Ssn{ssn});
    const bool tiny_jump = is_new && before.bytes != 0 && bytes <= kTinyBytes && dsn != before.dsn + before.bytes;
    latest = static_cast<std::uint8_t>((latest + 1u) % kRemembered);
    entries[latest] = Entry{ssn, dsn, bytes, 0};
    return {nullptr, tiny_jump};
  }
};
static_assert(sizeof(MappingTrack) == 64, "one cache line");

/// The tracks of those directions that sent mappings last.
///
/// Worker thread; no allocation after construction. A direction has one place, by the index of its slot, which an
/// attacker does not choose: the first kTracks / 2 slots share with nobody, of more the one that mapped last is
/// remembered.
class MappingTracks {
 public:
  static constexpr std::size_t kTracks = 32'768;  // 2 MiB

  MappingTracks() : tracks_(kTracks) {}

  void prefetch(std::uint32_t slot, unsigned direction) const noexcept {
    __builtin_prefetch(&tracks_[(slot * 2 + direction) % kTracks], 1);
  }

  /// When a direction sent its latest mapping; 0 where it sent none, or another took its place since.
  [[nodiscard]] std::uint64_t last_mapped_ns(std::uint32_t slot, std::uint16_t generation, unsigned direction) const noexcept {
    const std::uint32_t name = slot * 2 + direction;
    const MappingTrack& track = tracks_[name % kTracks];
    return track.slot == name && track.generation == generation ? track.last_mapped_ns : 0;
  }

  /// The track of a direction, empty where another took its place.
  [[nodiscard]] MappingTrack& of(std::uint32_t slot, std::uint16_t generation, unsigned direction) noexcept {
    const std::uint32_t name = slot * 2 + direction;
    MappingTrack& track = tracks_[name % kTracks];
    if (track.slot != name || track.generation != generation) [[unlikely]] {
      track = MappingTrack{};
      track.slot = name;
      track.generation = generation;
    }
    return track;
  }

 private:
  LazyArray<MappingTrack> tracks_;
};

}  // namespace mptap

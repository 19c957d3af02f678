// The latest DSS mappings of one direction of a subflow, and what they did that mappings should not.
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/lazy_array.h"
#include "dataplane/types.h"

namespace mptap {

/// One cache line beside the slot, touched by segments with a mapping only. Zero bytes are an empty track.
///
/// Worker thread. Remembers kRemembered mappings: what contradicts an older one is not noticed.
struct alignas(64) MappingTrack {
  static constexpr std::size_t kRemembered = 4;
  static constexpr std::uint16_t kTinyBytes = 64;

  struct Noted {
    bool conflict;                // a remembered mapping maps one of the same SSNs to another DSN
    bool tiny_jump;               // see CountersBody
    std::uint32_t other_dsn;      // where `conflict`: what that one maps `ssn` to
  };

  // Of the mappings remembered.
  using Lanes [[gnu::vector_size(16)]] = std::uint32_t;
  Lanes ssn;
  Lanes dsn;                      // low 32 bits
  Lanes bytes;                    // 0: empty
  std::uint64_t last_mapped_ns;   // of the latest segment with payload and a mapping; 0: none
  std::uint32_t slot;             // whose it is: index in the table and direction
  std::uint16_t generation;
  std::uint8_t latest;            // index of the entry written last
  std::uint8_t spare;

  /// Whether just this mapping is among the latest.
  [[nodiscard]] bool remembers(std::uint32_t its_ssn, std::uint32_t its_bytes) const noexcept {
    return its_bytes != 0 && any((ssn == its_ssn) & (bytes == its_bytes));
  }

  /// Takes a mapping of at least one byte.
  ///
  /// @param its_bytes  1..65535, without a DATA_FIN.
  /// Source: RFC 8684 section 3.3.1. Compares 32 bits of the DSN.
  Noted note(std::uint32_t its_ssn, std::uint32_t its_dsn, std::uint16_t its_bytes) noexcept {
    const Lanes ahead = its_ssn - ssn;    // of the beginning of each one
    const Lanes behind = ssn - its_ssn;
    const auto overlaps = ((ahead < bytes) | (behind < std::uint32_t{its_bytes})) & (bytes != 0);
    const auto conflicts = overlaps & (dsn - ssn != its_dsn - its_ssn);
    if (any(conflicts)) [[unlikely]] {
      std::size_t at = 0;
      while (conflicts[at] == 0) ++at;
      return {true, false, dsn[at] + ahead[at]};
    }
    // Segmentation offload repeats a mapping in every segment of it.
    if (any(overlaps & (ssn == its_ssn) & (bytes == its_bytes))) return {false, false, 0};
    const bool first = bytes[latest] == 0;
    const bool is_new = first || Ssn{ssn[latest]}.before(Ssn{its_ssn});
    const bool tiny_jump = is_new && !first && its_bytes <= kTinyBytes && its_dsn != dsn[latest] + bytes[latest];
    remember(its_ssn, its_dsn, its_bytes);
    return {false, tiny_jump, 0};
  }

  /// note() of one that begins where all before it end: it overlaps none.
  /// @return Whether it is a tiny jump.
  bool note_next(std::uint32_t its_ssn, std::uint32_t its_dsn, std::uint16_t its_bytes) noexcept {
    const bool tiny_jump = its_bytes <= kTinyBytes && bytes[latest] != 0 && its_dsn != dsn[latest] + bytes[latest];
    remember(its_ssn, its_dsn, its_bytes);
    return tiny_jump;
  }

 private:
  void remember(std::uint32_t its_ssn, std::uint32_t its_dsn, std::uint16_t its_bytes) noexcept {
    latest = static_cast<std::uint8_t>((latest + 1u) % kRemembered);
    ssn[latest] = its_ssn;
    dsn[latest] = its_dsn;
    bytes[latest] = its_bytes;
  }
  template <typename Mask>
  [[nodiscard]] static bool any(const Mask& lanes) noexcept {
    std::uint64_t halves[2];
    static_assert(sizeof halves == sizeof lanes);
    std::memcpy(halves, &lanes, sizeof halves);
    return (halves[0] | halves[1]) != 0;
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

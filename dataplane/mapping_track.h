// The latest DSS mappings of one direction of a subflow, and what they did that mappings should not.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "dataplane/lazy_array.h"
#include "dataplane/prefetch.h"
#include "dataplane/types.h"

namespace mptap {

/// Runs of mappings, each of which goes on where the one before it ended, in both numbers. The latest run grows without
/// being told: the owner says at the next mapping that does not go on how far the direction has come.
///
/// One cache line beside the slot, touched by mappings that do not go on only. Zero bytes are an empty track.
/// Worker thread. Remembers kRemembered runs, of the latest at most kLongest bytes: what contradicts an older one is not
/// noticed.
struct alignas(64) MappingTrack {
  static constexpr std::size_t kRemembered = 4;
  static constexpr std::uint16_t kTinyBytes = 64;
  static constexpr std::uint32_t kLongest = 1u << 28;  // far from half of all SSNs

  struct Noted {
    bool conflict;                // a remembered mapping maps one of the same SSNs to another DSN
    bool tiny_jump;               // see CountersBody
    std::uint32_t other_dsn;      // where `conflict`: what that one maps `ssn` to
  };

  // Of the runs remembered.
  using Lanes [[gnu::vector_size(16)]] = std::uint32_t;
  Lanes ssn;
  Lanes dsn;                      // low 32 bits
  Lanes bytes;                    // 0: empty
  std::uint64_t ssn_high;         // the direction's, turns counted, after the latest mapping that was noted
  std::uint32_t slot;             // whose it is: index in the table and direction
  std::uint16_t generation;
  std::uint8_t latest;            // index of the run with the highest SSNs
  std::uint8_t next;              // index of the place that is given away next, unless it is the latest's

  /// Before anything else is asked about a mapping: what went on since the one noted before belongs to the latest run.
  ///
  /// @param ssn_high_now  The direction's, turns counted.
  /// @param dsn_high_now  One past its highest DSN. Of both, before the mapping.
  void catch_up(std::uint64_t ssn_high_now, std::uint32_t dsn_high_now) noexcept {
    const std::uint64_t moved = ssn_high_now - ssn_high;
    if (moved == 0) return;
    const std::uint32_t high = static_cast<std::uint32_t>(ssn_high_now);
    const bool went_on = bytes[latest] != 0 && ssn[latest] + bytes[latest] == static_cast<std::uint32_t>(ssn_high) &&
                         dsn[latest] - ssn[latest] == dsn_high_now - high;
    ssn_high = ssn_high_now;
    if (moved > kLongest) bytes = Lanes{};  // SSNs come round: what is so old is not what it seems
    if (!went_on) return;
    const std::uint64_t whole = bytes[latest] + moved;
    set_latest(high, dsn_high_now, whole < kLongest ? static_cast<std::uint32_t>(whole) : kLongest);
  }

  /// Whether all SSNs of a mapping are among the remembered.
  [[nodiscard]] bool covers(std::uint32_t its_ssn, std::uint32_t its_bytes) const noexcept {
    const Lanes ahead = its_ssn - ssn;
    return any((ahead < bytes) & (bytes - ahead >= its_bytes));
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
    if (covers(its_ssn, its_bytes)) return {false, false, 0};
    const bool first = bytes[latest] == 0;
    const std::uint32_t latest_end = ssn[latest] + bytes[latest];
    const std::uint32_t its_end = its_ssn + its_bytes;
    const bool is_new = first || Ssn{latest_end}.before(Ssn{its_end});
    if (!is_new) {
      remember(its_ssn, its_dsn, its_bytes);
      return {false, false, 0};
    }
    const std::uint32_t dsn_end = dsn[latest] + bytes[latest];
    const bool begins = note_newest(its_ssn, its_dsn, its_bytes);
    return {false, begins && !first && its_bytes <= kTinyBytes && its_dsn != dsn_end, 0};
  }

  /// note() of one that ends behind all before it and contradicts none.
  /// @return Whether it begins a run.
  bool note_newest(std::uint32_t its_ssn, std::uint32_t its_dsn, std::uint16_t its_bytes) noexcept {
    const bool agrees = bytes[latest] != 0 && dsn[latest] - ssn[latest] == its_dsn - its_ssn;
    if (!agrees || its_ssn - ssn[latest] > bytes[latest]) {
      latest = remember(its_ssn, its_dsn, its_bytes);
      return true;
    }
    const std::uint32_t whole = its_ssn + its_bytes - ssn[latest];
    set_latest(its_ssn + its_bytes, its_dsn + its_bytes, whole < kLongest ? whole : kLongest);
    return false;
  }

 private:
  void set_latest(std::uint32_t ssn_end, std::uint32_t dsn_end, std::uint32_t its_bytes) noexcept {
    ssn[latest] = ssn_end - its_bytes;
    dsn[latest] = dsn_end - its_bytes;
    bytes[latest] = its_bytes;
  }
  /// @return Where.
  std::uint8_t remember(std::uint32_t its_ssn, std::uint32_t its_dsn, std::uint16_t its_bytes) noexcept {
    const bool latest_stays = next == latest && bytes[latest] != 0;
    const auto at = static_cast<std::uint8_t>((next + (latest_stays ? 1u : 0u)) % kRemembered);
    next = static_cast<std::uint8_t>((at + 1u) % kRemembered);
    ssn[at] = its_ssn;
    dsn[at] = its_dsn;
    bytes[at] = its_bytes;
    return at;
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

/// The tracks of those directions that sent mappings which did not go on last.
///
/// Worker thread; no allocation after construction. A direction has one place, by the index of its slot, which an
/// attacker does not choose: the first kTracks / 2 slots share with nobody, of more the one that was noted last
/// is remembered.
class MappingTracks {
 public:
  static constexpr std::size_t kTracks = 32'768;  // 2 MiB

  MappingTracks() : tracks_(kTracks) {}

  /// The track of a direction, empty where another took its place.
  [[nodiscard]] MappingTrack& of(std::uint32_t slot, std::uint16_t generation, unsigned direction) noexcept {
    if (waiting_ != 0) settle();
    return place_of(slot * 2 + direction, generation);
  }

  /// A mapping that begins where all before it of its direction end, and is not tiny unless it is the first: noted at
  /// settle(), or before the direction's track is asked for, so that the track's memory is there by then.
  ///
  /// @param ssn_high, dsn_high  As in MappingTrack::catch_up().
  [[gnu::always_inline]] void note_later(std::uint32_t slot, std::uint16_t generation, unsigned direction, std::uint64_t ssn_high,
                                         std::uint32_t dsn_high, std::uint32_t dsn, std::uint16_t bytes) noexcept {
    if (waiting_ == later_.size()) [[unlikely]] settle();
    const std::uint32_t name = slot * 2 + direction;
    prefetch_line(&tracks_[name % kTracks]);
    later_[waiting_++] = {ssn_high, name, dsn_high, dsn, generation, bytes};
  }
  /// Once a burst.
  [[gnu::noinline]] void settle() noexcept {
    const std::size_t count = std::exchange(waiting_, 0);
    for (std::size_t i = 0; i < count; ++i) {
      const Later& mapping = later_[i];
      MappingTrack& track = place_of(mapping.name, mapping.generation);
      track.catch_up(mapping.ssn_high, mapping.dsn_high);
      track.note_newest(static_cast<std::uint32_t>(mapping.ssn_high), mapping.dsn, mapping.bytes);
      track.ssn_high = mapping.ssn_high + mapping.bytes;
    }
  }

 private:
  struct Later {
    std::uint64_t ssn_high;
    std::uint32_t name;
    std::uint32_t dsn_high;
    std::uint32_t dsn;
    std::uint16_t generation;
    std::uint16_t bytes;
  };

  MappingTrack& place_of(std::uint32_t name, std::uint16_t generation) noexcept {
    MappingTrack& track = tracks_[name % kTracks];
    if (track.slot != name || track.generation != generation) [[unlikely]] {
      track = MappingTrack{};
      track.slot = name;
      track.generation = generation;
    }
    return track;
  }

  LazyArray<MappingTrack> tracks_;
  std::array<Later, 64> later_;
  std::size_t waiting_ = 0;
};

}  // namespace mptap

// Recognizes the second copy of a segment, as a span port or a second tap delivers it.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/lanes.h"
#include "dataplane/lazy_array.h"
#include "dataplane/prefetch.h"
#include "dataplane/seeded_hash.h"

namespace mptap {

/// Remembers the latest segments of one worker by a print of 64 bits, of which two are the same by chance with 2^-60.
///
/// One worker thread; no allocation after construction. A print has four places, half a cache line, of which it takes the
/// oldest: a copy behind more than some ten thousand other segments is not recognized.
class CopyFilter {
 public:
  CopyFilter() : sets_(kSets) {}

  /// Brings the places of `print` towards the cache.
  void prefetch(std::uint64_t print) const { prefetch_line(&sets_[print % kSets]); }

  /// Whether the segment was shown before; remembers it where it was not.
  ///
  /// @param told_apart  A retransmission would have another print, by its IP identification or its timestamps. A copy
  ///                    counts as one for about a second then, as between two taps; else for 4 to 8 ms, which is less
  ///                    than a retransmission needs.
  [[nodiscard]] bool is_copy(std::uint64_t print, std::uint64_t now_ns, bool told_apart) noexcept {
    const auto step = static_cast<std::uint16_t>(now_ns >> kStepShift);
    Set& set = sets_[print % kSets];
    const Set different = (set ^ print) >> kStepBits;
    if (mask_of_lanes(different == 0) != 0) [[unlikely]] {
      for (std::size_t way = 0; way < kWays; ++way) {
        if (different[way] != 0) continue;
        const auto age = static_cast<std::uint16_t>(step - static_cast<std::uint16_t>(set[way]));
        if (age <= (told_apart ? kLongSteps : kShortSteps)) return true;
        break;  // those behind it are older
      }
    }
    const Set moved = __builtin_shufflevector(set, set, 0, 0, 1, 2);  // the oldest, the last one, leaves
    set = moved;
    set[0] = (print & ~std::uint64_t{0xffff}) | step;
    return false;
  }

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr unsigned kSetBits = 13;       // 32,768 places, 256 KiB
  static constexpr std::size_t kSets = std::size_t{1} << kSetBits;
  static constexpr unsigned kStepBits = 16;      // of a place; the others are the print's
  static constexpr unsigned kStepShift = 22;     // about 4 ms
  static constexpr std::uint16_t kShortSteps = 1;
  static constexpr std::uint16_t kLongSteps = 256;
  static_assert(kSetBits <= kStepBits, "sets go by bits that a place does not keep");

  using Set [[gnu::vector_size(32)]] = std::uint64_t;  // the newest first

  LazyArray<Set> sets_;
};

}  // namespace mptap

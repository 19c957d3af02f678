// Recognizes the second copy of a segment, as a span port or a second tap delivers it.
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/cursor.h"
#include "dataplane/lazy_array.h"
#include "dataplane/seeded_hash.h"

namespace mptap {

/// Remembers the latest segments of one worker by a print of 64 bits, of which any two differ by chance with 2^-64.
///
/// One worker thread; no allocation after construction. A cell is overwritten by the next segment that falls on it: a
/// copy behind more than some ten thousand others is not recognized.
class CopyFilter {
 public:
  CopyFilter() : cells_(kCells) {}

  /// Brings the cell of `print` towards the cache.
  void prefetch(std::uint64_t print) const { __builtin_prefetch(&cells_[print % kCells], 1); }

  /// Whether the segment was shown before; remembers it where it was not.
  ///
  /// @param told_apart  A retransmission would have another print, by its IP identification or its timestamps. A copy
  ///                    counts as one for about a second then, as between two taps; else for 4 to 8 ms, which is less
  ///                    than a retransmission needs.
  [[nodiscard]] bool is_copy(std::uint64_t print, std::uint64_t now_ns, bool told_apart) noexcept {
    const auto step = static_cast<std::uint16_t>(now_ns >> kStepShift);
    std::uint64_t& cell = cells_[print % kCells];
    const bool same = (cell ^ print) >> 16 == 0;
    const auto age = static_cast<std::uint16_t>(step - static_cast<std::uint16_t>(cell));
    if (same && age <= (told_apart ? kLongSteps : kShortSteps)) return true;
    cell = (print & ~std::uint64_t{0xffff}) | step;
    return false;
  }

 private:
  static constexpr std::size_t kCells = 32'768;  // 256 KiB; cells go by bits that the cell itself does not keep
  static constexpr unsigned kStepShift = 22;     // about 4 ms
  static constexpr std::uint16_t kShortSteps = 1;
  static constexpr std::uint16_t kLongSteps = 256;
  static_assert(kCells <= 65'536);

  LazyArray<std::uint64_t> cells_;
};

/// Folds 8 bytes into a print.
constexpr std::uint64_t fold_print(std::uint64_t print, std::uint64_t word) {
  print = (print ^ word) * 0x9e3779b97f4a7c15u;
  return print ^ (print >> 29);
}

}  // namespace mptap

// Which SYNs were held back a while ago: one that comes again is of a host that waits for an answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/lazy_array.h"
#include "dataplane/prefetch.h"

namespace mptap {

/// Remembers SYNs by name for about four seconds: hosts repeat a SYN after one second and after three (RFC 6298 section 2).
/// A flood of forged addresses never repeats one, and who sends each twice at once gains nothing: only what was remembered in
/// an earlier slice of half a second counts.
///
/// A Bloom filter, cut into blocks of a cache line each that say how old they are. Never forgets a SYN early; takes others for
/// remembered: fewer than 1 in 2,000 at a million SYNs a second, more at more. 64 MiB, which cost memory once they are used.
/// One worker thread; no allocation after construction; one cache line a call.
class RetriedSyns {
 public:
  RetriedSyns() : blocks_(kBlocks) {}

  void prefetch(std::uint64_t name) const { prefetch_line(&blocks_[name & (kBlocks - 1)]); }

  enum class Memory : std::uint8_t {
    kNone,      // never seen
    kThisSlice, // sent twice at once
    kEarlier,   // comes again
  };

  /// Remembers a SYN.
  ///
  /// @param name    Which nobody can foretell, see RefusedSyns::name_of().
  /// @param now_ns  Packet time.
  /// @return What was remembered of it before.
  Memory remember(std::uint64_t name, std::uint64_t now_ns) noexcept {
    Block& block = blocks_[name & (kBlocks - 1)];
    const auto slice = static_cast<std::uint32_t>(now_ns >> kSliceShift);
    age(block, slice);
    const auto bit = static_cast<std::uint8_t>(1u << (slice % kSlices));
    std::uint8_t common = 0xff;
    for (unsigned i = 0; i < kMarks; ++i) {
      std::uint8_t& mark = block.marks[(name >> (kBlockBits + i * kMarkBits)) % block.marks.size()];
      common &= mark;
      mark |= bit;
    }
    if ((common & ~bit) != 0) return Memory::kEarlier;
    return common != 0 ? Memory::kThisSlice : Memory::kNone;
  }

 private:
  static constexpr unsigned kBlockBits = 20;
  static constexpr std::size_t kBlocks = std::size_t{1} << kBlockBits;
  static constexpr unsigned kSliceShift = 29;  // about half a second
  static constexpr unsigned kSlices = 8;
  static constexpr unsigned kMarks = 3;
  static constexpr unsigned kMarkBits = 12;

  /// A mark has a bit a slice.
  struct alignas(64) Block {
    std::uint32_t slice;  // the latest in which it was touched
    std::array<std::uint8_t, 60> marks;
  };
  static_assert(sizeof(Block) == 64);

  /// Clears the slices that have come round since the block was touched.
  static void age(Block& block, std::uint32_t slice) noexcept {
    const std::uint32_t passed = slice - block.slice;
    if (passed == 0) return;
    block.slice = slice;
    if (passed >= kSlices) {
      block.marks.fill(0);
      return;
    }
    std::uint8_t kept = 0xff;
    for (std::uint32_t i = 0; i < passed; ++i) kept &= static_cast<std::uint8_t>(~(1u << ((slice - i) % kSlices)));
    for (std::uint8_t& mark : block.marks) mark &= kept;
  }

  LazyArray<Block> blocks_;
};

}  // namespace mptap

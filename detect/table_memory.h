// Memory of control's tables, on large pages once there is much of it.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "dataplane/lazy_array.h"

namespace mptap {

/// Gives out pieces of powers of two, joins their halves again when they come back (a buddy allocator), and keeps all to its
/// end. One thread; each call costs as much as a search tree, for those who ask seldom and for much.
///
/// A random access to ordinary pages misses the TLB once a table outgrows it, and no prefetch hides that walk; large pages
/// do. The first block is on ordinary pages, so that a table of few entries costs little.
class TableMemory {
 public:
  TableMemory() = default;
  TableMemory(const TableMemory&) = delete;
  TableMemory& operator=(const TableMemory&) = delete;

  /// @param bytes  A power of two, at least kLeast.
  /// @return Memory of unknown content, aligned to its size, to kBlock at most.
  /// @throws std::bad_alloc
  [[nodiscard]] void* take(std::size_t bytes);
  /// @param bytes  As they were asked for.
  void give_back(void* piece, std::size_t bytes);

  static constexpr std::size_t kLeast = 64;

 private:
  static constexpr std::size_t kBlock = std::size_t{2} << 20;
  static constexpr unsigned kOrders = 16;  // kLeast to kBlock
  static_assert(kLeast << (kOrders - 1) == kBlock);

  using Block = LazyArray<std::byte>;

  [[nodiscard]] static unsigned order_of(std::size_t bytes);
  std::byte* make_block(std::size_t bytes);

  std::vector<std::unique_ptr<Block>> blocks_;
  std::array<std::set<std::byte*>, kOrders> free_;
  std::vector<std::pair<std::byte*, std::size_t>> free_large_;  // above kBlock: they stay whole
};

}  // namespace mptap

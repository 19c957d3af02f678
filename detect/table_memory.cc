#include "detect/table_memory.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace mptap {

unsigned TableMemory::order_of(std::size_t bytes) { return static_cast<unsigned>(std::countr_zero(bytes) - std::countr_zero(kLeast)); }

std::byte* TableMemory::make_block(std::size_t bytes) {
  const PageSize pages = blocks_.empty() ? PageSize::kOrdinary : PageSize::kLarge;
  return &(*blocks_.emplace_back(std::make_unique<Block>(bytes, pages)))[0];
}

void* TableMemory::take(std::size_t bytes) {
  if (bytes > kBlock) {
    const auto fits = std::ranges::find(free_large_, bytes, &std::pair<std::byte*, std::size_t>::second);
    if (fits == free_large_.end()) return make_block(bytes);
    std::byte* const piece = fits->first;
    free_large_.erase(fits);
    return piece;
  }
  const unsigned wanted = order_of(bytes);
  unsigned order = wanted;
  while (order < kOrders && free_[order].empty()) ++order;
  if (order == kOrders) free_[--order].insert(make_block(kBlock));
  std::byte* const piece = *free_[order].begin();
  free_[order].erase(free_[order].begin());
  while (order > wanted) {
    --order;
    free_[order].insert(piece + (kLeast << order));  // the upper half stays
  }
  return piece;
}

void TableMemory::give_back(void* piece, std::size_t bytes) {
  auto* begin = static_cast<std::byte*>(piece);
  if (bytes > kBlock) {
    free_large_.emplace_back(begin, bytes);
    return;
  }
  unsigned order = order_of(bytes);
  for (; order + 1 < kOrders; ++order) {
    // Blocks are aligned: the other half differs in one bit of its address.
    const std::size_t half = kLeast << order;
    const bool is_lower = (reinterpret_cast<std::uintptr_t>(begin) & half) == 0;
    if (free_[order].erase(is_lower ? begin + half : begin - half) == 0) break;
    if (!is_lower) begin -= half;
  }
  free_[order].insert(begin);
}

}  // namespace mptap

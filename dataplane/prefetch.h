// Memory that is wanted soon.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mptap {

/// Brings the cache line of `address` towards the cache; it is going to be written.
///
/// The empty statement is what makes it happen: a function that only prefetches has no effect in the eyes of GCC 12, which
/// leaves out every call of it that it does not inline.
inline void prefetch_line(const void* address) {
  __builtin_prefetch(address, 1);
  __asm__ volatile("");
}

/// Brings all cache lines of an object towards the cache; it is going to be written.
template <typename T>
void prefetch_object(const T* object) {
  constexpr std::size_t kLine = 64;
  const auto* bytes = reinterpret_cast<const char*>(object);
  for (std::size_t at = 0; at < sizeof(T); at += kLine) prefetch_line(bytes + at);
}

}  // namespace mptap

// Memory that is wanted soon.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mptap {

/// Brings all cache lines of an object towards the cache; it is going to be written.
template <typename T>
void prefetch_object(T* object) {
  constexpr std::size_t kLine = 64;
  const auto* bytes = reinterpret_cast<const char*>(object);
  for (std::size_t at = 0; at < sizeof(T); at += kLine) __builtin_prefetch(bytes + at, 1);
}

}  // namespace mptap

// Thirty-two bytes looked at in one go: by AVX2 where the compiler may use it, else in parts.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace mptap {

/// A bit for each byte whose highest one is set, from the first byte on; lanes that a comparison made have all or none.
template <typename Lanes>
[[nodiscard, gnu::always_inline]] inline std::uint32_t mask_of_lanes(const Lanes& lanes) noexcept {
  static_assert(sizeof lanes == 32);
#if defined(__AVX2__)
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(reinterpret_cast<const __m256i&>(lanes)));
#else
  std::uint8_t bytes[sizeof lanes];
  std::memcpy(bytes, &lanes, sizeof lanes);
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < sizeof lanes; ++i) mask |= std::uint32_t{bytes[i]} >> 7 << i;
  return mask;
#endif
}

/// Whether the bits of `mask` are all 0 in `lanes`.
template <typename Lanes>
[[nodiscard, gnu::always_inline]] inline bool are_clear(const Lanes& lanes, const Lanes& mask) noexcept {
  static_assert(sizeof lanes == 32);
#if defined(__AVX2__)
  return _mm256_testz_si256(reinterpret_cast<const __m256i&>(lanes), reinterpret_cast<const __m256i&>(mask)) != 0;
#else
  const Lanes odd = lanes & mask;
  std::uint64_t words[4];
  std::memcpy(words, &odd, sizeof odd);
  return (words[0] | words[1] | words[2] | words[3]) == 0;
#endif
}

}  // namespace mptap

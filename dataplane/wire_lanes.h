// Thirty-two bytes of a packet, looked at in one go.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace mptap {

using WireLanes [[gnu::vector_size(32)]] = std::uint64_t;

/// What 32 bytes must be to be of some kind: the bits of `mask` must be as those of `bits`.
struct alignas(32) WirePattern {
  WireLanes bits;
  WireLanes mask;

  /// @param at  32 bytes can be read there. Any thread; no branch.
  [[nodiscard, gnu::always_inline]] bool fits(const std::uint8_t* at) const noexcept {
    WireLanes lanes;
    std::memcpy(&lanes, at, sizeof lanes);
#if defined(__AVX2__)
    using Whole [[gnu::vector_size(32)]] = long long;
    return _mm256_testz_si256(reinterpret_cast<Whole>(lanes ^ bits), reinterpret_cast<Whole>(mask)) != 0;
#else
    const WireLanes odd = (lanes ^ bits) & mask;
    return (odd[0] | odd[1] | odd[2] | odd[3]) == 0;
#endif
  }
};

}  // namespace mptap

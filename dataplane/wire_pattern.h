// Thirty-two bytes of a packet, compared in one go.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace mptap {

/// What bytes must be to be of some kind.
struct alignas(32) WirePattern {
  static constexpr std::size_t kBytes = 32;

  std::array<std::uint8_t, kBytes> bits{};
  std::array<std::uint8_t, kBytes> mask{};  // which of them count

  /// @param bytes  kBytes of them. Any thread; no branch.
  [[nodiscard, gnu::always_inline]] bool fits(const std::uint8_t* bytes) const noexcept {
    const Lanes odd = load(bytes) ^ load(bits.data());
#if defined(__AVX2__)
    return _mm256_testz_si256(std::bit_cast<__m256i>(odd), std::bit_cast<__m256i>(load(mask.data()))) != 0;
#else
    const Lanes counted = odd & load(mask.data());
    return (counted[0] | counted[1] | counted[2] | counted[3]) == 0;
#endif
  }

 private:
  using Lanes [[gnu::vector_size(kBytes)]] = std::uint64_t;
  static Lanes load(const std::uint8_t* bytes) noexcept {
    Lanes lanes;
    std::memcpy(&lanes, bytes, sizeof lanes);
    return lanes;
  }
};

/// A byte of a header, and which of its bits count.
struct WireByte {
  std::size_t at;
  std::uint8_t value;
  std::uint8_t mask = 0xff;
};

/// @param from  Where in the header the pattern's bytes begin; those not named may be any.
template <std::size_t kCount>
constexpr WirePattern make_wire_pattern(std::size_t from, const WireByte (&bytes)[kCount]) {
  WirePattern pattern;
  for (const WireByte& byte : bytes) {
    pattern.bits[byte.at - from] = byte.value;
    pattern.mask[byte.at - from] = byte.mask;
  }
  return pattern;
}

}  // namespace mptap

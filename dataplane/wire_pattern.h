// Thirty-two bytes of a packet, compared in one go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/lanes.h"

namespace mptap {

/// What bytes must be to be of some kind.
struct alignas(32) WirePattern {
  static constexpr std::size_t kBytes = 32;

  std::array<std::uint8_t, kBytes> bits{};
  std::array<std::uint8_t, kBytes> mask{};  // which of them count

  /// @param bytes  kBytes of them. Any thread; no branch.
  [[nodiscard, gnu::always_inline]] bool fits(const std::uint8_t* bytes) const noexcept {
    using Lanes [[gnu::vector_size(kBytes)]] = std::uint64_t;
    Lanes here, wanted, counted;
    std::memcpy(&here, bytes, sizeof here);
    std::memcpy(&wanted, bits.data(), sizeof wanted);
    std::memcpy(&counted, mask.data(), sizeof counted);
    return are_clear(here ^ wanted, counted);
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

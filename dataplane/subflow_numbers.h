// How a subflow's 32-bit numbers move; all modulo 2^32 (RFC 9293 section 3.4).
#pragma once

#include <cstdint>

namespace mptap {

/// A jump of the sequence or acknowledgement number beyond this is not believed.
constexpr std::uint32_t kMaxAdvance = 1u << 28;

/// Moves `high` forward to `value`, never back and never by more than kMaxAdvance.
inline void advance(std::uint32_t& high, std::uint32_t value) { high = value - high < kMaxAdvance ? value : high; }

/// Further from `from` than any window, in either direction.
[[nodiscard]] inline bool is_far(std::uint32_t value, std::uint32_t from) {
  return value - from + kMaxAdvance > 2 * kMaxAdvance;
}

[[nodiscard]] inline bool is_between(std::uint32_t low, std::uint32_t value, std::uint32_t high) {
  return value - low <= high - low;
}

}  // namespace mptap

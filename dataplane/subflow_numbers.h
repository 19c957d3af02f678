// How a subflow's numbers move; modulo 2^32 (RFC 9293 section 3.4), DSNs modulo 2^64.
#pragma once

#include <cstdint>

#include "dataplane/types.h"

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

/// A DSN or data ACK of which only the low half is known: marked, so that it is never 0, which is none.
[[nodiscard]] constexpr std::uint64_t low_half_known(std::uint32_t low) { return 1ull << 32 | low; }

/// Moves such a number.
inline void advance_low_half(std::uint64_t& high, std::uint32_t low) {
  const bool first = high == 0;
  if (first || Ssn{static_cast<std::uint32_t>(high)}.before(Ssn{low})) high = low_half_known(low);
}

}  // namespace mptap

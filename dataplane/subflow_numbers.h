// How a subflow's numbers move; modulo 2^32 (RFC 9293 section 3.4), DSNs modulo 2^64.
#pragma once

#include <cstdint>

#include "dataplane/choose.h"
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

/// Moves a direction's highest DSN or data ACK to `number` unless it is behind; where all 64 bits become known, without a look at that.
/// Flows differ in what is known of them: computing both takes less than guessing wrong.
/// @param was_known, is_known  Whether all 64 bits of `high` were, and those of `number` are; else its low half counts.
[[gnu::always_inline]] inline void move_to(std::uint64_t& high, std::uint64_t number, bool was_known, bool is_known) {
  const std::uint64_t end = choose(is_known, number, low_half_known(static_cast<std::uint32_t>(number)));
  const auto behind = static_cast<std::int64_t>((high - end) << only_if(!is_known, 32u));
  const bool is_first = (was_known != is_known) | ((high == 0) & !is_known);
  high = choose((behind < 0) | is_first, end, high);
}

}  // namespace mptap

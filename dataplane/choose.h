// Choices that take the same time whichever way they fall.
#pragma once

#include <concepts>

namespace mptap {

/// `first` where the condition is true, else `second`, without a branch: for what differs from packet to packet at random. A
/// branch on that is guessed wrong as often as not, which costs more than computing both.
template <std::unsigned_integral T>
[[nodiscard, gnu::always_inline]] constexpr T choose(bool condition, T first, T second) noexcept {
  const T mask = T{0} - T{condition};
  return second ^ ((first ^ second) & mask);
}

/// `value` where the condition is true, else 0.
template <std::unsigned_integral T>
[[nodiscard, gnu::always_inline]] constexpr T only_if(bool condition, T value) noexcept {
  return value & (T{0} - T{condition});
}

}  // namespace mptap

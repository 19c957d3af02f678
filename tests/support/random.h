#pragma once

#include <array>
#include <cstdint>

#include "tests/support/bytes.h"

namespace mptap::testing {

/// A seeded source of numbers that gives the same sequence on every machine and library.
///
/// The state is 256 bits (xoshiro256**), filled from the seed by splitmix64, both by Blackman and Vigna.
/// Standard distributions are not used, because their results differ between libraries. Not for keys
/// that must stay secret.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// The next 64 bits.
  std::uint64_t next();

  /// A number in [0, limit). `limit` must not be 0. The bias is below limit / 2^64.
  std::uint64_t below(std::uint64_t limit);

  /// A number in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high);

  /// True with probability `p` (0..1).
  bool chance(double p);

  std::uint32_t u32() { return static_cast<std::uint32_t>(next() >> 32); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(next() >> 48); }

  /// `count` bytes.
  Bytes bytes(std::size_t count);

  /// An independent generator, so that one part's draws do not shift another's.
  Random fork() { return Random(next()); }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace mptap::testing

// Numbers, durations and sizes as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mptap {

/// What parsing a quantity found.
enum class QuantityStatus : std::uint8_t {
  kOk,
  kNotWhole,     // does not begin with a whole number
  kNoUnit,       // a number alone
  kUnknownUnit,  // a number and something else
  kTooLarge,     // more than 64 bits
};

struct Quantity {
  QuantityStatus status = QuantityStatus::kNotWhole;
  std::uint64_t value = 0;  // in the base unit; set on kOk
  std::string_view unit;    // as written; set on kUnknownUnit
};

/// The units that parse_duration knows, smallest first, as a sentence names them.
constexpr std::string_view kDurationUnits = "ns, us, ms, s, m, h and d";
/// The units that parse_size knows.
constexpr std::string_view kSizeUnits = "B, KiB, MiB, GiB and TiB";

/// Parses decimal digits and nothing else.
[[nodiscard]] Quantity parse_whole(std::string_view text) noexcept;

/// Parses a whole number and a unit of time, maybe a space between, to nanoseconds: `10s`, `200us`.
[[nodiscard]] Quantity parse_duration(std::string_view text) noexcept;

/// Parses a whole number and a unit of size to bytes: `64MiB`.
[[nodiscard]] Quantity parse_size(std::string_view text) noexcept;

/// The shortest form that parse_duration reads back to the same: the largest unit that divides.
[[nodiscard]] std::string format_duration(std::uint64_t nanoseconds);
/// The same for parse_size.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace mptap

#include "config/quantity.h"

#include <charconv>
#include <span>
#include <system_error>

namespace mptap {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kDurations[] = {
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
    {"d", 86'400'000'000'000},
};
constexpr Unit kSizes[] = {
    {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
};

/// The digits at the start of `text`, which is left with what follows them.
Quantity take_whole(std::string_view& text) noexcept {
  Quantity quantity;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity.value);
  if (error == std::errc::invalid_argument) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  quantity.status = error == std::errc() ? QuantityStatus::kOk : QuantityStatus::kTooLarge;
  return quantity;
}

Quantity parse_with_unit(std::string_view text, std::span<const Unit> units) noexcept {
  Quantity quantity = take_whole(text);
  if (quantity.status == QuantityStatus::kNotWhole) return quantity;
  if (text.empty()) return {.status = QuantityStatus::kNoUnit, .value = 0, .unit = {}};
  if (text.size() > 1 && text.front() == ' ') text.remove_prefix(1);
  if (text.front() == '.' || text.front() == ',') return {};
  for (const Unit& unit : units) {
    if (unit.name != text) continue;
    if (quantity.value > UINT64_MAX / unit.factor) quantity.status = QuantityStatus::kTooLarge;
    quantity.value *= unit.factor;
    return quantity;
  }
  return {.status = QuantityStatus::kUnknownUnit, .value = 0, .unit = text};
}

std::string format_with_unit(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0 && value != 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

Quantity parse_whole(std::string_view text) noexcept {
  const Quantity quantity = take_whole(text);
  return text.empty() ? quantity : Quantity{};
}

Quantity parse_duration(std::string_view text) noexcept { return parse_with_unit(text, kDurations); }
Quantity parse_size(std::string_view text) noexcept { return parse_with_unit(text, kSizes); }

std::string format_duration(std::uint64_t nanoseconds) {
  return nanoseconds == 0 ? "0s" : format_with_unit(nanoseconds, kDurations);
}
std::string format_size(std::uint64_t bytes) { return format_with_unit(bytes, kSizes); }

}  // namespace mptap

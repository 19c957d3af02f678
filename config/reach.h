// How the settings table reaches the fields of the option structs, whatever their types.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <iterator>
#include <type_traits>

#include "config/prefix_text.h"
#include "config/setting.h"

namespace mptap {

/// The words that stand for an enumeration's values, in the order of the values.
template <typename Enum>
inline constexpr std::array<std::string_view, 0> kWordsOf{};
template <>
inline constexpr std::array<std::string_view, 2> kWordsOf<PortDriver>{"af_packet", "af_xdp"};
template <>
inline constexpr std::array<std::string_view, 2> kWordsOf<PollMode>{"adaptive", "busy"};
template <>
inline constexpr std::array<std::string_view, 3> kWordsOf<HugepageUse>{"auto", "always", "never"};
template <>
inline constexpr std::array<std::string_view, 3> kWordsOf<LogFormat>{"zeek", "json", "eve"};

template <>
inline constexpr std::array<std::string_view, 3> kWordsOf<Mitigation>{"off", "observe", "enforce"};

template <>
inline constexpr std::array<std::string_view, 5> kWordsOf<SeverityChoice>{"own", "info", "low", "medium", "high"};

/// A field's value as the table speaks of it.
template <typename Field>
Value to_value(const Field& field) {
  if constexpr (std::is_same_v<Field, std::vector<std::uint32_t>>) {
    return std::vector<std::uint64_t>(field.begin(), field.end());
  } else if constexpr (std::is_same_v<Field, std::vector<Prefix>>) {
    std::vector<std::string> texts;
    for (const Prefix& prefix : field) texts.push_back(format_prefix(prefix));
    return texts;
  } else if constexpr (std::is_enum_v<Field>) {
    return std::string(kWordsOf<Field>.at(static_cast<std::size_t>(field)));
  } else if constexpr (std::unsigned_integral<Field> && !std::is_same_v<Field, bool>) {
    return std::uint64_t{field};
  } else {
    return field;
  }
}

/// The other way; `value` was checked against the row's range or words.
template <typename Field>
void store_value(const Value& value, Field& field) {
  if constexpr (std::is_same_v<Field, std::vector<std::uint32_t>>) {
    const auto& numbers = std::get<std::vector<std::uint64_t>>(value);
    field.clear();
    for (const std::uint64_t number : numbers) {
      field.push_back(static_cast<std::uint32_t>(number));
    }
  } else if constexpr (std::is_same_v<Field, std::vector<Prefix>>) {
    field.clear();
    for (const std::string& text : std::get<std::vector<std::string>>(value)) field.push_back(*parse_prefix(text));
  } else if constexpr (std::is_enum_v<Field>) {
    const auto& words = kWordsOf<Field>;
    const auto word = std::find(words.begin(), words.end(), std::get<std::string>(value));
    field = static_cast<Field>(std::distance(words.begin(), word));
  } else if constexpr (std::unsigned_integral<Field> && !std::is_same_v<Field, bool>) {
    field = static_cast<Field>(std::get<std::uint64_t>(value));
  } else {
    field = std::get<Field>(value);
  }
}

/// Makes a Reach of a lambda without captures that returns a reference to the field.
template <typename Locate>
constexpr Reach make_reach(bool reloadable, Locate) {
  return {
      .reloadable = reloadable,
      .get = [](const Config& config, const PortOptions& port) { return to_value(Locate{}(config, port)); },
      .set = [](Config& config, PortOptions& port,
                const Value& value) { store_value(value, Locate{}(config, port)); }};
}

// Whether a reload may change a setting follows from where it lives.
#define MPTAP_STARTUP(member) \
  make_reach(                 \
      false, [](auto& config, auto&) -> auto& { return config.startup.member; })
#define MPTAP_RUNTIME(member) \
  make_reach(                 \
      true, [](auto& config, auto&) -> auto& { return config.runtime.member; })
#define MPTAP_PORT(member) \
  make_reach(              \
      false, [](auto&, auto& port) -> auto& { return port.member; })

}  // namespace mptap

// The screen of `mptap top`, as lines; knows nothing of terminals.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mptap {

enum class LineStyle : std::uint8_t { kPlain, kTitle, kHeading, kAlarm };

struct ScreenLine {
  std::string text;  // at most as many letters as the screen has columns
  LineStyle style = LineStyle::kPlain;
};

/// The answers of one moment.
struct Moment {  // NOLINT(bugprone-exception-escape): the JSON library says itself that a new value throws nothing
  nlohmann::ordered_json status;
  nlohmann::ordered_json connections;
  nlohmann::ordered_json notices;
};

/// Fills a screen: rates since `before`, the connections that moved most, the latest notices.
///
/// @param before          The moment before; rates are 0 where `status` is empty.
/// @param columns, rows   Of the screen; at least 40 and 12.
[[nodiscard]] std::vector<ScreenLine> fill_screen(const Moment& before, const Moment& now, std::size_t columns, std::size_t rows);

}  // namespace mptap

// How a row of the settings table is written.
#pragma once

#include <string_view>
#include <vector>

#include "config/reach.h"
#include "config/setting.h"

namespace mptap {

inline constexpr std::uint64_t kMicrosecond = 1'000;
inline constexpr std::uint64_t kMillisecond = 1'000 * kMicrosecond;
inline constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
inline constexpr std::uint64_t kHour = 3'600 * kSecond;
inline constexpr std::uint64_t kDay = 24 * kHour;
inline constexpr std::uint64_t kMiB = 1ull << 20;
inline constexpr std::uint64_t kTiB = 1ull << 40;
inline constexpr std::uint64_t kMaxTable = 16'777'216;
inline constexpr std::size_t kMaxPorts = 32;  // DPDK's RTE_MAX_ETHPORTS
inline constexpr std::size_t kMaxWorkers = 64;

inline Setting group(std::string_view path, std::string_view doc) { return {.path = path, .doc = doc}; }

inline Setting boolean(std::string_view path, Reach reach, std::string_view doc) {
  return {.path = path, .type = SettingType::kBool, .doc = doc, .reach = reach};
}

inline Setting number(std::string_view path, Reach reach, Range range, std::string_view unit, std::string_view doc) {
  return {
      .path = path, .type = SettingType::kNumber, .doc = doc, .reach = reach, .range = range, .unit = unit};
}

/// A setting among reloadable ones that only a restart changes.
inline Setting at_start(Setting setting) {
  setting.reach.reloadable = false;
  return setting;
}

inline Setting duration(std::string_view path, Reach reach, Range range, std::string_view doc) {
  return {.path = path, .type = SettingType::kDuration, .doc = doc, .reach = reach, .range = range};
}

inline Setting size(std::string_view path, Reach reach, Range range, std::string_view doc) {
  return {.path = path, .type = SettingType::kSize, .doc = doc, .reach = reach, .range = range};
}

inline Setting choice(std::string_view path, Reach reach, std::span<const std::string_view> words,
               std::string_view doc) {
  return {.path = path, .type = SettingType::kChoice, .doc = doc, .reach = reach, .words = words};
}

inline Setting text(std::string_view path, Reach reach, const TextForm& form, std::string_view doc) {
  return {.path = path, .type = SettingType::kText, .doc = doc, .reach = reach, .form = &form};
}

inline Setting texts(std::string_view path, Reach reach, const TextForm& form, std::size_t max_items, std::string_view doc) {
  return {.path = path, .type = SettingType::kTexts, .doc = doc, .reach = reach, .form = &form, .max_items = max_items};
}

/// The rows of docs/detections.md's detectors (detector_settings.cc).
[[nodiscard]] std::vector<Setting> make_detector_settings();

}  // namespace mptap

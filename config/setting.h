// One setting: what a row of the settings table says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/text_form.h"

namespace mptap {

enum class SettingType : std::uint8_t {
  kGroup,     // holds other settings; has no value itself
  kPorts,     // a list of groups, one a port; the rows below it are a port's
  kBool,      // true or false
  kNumber,    // a whole number
  kDuration,  // nanoseconds; written with a unit
  kSize,      // bytes; written with a unit
  kChoice,    // one word of several
  kText,      // text of a given form
  kNumbers,   // a list of whole numbers
  kChoices,   // a list of words, none twice
  kTexts,     // a list of texts of a given form, none twice
  kPairs,     // a list of pairs of names
};

/// A setting's value, by its type: bool; number, duration and size; choice and text; numbers; choices and texts; pairs.
/// Groups and lists of ports have none.
using Value = std::variant<std::monostate, bool, std::uint64_t, std::string, std::vector<std::uint64_t>,
                           std::vector<std::string>, std::vector<PortPair>>;

/// Smallest and largest allowed value, both included.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  bool power_of_two = false;

  [[nodiscard]] constexpr bool holds(std::uint64_t value) const {
    return value >= least && value <= most && (!power_of_two || (value & (value - 1)) == 0);
  }
};

/// Where a setting lives: a Config or, for the settings of a port, a PortOptions; the other is not looked at.
struct Reach {
  bool reloadable = false;  // lives in RuntimeConfig
  Value (*get)(const Config& config, const PortOptions& port) = nullptr;
  /// `value` is of the setting's type and allowed.
  void (*set)(Config& config, PortOptions& port, const Value& value) = nullptr;
};

/// One row of the settings table.
struct Setting {
  std::string_view path;  // "detectors.join_flood.threshold"; settings of a port begin with "ports[]."
  SettingType type = SettingType::kGroup;
  std::string_view doc;  // one sentence
  Reach reach = {};
  Range range = {};                              // kNumber, kDuration, kSize, each of kNumbers
  std::string_view unit = {};                    // kNumber, kNumbers: what is counted
  std::span<const std::string_view> words = {};  // kChoice, kChoices: what may stand there
  const TextForm* form = nullptr;                // kText, each of kTexts
  std::size_t max_items = 0;                     // kPorts, kNumbers, kChoices, kTexts, kPairs

  /// The last word of the path, its key in YAML.
  [[nodiscard]] std::string_view key() const;
  /// The path of the group it stands in; empty at the top.
  [[nodiscard]] std::string_view parent() const;
  /// True for a setting of a port.
  [[nodiscard]] bool is_of_port() const { return path.starts_with("ports[]."); }
};

/// All settings in the order of the documents, each group before what it holds. One table, from which
/// loading, printing and docs/configuration.md come.
[[nodiscard]] std::span<const Setting> settings();

/// The row of a path; null where there is none.
[[nodiscard]] const Setting* find_setting(std::string_view path);

/// The path under which the settings of a group or of a port stand: "detectors", "ports[]".
[[nodiscard]] std::string inner_path(const Setting& group);

/// A setting's default, taken from the struct it lives in.
[[nodiscard]] Value default_of(const Setting& setting);

/// True for a text that is empty: the setting is not set.
[[nodiscard]] bool is_unset(const Setting& setting, const Value& value);

}  // namespace mptap

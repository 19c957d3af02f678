// A setting's value as YAML text, both ways.
#pragma once

#include <optional>
#include <string>

#include "config/mistake.h"
#include "config/setting.h"
#include "config/yaml_document.h"

namespace mptap {

/// Reads a value of a setting's type.
///
/// @param setting   Neither a group nor ports.
/// @param name      What the sentences call it: its path.
/// @param node      The value in the document.
/// @param mistakes  Receives every fault found.
/// @return The value, of the setting's type and allowed; none where there was a fault.
/// Any thread; no throw but for memory.
[[nodiscard]] std::optional<Value> read_value(const Setting& setting, const std::string& name,
                                              const YamlNode& node, Mistakes& mistakes);

/// The value as YAML that read_value reads back to the same: `10s`, `[2, 3]`, `"a text"`.
[[nodiscard]] std::string format_value(const Setting& setting, const Value& value);

/// What may stand there: "1 to 64 threads", "one of zeek, json", "true or false".
[[nodiscard]] std::string describe_allowed(const Setting& setting);

/// A text from the document as a sentence shows it: in backticks, shortened when long.
[[nodiscard]] std::string quote_excerpt(const std::string& text);

/// The place to show for a value: its own, or its key's where there is none.
[[nodiscard]] Place place_of(const YamlNode& node);

}  // namespace mptap

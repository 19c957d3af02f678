// JSON Schemas of the logs, from the tables of columns.
#pragma once

#include <string>
#include <vector>

namespace mptap {

struct SchemaFile {
  std::string name;  // below docs/schemas
  std::string text;
};

/// One for each log in the format `json`, and one for the lines of eve.json. A test holds docs/schemas to them.
/// Source: JSON Schema draft 2020-12.
[[nodiscard]] std::vector<SchemaFile> format_schemas();

}  // namespace mptap

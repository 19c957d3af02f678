// YAML -> Config, with every error at once.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace mptap {

/// One mistake in a configuration file.
struct ConfigError {
  std::string file;
  int line = 0;    // from 1
  int column = 0;  // from 1
  std::string message;  // a sentence: what is wrong, what was expected, the nearest known key

  /// "file:line:column: message".
  [[nodiscard]] std::string to_string() const;
};

struct ConfigResult {
  Config config;                    // defaults where nothing was set; meaningful only without errors
  std::vector<ConfigError> errors;  // in file order
  bool unreadable = false;          // the file itself could not be read (the machine's fault: exit 1)
};

/// Says what is wrong with `filter`, as the rest of a sentence about it; empty where nothing is. Compiling it takes
/// libpcap, which this folder does not know: who loads a configuration brings the check (docs/decisions/0019-filter.md).
///
/// @param for_ports  The configuration names ports: the filter must fit what they deliver.
using FilterCheck = std::string (*)(const std::string& expression, bool for_ports);

/// Says why two ports of a pair cannot be one wire, as a sentence; empty where they can, or where this machine does not have
/// them. The machine is asked, which this folder does not do.
using PairCheck = std::string (*)(const PortOptions& first, const PortOptions& second);

/// What takes more than the text to judge. Null: taken as it is.
struct ConfigChecks {
  FilterCheck filter = nullptr;
  PairCheck pair = nullptr;
};

/// Loads and validates a configuration file.
///
/// Unknown keys, wrong types, values out of range, units that are missing or wrong, duplicate keys and
/// contradictions between settings are all reported, not only the first.
/// @param path    A YAML file.
/// @param checks  What the caller brings.
/// Any thread; reads the file once; no throw.
[[nodiscard]] ConfigResult load_config(const std::string& path, const ConfigChecks& checks = {});

/// The same for a text; `name` stands for the file in errors.
[[nodiscard]] ConfigResult parse_config(const std::string& text, const std::string& name, const ConfigChecks& checks = {});

/// The settings table for a person: path, value (of `config`), unit, range, default and meaning, as YAML that
/// load_config accepts.
[[nodiscard]] std::string print_config(const Config& config);

/// 48 bits that tell configurations apart by the values of all settings; none of them is a secret. Any thread.
[[nodiscard]] std::uint64_t hash_config(const Config& config);

/// docs/configuration.md, from the same table.
[[nodiscard]] std::string format_configuration_doc();

/// docs/man/mptap.yaml.5, from the same table, in mdoc(7).
[[nodiscard]] std::string format_manual_page();

/// What the chosen events ask of the workers.
[[nodiscard]] RecordChoice records_for(const std::vector<std::string>& events);

}  // namespace mptap

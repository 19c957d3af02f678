// The command line as values.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/export/export_options.h"

namespace mptap {

struct RunArguments {
  std::string config_path;
};

struct ReadArguments {
  std::vector<std::string> captures;
  std::string config_path;               // empty: defaults
  std::optional<std::string> log_directory;
  std::optional<LogFormat> log_format;
  std::vector<std::string> events;       // types of events; with logs they are a log, otherwise lines
};

struct CheckConfigArguments {
  std::string config_path;
};

struct PrintConfigArguments {
  bool defaults = false;                 // otherwise the values of config_path
  std::string config_path;
};

/// What the command line itself settles (help, version, mistakes): the exit code.
using Command = std::variant<int, RunArguments, ReadArguments, CheckConfigArguments, PrintConfigArguments>;

/// Parses the command line; prints help, version or what is wrong with it.
/// Main thread.
[[nodiscard]] Command parse_command_line(int argc, char** argv);

}  // namespace mptap

// The command line as values.
#pragma once

#include <cstdint>
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
  std::optional<std::string> filter;     // instead of the configuration's; empty: none
  std::vector<std::string> events;       // types of events; with logs they are a log, otherwise lines
};

struct CheckConfigArguments {
  std::string config_path;
};

struct PrintConfigArguments {
  bool defaults = false;                 // otherwise the values of config_path
  std::string config_path;
};

/// Where a sensor answers, unless the configuration says otherwise.
inline const std::string kDefaultControlSocket = QueryOptions{}.socket;

struct QueryArguments {
  std::string what;                      // status, connections or config
  std::string socket = kDefaultControlSocket;
  bool json = false;
  std::string token;                     // connections: hex digits; empty: any
  std::string address;                   // connections: an address or a prefix; empty: any
  std::optional<std::uint32_t> limit;    // connections
};

struct MitigationArguments {
  enum class What : std::uint8_t { kList, kAdd, kRemove };

  What what = What::kList;
  std::string socket = kDefaultControlSocket;
  bool json = false;
  std::string receiver;                           // add: an address
  std::optional<std::uint32_t> joins_per_second;  // add
  std::optional<std::uint32_t> seconds;           // add
  bool observe = false;                           // add: count what would be held back
  std::uint64_t number = 0;                       // remove
};

struct TopArguments {
  std::string socket = kDefaultControlSocket;
  double interval_s = 2;
  bool once = false;
};

struct DoctorArguments {
  std::string config_path;               // empty: defaults, and the machine alone is looked at
  bool json = false;
};

/// What the command line itself settles (help, version, mistakes): the exit code.
using Command = std::variant<int, RunArguments, ReadArguments, CheckConfigArguments, PrintConfigArguments, QueryArguments,
                             MitigationArguments, TopArguments, DoctorArguments>;

/// Parses the command line; prints help, version or what is wrong with it.
/// Main thread.
[[nodiscard]] Command parse_command_line(int argc, char** argv);

}  // namespace mptap

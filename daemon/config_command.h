// `mptap check-config` and `mptap print-config`, and loading a configuration for the others.
#pragma once

#include <optional>
#include <string>

#include "config/config_loader.h"
#include "daemon/cli.h"

namespace mptap {

/// Loads a configuration and checks its filter and its pairs of ports, too. Any thread.
[[nodiscard]] ConfigResult load_checked(const std::string& path);

/// Loads a configuration and prints what is wrong with it to stderr.
///
/// @param path       Empty: the defaults.
/// @param exit_code  Set where nothing is returned: kFailed (unreadable) or kUsage (mistakes).
[[nodiscard]] std::optional<Config> load_or_explain(const std::string& path, int& exit_code);

[[nodiscard]] int check_config(const CheckConfigArguments& arguments);
[[nodiscard]] int print_config_command(const PrintConfigArguments& arguments);

}  // namespace mptap

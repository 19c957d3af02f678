// Commands that ask a running sensor.
#pragma once

#include "daemon/cli.h"

namespace mptap {

/// `mptap status`, `connections` and `config`: ask once and print. @return The exit code.
[[nodiscard]] int ask_sensor(const QueryArguments& arguments);

/// `mptap mitigations`: lists, adds or removes a rule. @return The exit code.
[[nodiscard]] int manage_mitigations(const MitigationArguments& arguments);

/// `mptap top`: asks over and over and shows a screen, until q is pressed. @return The exit code.
[[nodiscard]] int show_top(const TopArguments& arguments);

}  // namespace mptap

// `mptap run`: the daemon.
#pragma once

#include "daemon/cli.h"

namespace mptap {

/// Watches the configured ports until SIGINT or SIGTERM, then drains and returns.
/// @return kDone; kFailed where the machine does not give what is needed; kUsage for mistakes in the configuration.
/// Main thread.
[[nodiscard]] int run_sensor(const RunArguments& arguments);

}  // namespace mptap

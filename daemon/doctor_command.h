// `mptap doctor`: looks at this machine, with a configuration or without.
#pragma once

#include "daemon/cli.h"

namespace mptap {

/// Prints what it finds to stdout. Starts no DPDK and changes nothing.
///
/// @return kDone where nothing is worse than a warning, kFailed with a problem; else what loading the configuration says.
/// Main thread.
[[nodiscard]] int examine_machine(const DoctorArguments& arguments);

}  // namespace mptap

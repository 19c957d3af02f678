// `mptap read`: captures through the pipeline of the daemon.
#pragma once

#include "daemon/cli.h"

namespace mptap {

/// Reads captures to their end, or to where they break off, and prints or logs what was in them.
/// @return kDone; kFailed where a file could not be read to its end or a log not be written; kUsage for
///         mistakes in the configuration.
/// Main thread.
[[nodiscard]] int read_captures(const ReadArguments& arguments);

}  // namespace mptap

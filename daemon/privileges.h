// Capabilities, which only the opening of ports needs.
#pragma once

#include <string>

#include "dataplane/port_options.h"

namespace mptap {

/// Whether a port's driver needs capabilities as long as it is open: to take its program off the interface again, for one.
[[nodiscard]] bool needs_capabilities_to_close(const DataplaneOptions& options);

/// From now on the calling thread keeps CAP_NET_ADMIN, and that alone, when drop_capabilities() is called. One thread a process.
void keep_network_administration() noexcept;

/// The same of CAP_NET_RAW, which the kernel's own driver of a card may ask for where a flow is to be dropped (mlx5).
void keep_raw_network() noexcept;

/// Gives up the capabilities of all threads of the process, for good, and with them those that a program it starts could
/// get. Of root only: keeps what files need (CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN), so that logs of another user can be
/// opened anew.
///
/// @return Empty, or a sentence that says which thread still has some, but for those that keep theirs.
/// Main thread, before worker and control threads start: their system calls would be interrupted. Takes milliseconds.
[[nodiscard]] std::string drop_capabilities();

}  // namespace mptap

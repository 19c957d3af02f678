// Capabilities, which only the opening of ports needs.
#pragma once

#include <string>

#include "dataplane/port_options.h"

namespace mptap {

/// Whether a port's driver needs capabilities as long as it is open: to take its program off the interface again, for one.
[[nodiscard]] bool needs_capabilities_to_close(const DataplaneOptions& options);

/// From now on the calling thread keeps CAP_NET_ADMIN, and that alone, when drop_capabilities() is called. One thread a process.
void keep_network_administration() noexcept;

/// Gives up the capabilities of all threads of the process, for good, and with them those that a program it starts could
/// get. Of root only: keeps what files need (CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN), so that logs of another user can be
/// opened anew.
///
/// @return Empty, or a sentence that says which thread still has some, but for the one of keep_network_administration().
/// Main thread, before worker and control threads start: their system calls would be interrupted. Takes milliseconds.
[[nodiscard]] std::string drop_capabilities();

}  // namespace mptap

// What /proc/meminfo tells.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/doctor/machine_view.h"
#include "dataplane/port_options.h"

namespace mptap {

/// A field in bytes, or its bare number where it has no unit; 0 where it is missing.
[[nodiscard]] std::uint64_t read_meminfo(const MachineView& machine, const std::string& field);

/// Whether packets would lie on hugepages of the usual size.
[[nodiscard]] bool packets_on_hugepages(const MachineView& machine, const DataplaneOptions& options);

}  // namespace mptap

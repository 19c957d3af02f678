// The interfaces of a configuration and where sysfs tells of them.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/doctor/machine_view.h"

namespace mptap {

constexpr const char* kInterfaces = "/sys/class/net/";

/// The ports that are interfaces.
[[nodiscard]] inline std::vector<PortOptions> interface_ports(const Config& config) {
  std::vector<PortOptions> ports;
  for (const PortOptions& port : config.startup.dataplane.ports) {
    if (!port.interface.empty()) ports.push_back(port);
  }
  return ports;
}

/// The interfaces that carry a default route, of IPv4 or IPv6.
[[nodiscard]] std::vector<std::string> default_route_interfaces(const MachineView& machine);

}  // namespace mptap

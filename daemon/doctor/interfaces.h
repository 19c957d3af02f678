// The interfaces of a configuration and where sysfs tells of them.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/doctor/machine_view.h"
#include "dataplane/interface_query.h"

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

/// Whether what merges segments does so before a driver has them: frames reach af_xdp before the kernel would merge them.
[[nodiscard]] inline bool reaches(const SegmentMerging& merging, PortDriver driver) {
  return driver == PortDriver::kAfXdp ? merging.lro || merging.gro_hw : merging.any();
}

/// What to do about it.
[[nodiscard]] inline std::string mend_merging(const SegmentMerging& merging, const std::string& interface) {
  const std::string off = format_merging_off(merging, interface);
  return off.empty() ? "another interface, or a hypervisor that does not offer it guest_tso4 and guest_tso6" : off;
}

/// The interfaces that carry a default route, of IPv4 or IPv6.
[[nodiscard]] std::vector<std::string> default_route_interfaces(const MachineView& machine);

}  // namespace mptap

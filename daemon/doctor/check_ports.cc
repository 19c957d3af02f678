// Whether the configuration names ports, and those of which only DPDK knows.
#include "daemon/doctor/checks.h"
#include "dataplane/dpdk_vdev.h"

namespace mptap {

void check_ports(const MachineView&, const Config& config, Findings& findings) {
  const auto& ports = config.startup.dataplane.ports;
  if (ports.empty()) {
    return findings.problem("", "none is configured, and `mptap run` wants one",
                            "in the configuration: name one under `ports`, as in `- interface: eth1`");
  }
  findings.ok("", std::to_string(ports.size()) + (ports.size() == 1 ? " is configured" : " are configured"));
  for (const PortOptions& port : ports) {
    if (!port.vdev.empty()) findings.unknown(split_vdev(port.vdev).name, "a device of DPDK's own, made when mptap starts");
  }
}

}  // namespace mptap

// The cards of a configuration and where sysfs tells of them.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/doctor/machine_view.h"
#include "dataplane/eal_plan.h"

namespace mptap {

/// The addresses of all `pci` ports, with their domain.
[[nodiscard]] inline std::vector<std::string> pci_addresses(const Config& config) {
  std::vector<std::string> addresses;
  for (const PortOptions& port : config.startup.dataplane.ports) {
    if (!port.pci.empty()) addresses.push_back(format_pci_address(port.pci));
  }
  return addresses;
}

[[nodiscard]] inline std::string pci_folder(const std::string& address) { return "/sys/bus/pci/devices/" + address; }

/// The interfaces that the kernel has of a card; those of a virtio card stand one folder deeper.
[[nodiscard]] inline std::vector<std::string> card_interfaces(const MachineView& machine, const std::string& address) {
  std::vector<std::string> interfaces = machine.names(pci_folder(address) + "/net");
  for (const std::string& name : machine.names(pci_folder(address))) {
    if (!name.starts_with("virtio")) continue;
    const auto below = machine.names(pci_folder(address) + "/" + name + "/net");
    interfaces.insert(interfaces.end(), below.begin(), below.end());
  }
  return interfaces;
}

}  // namespace mptap

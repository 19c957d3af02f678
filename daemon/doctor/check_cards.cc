// Cards given to DPDK: who drives them, what would be lost, what stands between them and memory.
#include <algorithm>
#include <cstdlib>

#include "daemon/doctor/cards.h"
#include "daemon/doctor/checks.h"
#include "daemon/doctor/interfaces.h"
#include "daemon/doctor/meminfo.h"
#include "daemon/doctor/worker_cores.h"
#include "dataplane/pci_driver.h"

namespace mptap {
namespace {

constexpr const char* kGroups = "/sys/kernel/iommu_groups";
constexpr const char* kIommuOn = "boot with intel_iommu=on iommu=pt (AMD: iommu=pt)";
constexpr std::uint64_t kPageBytes = 2ull << 20;

/// The class of a device, "0x020000" -> 0x0200; 0 where it is not told.
unsigned long class_of(const MachineView& machine, const std::string& address) {
  return std::strtoul(machine.read(pci_folder(address) + "/class").text.c_str(), nullptr, 16) >> 8;
}

/// What the kernel loses with the card: "the kernel loses eth1", empty where it has no interface of it.
std::string lost_with(const MachineView& machine, const std::string& address) {
  const auto routed = default_route_interfaces(machine);
  std::string text;
  for (const std::string& interface : card_interfaces(machine, address)) {
    const bool is_routed = std::ranges::find(routed, interface) != routed.end();
    text += (text.empty() ? "; the kernel would lose " : ", ") + interface + (is_routed ? " (the default route!)" : "");
  }
  return text;
}

/// The script that gives cards to DPDK: the installed one, or that of a clone.
std::string prepare_nic(const MachineView& machine, const std::string& address) {
  return (machine.exists("/usr/sbin/mptap-prepare-nic") ? "mptap-prepare-nic " : "deploy/prepare-nic ") + address;
}

void check_driver(const MachineView& machine, const std::string& address, Findings& findings) {
  constexpr unsigned long kNetwork = 0x02;
  if (!machine.exists(pci_folder(address))) {
    return findings.problem(address, "there is no such PCI device", "lspci -D | grep -i ethernet");
  }
  if (class_of(machine, address) >> 8 != kNetwork) {
    return findings.problem(address, "is no network card, by its class", "lspci -D | grep -i ethernet");
  }
  const std::string driver = machine.link_name(pci_folder(address) + "/driver");
  switch (fate_under(driver)) {
    case CardFate::kGiven:
      return findings.ok(address, "driven by vfio-pci: given to DPDK");
    case CardFate::kShared:
      return findings.ok(address, "driven by " + driver + ": DPDK works beside it");
    case CardFate::kGivenByUio:
      return findings.warn(address, "driven by " + driver + ", which knows no IOMMU: the card may write anywhere",
                           prepare_nic(machine, address));
    case CardFate::kKernelOnly:
      return findings.problem(address, (driver.empty() ? "bound to no driver" : "driven by " + driver) +
                                           std::string(", not by vfio-pci") + lost_with(machine, address),
                              prepare_nic(machine, address));
  }
}

/// Devices of the same group that are someone else's: then VFIO gives the group to nobody.
std::string others_in_group(const MachineView& machine, const std::string& address) {
  constexpr unsigned long kBridge = 0x0604;
  std::string others;
  for (const std::string& other : machine.names(pci_folder(address) + "/iommu_group/devices")) {
    if (other == address || class_of(machine, other) == kBridge) continue;
    const std::string driver = machine.link_name(pci_folder(other) + "/driver");
    if (driver.empty() || driver == "vfio-pci" || driver == "pci-stub") continue;
    others += (others.empty() ? "" : ", ") + other + " (" + driver + ")";
  }
  return others;
}

void check_card_iommu(const MachineView& machine, const std::string& address, const DataplaneOptions& options,
                      Findings& findings) {
  const std::string driver = machine.link_name(pci_folder(address) + "/driver");
  if (fate_under(driver) == CardFate::kShared) return findings.ok(address, "not needed with " + driver);
  const std::string group = machine.link_name(pci_folder(address) + "/iommu_group");
  const bool unsafe = machine.read("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode").text == "Y";
  // Without an IOMMU, DPDK must know physical addresses, and it knows those of hugepages only.
  if ((group.empty() || unsafe) && machine.names(kGroups).empty()) {
    if (!unsafe && fate_under(driver) != CardFate::kGivenByUio) {
      return findings.problem(address, std::string("no IOMMU, and vfio is not allowed to do without: ") + kIommuOn,
                              "modprobe vfio enable_unsafe_noiommu_mode=1");
    }
    if (!packets_on_hugepages(machine, options)) {
      return findings.problem(address, "no IOMMU, so that DPDK wants hugepages, and too few are free or they are not used",
                              "sysctl vm.nr_hugepages=" + std::to_string((options.memory_bytes + kPageBytes - 1) / kPageBytes));
    }
    return findings.warn(address, "no IOMMU: the card may write anywhere", kIommuOn);
  }
  if (group.empty()) return findings.problem(address, "is in no IOMMU group: vfio-pci cannot have it", kIommuOn);
  if (const std::string others = others_in_group(machine, address); !others.empty()) {
    return findings.problem(address, "IOMMU group " + group + " holds others' devices, too: " + others,
                            "lspci -D -s " + address + "  # and give up the others, or use another slot");
  }
  if (!machine.exists("/sys/bus/pci/drivers/vfio-pci")) {
    return findings.problem(address, "IOMMU group " + group + ", and vfio-pci is not loaded", "modprobe vfio-pci");
  }
  findings.ok(address, "IOMMU group " + group + ", to itself");
}

}  // namespace

void check_card_drivers(const MachineView& machine, const Config& config, Findings& findings) {
  for (const std::string& address : pci_addresses(config)) check_driver(machine, address, findings);
}

void check_iommu(const MachineView& machine, const Config& config, Findings& findings) {
  const auto addresses = pci_addresses(config);
  if (addresses.empty()) {
    const std::size_t groups = machine.names(kGroups).size();
    return findings.ok("", groups == 0 ? std::string("there is none; only `pci` ports want one")
                                       : std::to_string(groups) + (groups == 1 ? " group" : " groups") + "; no `pci` port is configured");
  }
  for (const std::string& address : addresses) {
    if (machine.exists(pci_folder(address))) check_card_iommu(machine, address, config.startup.dataplane, findings);
  }
}

void check_card_nodes(const MachineView& machine, const Config& config, Findings& findings) {
  const WorkerCores cores = find_worker_cores(machine, config);
  for (const std::string& address : pci_addresses(config)) {
    const auto node = machine.number(pci_folder(address) + "/numa_node");
    if (!node || !cores.error.empty()) continue;  // one node, or told by `workers`
    const auto near = machine.cpus("/sys/devices/system/node/node" + std::to_string(*node) + "/cpulist");
    if (near.empty()) {
      findings.unknown(address, "the kernel does not tell the cores of node " + std::to_string(*node));
      continue;
    }
    std::vector<std::uint32_t> far;
    std::ranges::set_difference(cores.workers, near, std::back_inserter(far));
    if (far.empty()) {
      findings.ok(address, "node " + std::to_string(*node) + ", where the workers run");
    } else {
      findings.warn(address, "node " + std::to_string(*node) + ", and workers run far from it, on " + format_cpus(far),
                    "in the configuration: name `cores` of " + format_cpus(near));
    }
  }
}

}  // namespace mptap

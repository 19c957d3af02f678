// Queues against workers, and whether both directions of a flow reach one worker.
#include <algorithm>

#include "daemon/doctor/cards.h"
#include "daemon/doctor/checks.h"
#include "daemon/doctor/interfaces.h"
#include "daemon/human.h"

namespace mptap {
namespace {

/// By ethtool, or where the driver does not tell, by what sysfs lists.
std::optional<ReceiveQueues> queues_of(const MachineView& machine, const std::string& interface) {
  if (const auto told = machine.kernel().receive_queues(interface); told && told->now > 0) return told;
  const auto names = machine.names(kInterfaces + interface + "/queues");
  const auto listed = static_cast<std::uint32_t>(
      std::ranges::count_if(names, [](const std::string& name) { return name.starts_with("rx-"); }));
  if (listed == 0) return std::nullopt;
  return ReceiveQueues{listed, listed};
}

/// A key of which each 16 bits are the same gives both directions of a flow the same hash.
bool is_symmetric(const std::vector<std::uint8_t>& key) {
  for (std::size_t i = 2; i < key.size(); ++i) {
    if (key[i] != key[i - 2]) return false;
  }
  return !key.empty();
}

std::string symmetric_key_command(const std::string& interface, std::size_t key_bytes) {
  std::string key;
  for (std::size_t i = 0; i < key_bytes; ++i) key += (i == 0 ? "" : ":") + std::string(i % 2 == 0 ? "6d" : "5a");
  return "ethtool -X " + interface + " hkey " + key;
}

void check_xdp_queues(const MachineView& machine, const std::string& interface, std::uint32_t workers, Findings& findings) {
  const auto queues = queues_of(machine, interface);
  if (!queues) return findings.unknown(interface, "its driver does not tell how many queues it has", "ethtool -l " + interface);
  const std::string finding = plural(queues->now, "queue") + " for " + plural(workers, "worker");
  const std::string set = "ethtool -L " + interface + " combined " + std::to_string(workers);
  if (queues->now == workers) return findings.ok(interface, finding);
  if (queues->now > workers) return findings.warn(interface, finding + ": what arrives on the others is not seen", set);
  findings.problem(interface, finding + ": af_xdp wants one each",
                   queues->most >= workers ? set : "in the configuration: `workers: " + std::to_string(queues->now) + "`");
}

/// A card that the kernel still drives has an interface that tells; one that was given to DPDK tells DPDK alone.
void check_card_queues(const MachineView& machine, const std::string& address, std::uint32_t workers, Findings& findings) {
  const auto interfaces = card_interfaces(machine, address);
  const auto queues = interfaces.empty() ? std::nullopt : queues_of(machine, interfaces.front());
  if (!queues) return findings.unknown(address, "only DPDK can tell; `mptap run` warns where it has fewer than workers");
  const std::string finding = plural(queues->most, "queue") + " at most for " + plural(workers, "worker");
  if (queues->most >= workers) return findings.ok(address, finding);
  findings.warn(address, finding + ": the others get nothing from it",
                "in the configuration: `workers: " + std::to_string(queues->most) + "`");
}

void check_hash_of(const std::optional<ReceiveHash>& hash, const std::string& subject, const std::string& interface,
                   bool set_by_dpdk, Findings& findings) {
  if (!hash || hash->key.empty()) {
    return findings.unknown(subject, "its driver does not tell how it spreads flows", "ethtool -x " + interface);
  }
  if (set_by_dpdk) return findings.ok(subject, "takes a key of " + std::to_string(hash->key.size()) + " bytes; mptap sets one");
  if (hash->toeplitz && is_symmetric(hash->key)) return findings.ok(subject, "its key is symmetric");
  if (!hash->toeplitz) {
    return findings.warn(subject, "does not hash by Toeplitz: directions of a flow may reach different workers",
                         "ethtool -X " + interface + " hfunc toeplitz");
  }
  findings.warn(subject, "its hash key is not symmetric: directions of a flow may reach different workers",
                symmetric_key_command(interface, hash->key.size()));
}

}  // namespace

void check_queues(const MachineView& machine, const Config& config, Findings& findings) {
  const std::uint32_t workers = config.startup.dataplane.workers;
  for (const PortOptions& port : interface_ports(config)) {
    if (!machine.exists(kInterfaces + port.interface)) continue;
    if (port.driver == PortDriver::kAfXdp) {
      check_xdp_queues(machine, port.interface, workers, findings);
    } else {
      const auto queues = queues_of(machine, port.interface);
      findings.ok(port.interface, (queues ? plural(queues->now, "queue") + "; " : std::string()) +
                                      "the kernel spreads flows over " + plural(workers, "worker") + " by itself");
    }
  }
  for (const std::string& address : pci_addresses(config)) {
    if (machine.exists(pci_folder(address))) check_card_queues(machine, address, workers, findings);
  }
}

void check_hash(const MachineView& machine, const Config& config, Findings& findings) {
  if (config.startup.dataplane.workers < 2) return;  // all reach the one
  for (const PortOptions& port : interface_ports(config)) {
    if (port.driver != PortDriver::kAfXdp || !machine.exists(kInterfaces + port.interface)) continue;
    check_hash_of(machine.kernel().receive_hash(port.interface), port.interface, port.interface, false, findings);
  }
  for (const std::string& address : pci_addresses(config)) {
    const auto interfaces = card_interfaces(machine, address);
    if (!machine.exists(pci_folder(address))) continue;
    if (interfaces.empty()) {
      findings.unknown(address, "only DPDK can tell; `mptap run` warns where it does not hash TCP");
    } else {
      check_hash_of(machine.kernel().receive_hash(interfaces.front()), address, interfaces.front(), true, findings);
    }
  }
}

}  // namespace mptap

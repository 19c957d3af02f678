// Whether this user may do what the configured ports need; docs/operations.md has the table.
#include <cstdlib>
#include <sstream>

#include "daemon/doctor/cards.h"
#include "daemon/doctor/checks.h"
#include "dataplane/capability_bits.h"
#include "dataplane/dpdk_vdev.h"
#include "dataplane/eal_plan.h"

namespace mptap {
namespace {

std::string grant(std::uint64_t needed) {
  return std::string("setcap cap_net_raw,cap_net_admin,cap_ipc_lock") + ((needed & kCapSysAdmin) != 0 ? ",cap_sys_admin" : "") +
         "+ep \"$(command -v mptap)\"";
}

std::uint64_t needed_by(const PortOptions& port) {
  const bool by_xdp = port.vdev.starts_with("net_af_xdp") || (!port.interface.empty() && port.driver == PortDriver::kAfXdp);
  if (!port.interface.empty() || port.vdev.starts_with("net_af_packet") || by_xdp) {
    return kCapNetRaw | kCapNetAdmin | (by_xdp ? kCapSysAdmin : 0);
  }
  return port.vdev.starts_with("net_tap") ? kCapNetAdmin : 0;
}

std::string names_of(std::uint64_t capabilities) {
  std::string names;
  const auto add = [&](std::uint64_t bit, const char* name) {
    if ((capabilities & bit) != 0) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  add(kCapNetRaw, "CAP_NET_RAW");
  add(kCapNetAdmin, "CAP_NET_ADMIN");
  add(kCapIpcLock, "CAP_IPC_LOCK");
  add(kCapSysAdmin, "CAP_SYS_ADMIN");
  return names;
}

std::uint64_t effective(const MachineView& machine) {
  return std::strtoull(machine.status("CapEff").c_str(), nullptr, 16);
}

/// The effective one: "Uid: real effective ...".
std::string user_of(const MachineView& machine) {
  std::istringstream uids(machine.status("Uid"));
  std::string real, uid;
  uids >> real >> uid;
  return uid;
}

/// "Max locked memory  8388608  8388608  bytes": the soft limit; nothing where it is not told.
std::optional<std::uint64_t> locked_limit(const MachineView& machine) {
  constexpr std::string_view kField = "Max locked memory";
  std::istringstream lines(machine.read("/proc/self/limits").text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kField)) continue;
    std::istringstream words(line.substr(kField.size()));
    std::string soft;
    words >> soft;
    return soft == "unlimited" ? UINT64_MAX : std::strtoull(soft.c_str(), nullptr, 10);
  }
  return std::nullopt;
}

/// Root may; others who may open the group's device, where there is an IOMMU.
void check_card(const MachineView& machine, const PortOptions& port, const std::string& uid, Findings& findings) {
  const std::string address = format_pci_address(port.pci);
  if (uid == "0") return findings.ok(address, "user 0 is root");
  const std::string group = machine.link_name(pci_folder(address) + "/iommu_group");
  if (!group.empty() && machine.kernel().may_open("/dev/vfio/" + group)) {
    return findings.ok(address, "user " + uid + " may open /dev/vfio/" + group);
  }
  findings.problem(address, "user " + uid + " is not root, and may not open its IOMMU group",
                   "sudo mptap run --config FILE (a service: deploy/systemd/vfio.conf)");
}

}  // namespace

void check_capabilities(const MachineView& machine, const Config& config, Findings& findings) {
  if (machine.status("CapEff").empty()) return findings.unknown("", "/proc/self/status does not tell the capabilities");
  const std::string uid = user_of(machine);
  for (const PortOptions& port : config.startup.dataplane.ports) {
    if (!port.pci.empty()) {
      check_card(machine, port, uid, findings);
      continue;
    }
    const std::string name = port.interface.empty() ? split_vdev(port.vdev).name : port.interface;
    const std::uint64_t needed = needed_by(port);
    const std::uint64_t lacking = needed & ~effective(machine);
    if (lacking != 0) {
      findings.problem(name, "user " + uid + " lacks " + names_of(lacking), grant(needed));
    } else {
      findings.ok(name, needed == 0 ? "needs none" : "user " + uid + " has " + names_of(needed));
    }
  }
}

void check_locked_memory(const MachineView& machine, const Config& config, Findings& findings) {
  const DataplaneOptions& options = config.startup.dataplane;
  std::uint64_t need = 0;
  for (const PortOptions& port : options.ports) {
    if (!port.interface.empty()) need += locked_bytes_of(port, options.max_frame_bytes, options.workers);
  }
  if (need == 0) return;
  const std::string rings = "the rings of the interfaces lock " + format_room(need);
  if ((effective(machine) & kCapIpcLock) != 0) return findings.ok("", rings + ", and CAP_IPC_LOCK allows any");
  const auto limit = locked_limit(machine);
  if (!limit) return findings.unknown("", rings + "; /proc/self/limits does not tell how much this user may");
  if (*limit >= need) return findings.ok("", rings + ", and this user may");
  findings.problem("", rings + ", and this user may lock " + format_room(*limit),
                   "ulimit -l unlimited (in a unit: LimitMEMLOCK=infinity), or " + grant(0));
}

void check_file_capabilities(const MachineView& machine, const Config&, Findings& findings) {
  const std::uint64_t given = machine.kernel().file_capabilities();
  if (given == 0) return findings.ok("", "the program file gives none: who runs it must have them");
  const std::string names = names_of(given);
  const std::string gives = "the program file gives " + (names.empty() ? std::string("others than mptap needs") : names);
  if ((given & ~effective(machine)) == 0) return findings.ok("", gives);
  const bool barred = machine.status("NoNewPrivs") == "1";
  findings.warn("", gives + ", and they do not count here: " +
                        (barred ? "no_new_privs is set" : "its file system is mounted nosuid, or a bound forbids them"),
                barred ? "in the unit: NoNewPrivileges=no, or AmbientCapabilities= instead" : "install mptap on another file system");
}

}  // namespace mptap

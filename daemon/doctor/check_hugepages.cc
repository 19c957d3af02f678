// Hugepages of each NUMA node, against `memory` and `hugepages`.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "daemon/doctor/cards.h"
#include "daemon/doctor/checks.h"

namespace mptap {
namespace {

constexpr const char* kNodes = "/sys/devices/system/node/";
constexpr std::uint64_t kUsualPageBytes = 2ull << 20;

/// Pages of one size on one node.
struct Pages {
  std::string path;  // of the folder with their counts
  std::uint64_t page_bytes = 0;
  std::uint64_t reserved = 0;
  std::uint64_t free = 0;
};

std::vector<Pages> read_pages(const MachineView& machine, const std::string& folder) {
  std::vector<Pages> sizes;
  for (const std::string& name : machine.names(folder)) {  // hugepages-2048kB
    Pages pages;
    pages.path = folder + "/" + name;
    pages.page_bytes = std::strtoull(name.c_str() + name.find('-') + 1, nullptr, 10) * 1024;
    pages.reserved = machine.number(pages.path + "/nr_hugepages").value_or(0);
    pages.free = machine.number(pages.path + "/free_hugepages").value_or(0);
    if (pages.page_bytes > 0) sizes.push_back(pages);
  }
  return sizes;
}

struct Node {
  std::string name;  // "node0"
  std::vector<Pages> sizes;

  [[nodiscard]] std::uint64_t free_bytes() const {
    std::uint64_t bytes = 0;
    for (const Pages& pages : sizes) bytes += pages.free * pages.page_bytes;
    return bytes;
  }
};

std::vector<Node> read_nodes(const MachineView& machine) {
  std::vector<Node> nodes;
  for (const std::string& name : machine.names(kNodes)) {
    if (name.size() < 5 || !name.starts_with("node") || name[4] < '0' || name[4] > '9') continue;
    nodes.push_back({name, read_pages(machine, kNodes + name + "/hugepages")});
  }
  if (nodes.empty()) nodes.push_back({"machine", read_pages(machine, "/sys/kernel/mm/hugepages")});
  return nodes;
}

/// How many pages of 2 MiB must be reserved so that `memory` is free.
std::uint64_t pages_wanted(const std::vector<Node>& nodes, std::uint64_t memory_bytes) {
  std::uint64_t reserved = 0;
  std::uint64_t free_bytes = 0;
  for (const Node& node : nodes) {
    free_bytes += node.free_bytes();
    for (const Pages& pages : node.sizes) reserved += pages.page_bytes == kUsualPageBytes ? pages.reserved : 0;
  }
  const std::uint64_t lacking = memory_bytes > free_bytes ? memory_bytes - free_bytes : 0;
  return reserved + (lacking + kUsualPageBytes - 1) / kUsualPageBytes;
}

std::string describe(const std::vector<Node>& nodes) {
  std::string text;
  for (const Node& node : nodes) {
    for (const Pages& pages : node.sizes) {
      if (pages.reserved == 0) continue;
      text += (text.empty() ? "" : "; ") + node.name + ": " + std::to_string(pages.reserved) + " of " +
              format_room(pages.page_bytes) + ", " + std::to_string(pages.free) + " free";
    }
  }
  return text.empty() ? "none reserved" : text;
}

/// DPDK takes them without a mount point; who reads this may have one all the same.
std::string describe_mount(const MachineView& machine) {
  std::istringstream mounts(machine.read("/proc/self/mounts").text);
  for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);) {
    if (type == "hugetlbfs") return "; mounted at " + place;
  }
  return "; not mounted, and need not be";
}

}  // namespace

void check_hugepages(const MachineView& machine, const Config& config, Findings& findings) {
  const DataplaneOptions& options = config.startup.dataplane;
  if (!machine.exists("/sys/kernel/mm/hugepages")) {
    if (options.hugepages == HugepageUse::kAlways)
      return findings.problem("", "this kernel has no hugepages, and `hugepages: always` is set",
                              "in the configuration: `hugepages: auto`");
    return findings.ok("", "this kernel has none, and `hugepages` does without");
  }
  const std::vector<Node> nodes = read_nodes(machine);
  std::uint64_t free_bytes = 0;
  for (const Node& node : nodes) free_bytes += node.free_bytes();
  const std::string mend = "sysctl vm.nr_hugepages=" + std::to_string(pages_wanted(nodes, options.memory_bytes));
  const std::string state = describe(nodes) + (free_bytes > 0 ? describe_mount(machine) : "");
  const std::string too_few = state + ": too few for `memory`, " + format_room(options.memory_bytes);
  if (options.hugepages == HugepageUse::kNever) return findings.ok("", state + "; `hugepages: never` leaves them alone");
  if (free_bytes >= options.memory_bytes) return findings.ok("", state);
  if (options.hugepages == HugepageUse::kAlways)
    return findings.problem("", too_few + ", and `hugepages: always` refuses to start", mend);
  const bool any_card = std::ranges::any_of(options.ports, [](const PortOptions& port) { return !port.pci.empty(); });
  if (any_card) return findings.warn("", too_few + ", and a card given to DPDK is slower without", mend);
  if (free_bytes > 0) return findings.warn("", too_few + ": mptap goes on without", mend);
  findings.ok("", state + "; `hugepages: auto` goes on without");
}

void check_card_hugepages(const MachineView& machine, const Config& config, Findings& findings) {
  const DataplaneOptions& options = config.startup.dataplane;
  const std::vector<Node> nodes = read_nodes(machine);
  if (options.hugepages == HugepageUse::kNever || nodes.size() < 2) return;
  for (const std::string& address : pci_addresses(config)) {
    const auto number = machine.number(pci_folder(address) + "/numa_node");
    const auto node = std::ranges::find(nodes, "node" + std::to_string(number.value_or(0)), &Node::name);
    if (!number || node == nodes.end()) {
      findings.unknown(address, "the kernel does not tell the node of this card");
    } else if (node->free_bytes() >= options.memory_bytes) {
      findings.ok(address, node->name + ", where " + format_room(node->free_bytes()) + " are free");
    } else {
      const std::uint64_t wanted = pages_wanted({*node}, options.memory_bytes);
      findings.warn(address, "its packets want memory of " + node->name + ", where " + format_room(node->free_bytes()) +
                                 " of hugepages are free and `memory` is " + format_room(options.memory_bytes),
                    "echo " + std::to_string(wanted) + " > " + kNodes + node->name +
                        "/hugepages/hugepages-2048kB/nr_hugepages");
    }
  }
}

}  // namespace mptap

// Memory for tables and packets: is there enough, on which pages, in how many mappings.
#include <bit>
#include <cerrno>
#include <cstring>

#include "daemon/doctor/checks.h"
#include "daemon/doctor/meminfo.h"

namespace mptap {
namespace {

// docs/operations.md, "Memory", and docs/decisions/0017.
constexpr std::uint64_t kSubflowBytes = 225;
constexpr std::uint64_t kRecordBytes = 64;
constexpr std::uint64_t kConnectionBytes = 445;
constexpr std::uint64_t kKeptPacketBytes = 350;
constexpr std::uint64_t kLargePageBytes = 2ull << 20;

struct Need {
  std::uint64_t at_start = 0;  // ordinary memory: packets, unless on hugepages, rings, evidence
  std::uint64_t tables = 0;    // taken as subflows and connections come, up to this
};

/// @param on_hugepages  Then packets want no ordinary memory.
Need find_need(const Config& config, bool on_hugepages) {
  const StartupConfig& startup = config.startup;
  const std::uint64_t workers = startup.dataplane.workers;
  Need need;
  if (!on_hugepages) need.at_start += startup.dataplane.memory_bytes;
  need.at_start += workers * kRecordBytes * std::bit_ceil(startup.worker.ring_capacity + startup.worker.overflow_capacity);
  if (startup.correlator.evidence.any()) need.at_start += kKeptPacketBytes * startup.correlator.evidence.history;
  need.tables = workers * kSubflowBytes * startup.worker.table.capacity +
                kConnectionBytes * startup.correlator.max_connections;
  return need;
}

}  // namespace

void check_large_pages(const MachineView& machine, const Config& config, Findings& findings) {
  constexpr const char* kPath = "/sys/kernel/mm/transparent_hugepage/enabled";
  const MachineView::Text choice = machine.read(kPath);
  const std::string tables = "tables of up to " + format_room(find_need(config, false).tables);
  if (choice.error == ENOENT) {
    return findings.warn("", "this kernel has no transparent hugepages: " + tables + " stay on small pages, slower",
                         "boot a kernel with CONFIG_TRANSPARENT_HUGEPAGE");
  }
  const std::size_t begin = choice.text.find('[');
  const std::size_t end = choice.text.find(']');
  if (choice.error != 0 || begin == std::string::npos || end == std::string::npos) {
    return findings.unknown("", std::string(kPath) + " does not tell: " + std::strerror(choice.error));
  }
  const std::string chosen = choice.text.substr(begin + 1, end - begin - 1);
  if (chosen == "never") {
    return findings.warn("", "transparent hugepages are `never`: " + tables + " stay on small pages, slower",
                         "echo madvise > " + std::string(kPath));
  }
  findings.ok("", "transparent hugepages are `" + chosen + "`: tables may have them");
}

void check_map_count(const MachineView& machine, const Config& config, Findings& findings) {
  constexpr std::uint64_t kOthers = 2'000;  // libraries, stacks, rings: about 1,100 were counted after a start
  const auto most = machine.number("/proc/sys/vm/max_map_count");
  if (!most) return findings.unknown("", "/proc/sys/vm/max_map_count does not tell");
  const DataplaneOptions& options = config.startup.dataplane;
  // Each hugepage is a mapping of its own in DPDK, each large block of a table one of ours.
  const std::uint64_t packets = options.hugepages == HugepageUse::kNever ? 0 : options.memory_bytes / kLargePageBytes;
  const std::uint64_t need = packets + find_need(config, true).tables / kLargePageBytes + kOthers;
  const std::string finding = "vm.max_map_count is " + std::to_string(*most) + ", and up to " + std::to_string(need) +
                              " mappings may be wanted";
  if (*most >= need) return findings.ok("", finding);
  const std::string mend = "sysctl vm.max_map_count=" + std::to_string(need * 2);
  if (*most < packets + kOthers) return findings.problem("", finding + ": `memory` would not be had", mend);
  findings.warn("", finding + ": full tables could not grow", mend);
}

void check_tables(const MachineView& machine, const Config& config, Findings& findings) {
  const std::uint64_t available = read_meminfo(machine, "MemAvailable");
  if (available == 0) return findings.unknown("", "/proc/meminfo does not tell how much memory is available");
  const Need need = find_need(config, packets_on_hugepages(machine, config.startup.dataplane));
  const std::string finding = format_room(need.at_start) + " for packets and rings, up to " + format_room(need.tables) +
                              " for full tables; " + format_room(available) + " are available";
  if (available < need.at_start) {
    return findings.problem("", finding, "in the configuration: lower `memory`, `subflows.ring` or `workers`");
  }
  if (available < need.at_start + need.tables) {
    return findings.warn("", finding, "in the configuration: lower `connections.max` or `subflows.capacity`");
  }
  findings.ok("", finding);
}

}  // namespace mptap

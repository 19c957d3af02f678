#include "dataplane/eal_plan.h"

#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "dataplane/eal_log.h"

namespace mptap {
namespace {

constexpr std::uint64_t kMib = 1ull << 20;
constexpr const char* kHugepages = "/sys/kernel/mm/hugepages";

std::string join(const std::vector<std::uint32_t>& numbers) {
  std::string text;
  for (const auto number : numbers) {
    if (!text.empty()) text += ',';
    text += std::to_string(number);
  }
  return text;
}

bool choose_cores(const DataplaneOptions& options, const Machine& machine, EalPlan& plan,
                  std::string& error) {
  const auto& cpus = machine.cpus;
  if (options.cores.empty()) {
    // The lowest core serves interrupts and control; where there are no more cores than workers they take
    // turns.
    const bool keep_lowest = cpus.size() > 1;
    for (std::uint32_t k = 0; k < options.workers; ++k) {
      plan.worker_cpus.push_back(cpus[(k + (keep_lowest ? 1 : 0)) % cpus.size()]);
    }
  } else {
    if (options.cores.size() != options.workers) {
      error = std::to_string(options.cores.size()) + " cores are named for " +
              std::to_string(options.workers) + " workers: name one core a worker, or none";
      return false;
    }
    for (const auto core : options.cores) {
      if (std::find(cpus.begin(), cpus.end(), core) != cpus.end()) continue;
      error = "core " + std::to_string(core) + " is not one this process may run on (" + join(cpus) +
              "): name one of these";
      return false;
    }
    plan.worker_cpus = options.cores;
  }

  const std::set<std::uint32_t> taken(plan.worker_cpus.begin(), plan.worker_cpus.end());
  std::copy_if(cpus.begin(), cpus.end(), std::back_inserter(plan.control_cpus),
               [&taken](std::uint32_t cpu) { return !taken.contains(cpu); });
  const bool shared = taken.size() < plan.worker_cpus.size() || plan.control_cpus.empty();
  if (options.poll == PollMode::kBusy && shared) {
    error = "`poll: busy` needs a core for each of the " + std::to_string(options.workers) +
            " workers and one more; this process may run on " + std::to_string(cpus.size()) + " (" +
            join(cpus) + "): use `poll: adaptive` or fewer workers";
    return false;
  }
  if (taken.size() < plan.worker_cpus.size()) {
    plan.warnings.push_back(std::to_string(options.workers) + " workers share " +
                            std::to_string(taken.size()) +
                            " cores: fewer workers would do the same with less switching");
  }
  if (plan.control_cpus.empty()) plan.control_cpus = cpus;
  return true;
}

bool choose_memory(const DataplaneOptions& options, const Machine& machine, EalPlan& plan,
                   std::string& error) {
  const bool enough = machine.free_hugepage_bytes >= options.memory_bytes;
  if (options.hugepages == HugepageUse::kAlways && !enough) {
    const std::uint64_t page = machine.hugepage_bytes > 0 ? machine.hugepage_bytes : 2 * kMib;
    const std::uint64_t pages = (options.memory_bytes + page - 1) / page;
    error = "`hugepages: always`, and " + std::to_string(machine.free_hugepage_bytes / kMib) +
            " MiB of hugepages are free where " + std::to_string(options.memory_bytes / kMib) +
            " MiB are needed: reserve them (sysctl vm.nr_hugepages=" + std::to_string(pages) +
            ", which is /proc/sys/vm/nr_hugepages), or use `hugepages: auto`";
    return false;
  }
  plan.hugepages = options.hugepages != HugepageUse::kNever && enough;
  if (options.hugepages == HugepageUse::kAuto && !enough && machine.free_hugepage_bytes > 0) {
    plan.warnings.push_back(
        "only " + std::to_string(machine.free_hugepage_bytes / kMib) + " MiB of hugepages are free where " +
        std::to_string(options.memory_bytes / kMib) + " MiB are needed: going on without hugepages");
  }
  return true;
}

}  // namespace

Machine read_machine() {
  Machine machine;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) machine.cpus.push_back(cpu);
    }
  }
  if (machine.cpus.empty()) machine.cpus.push_back(0);

  std::error_code ignored;
  std::uint64_t most_free = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kHugepages, ignored)) {
    const std::string name = entry.path().filename();  // hugepages-2048kB
    const std::uint64_t page = std::strtoull(name.c_str() + name.find('-') + 1, nullptr, 10) * 1024;
    std::uint64_t pages = 0;
    std::ifstream(entry.path() / "free_hugepages") >> pages;
    machine.free_hugepage_bytes += pages * page;
    if (pages * page >= most_free && (pages > 0 || machine.hugepage_bytes == 0)) {
      most_free = pages * page;
      machine.hugepage_bytes = page;
    }
  }
  return machine;
}

bool build_eal_plan(const DataplaneOptions& options, const Machine& machine, EalPlan& plan,
                    std::string& error) {
  plan = {};
  const std::uint32_t level = find_eal_log_level(options.eal_log_level);
  if (level == 0) {
    error =
        "`" + options.eal_log_level +
        "` is no log level of DPDK: use emergency, alert, critical, error, warning, notice, info or debug";
    return false;
  }
  if (!choose_cores(options, machine, plan, error) || !choose_memory(options, machine, plan, error))
    return false;

  auto& arguments = plan.arguments;
  // One lcore, the main one: workers are threads of ours that register with DPDK (see Eal::enter_worker).
  arguments = {"mptap", "--lcores", "0@(" + join(plan.control_cpus) + ")", "--no-telemetry"};
  if (plan.hugepages) {
    arguments.emplace_back("--in-memory");  // no files: several instances coexist, and nothing is left behind
  } else {
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "-m", std::to_string(options.memory_bytes / kMib)});
  }
  bool any_pci = false;
  for (const auto& port : options.ports) {
    if (port.pci.empty()) continue;
    any_pci = true;
    arguments.insert(arguments.end(), {"-a", format_pci_address(port.pci)});
  }
  if (!any_pci) arguments.emplace_back("--no-pci");
  // Drivers' reasons (notice and graver) are always asked for: an error sentence may need them. EalLog sorts
  // them.
  if (level > find_eal_log_level("notice")) {
    arguments.insert(arguments.end(), {"--log-level", "debug", "--log-level", "*:" + options.eal_log_level});
  } else {
    arguments.insert(arguments.end(), {"--log-level", "notice"});
  }
  return true;
}

}  // namespace mptap

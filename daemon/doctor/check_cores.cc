// Which cores the workers get, whether they have them to themselves, and whether two share one core's parts.
#include <algorithm>
#include <map>
#include <set>

#include "daemon/doctor/checks.h"
#include "daemon/doctor/worker_cores.h"

namespace mptap {
namespace {

constexpr const char* kCpus = "/sys/devices/system/cpu/";

std::vector<std::uint32_t> without(const std::vector<std::uint32_t>& cpus, const std::vector<std::uint32_t>& others) {
  std::vector<std::uint32_t> rest;
  std::ranges::set_difference(cpus, others, std::back_inserter(rest));
  return rest;
}

std::string cores_are(const std::vector<std::uint32_t>& cpus) {
  return (cpus.size() == 1 ? "core " : "cores ") + format_cpus(cpus) + (cpus.size() == 1 ? " is" : " are");
}

std::string cores(const std::vector<std::uint32_t>& cpus) {
  return (cpus.size() == 1 ? "core " : "cores ") + format_cpus(cpus);
}

/// What to do where the cores do not fit: allow those that exist, else name others.
std::string mend_cores(const MachineView& machine, const DataplaneOptions& options,
                       const std::vector<std::uint32_t>& allowed) {
  std::vector<std::uint32_t> wanted = options.cores;
  std::ranges::sort(wanted);
  const auto online = machine.cpus(std::string(kCpus) + "online");
  const auto forbidden = without(wanted, allowed);
  if (!forbidden.empty() && without(forbidden, online).empty()) {
    return "taskset -c " + format_cpus(online) + " mptap run --config FILE (in a unit: CPUAffinity=" + format_cpus(online) + ")";
  }
  return forbidden.empty() ? "in the configuration: `poll: adaptive`, or fewer `workers`"
                           : "in the configuration: name `cores` of " + format_cpus(allowed) + ", or none";
}

}  // namespace

void check_workers(const MachineView& machine, const Config& config, Findings& findings) {
  const DataplaneOptions& options = config.startup.dataplane;
  const std::vector<std::uint32_t> allowed = parse_cpus(machine.status("Cpus_allowed_list"));
  if (allowed.empty()) return findings.unknown("", "/proc/self/status does not tell the cores that mptap may run on");
  const WorkerCores found = find_worker_cores(machine, config);
  if (!found.error.empty()) return findings.problem("", found.error, mend_cores(machine, options, allowed));
  const std::string where = std::to_string(options.workers) + (options.workers == 1 ? " worker on " : " workers on ") +
                            cores(found.workers) + ", the rest on " + format_cpus(found.control);
  if (found.workers.size() < options.workers) {
    return findings.warn("", where + ": workers share cores",
                         "in the configuration: `workers: " + std::to_string(found.workers.size()) + "`");
  }
  if (std::ranges::includes(found.workers, found.control)) {
    return findings.warn("", where + ": control and workers take turns",
                         options.workers > 1 ? "in the configuration: `workers: " + std::to_string(options.workers - 1) + "`"
                                             : "give mptap a second core");
  }
  findings.ok("", where);
}

void check_isolation(const MachineView& machine, const Config& config, Findings& findings) {
  const WorkerCores found = find_worker_cores(machine, config);
  if (!found.error.empty()) return findings.unknown("", "it is not known where the workers run: see `workers`");
  const MachineView::Text list = machine.read(std::string(kCpus) + "isolated");
  if (list.error != 0) return findings.unknown("", "the kernel does not tell which cores are isolated");
  const auto isolated = parse_cpus(list.text);
  const auto tickless = machine.cpus(std::string(kCpus) + "nohz_full");
  const auto shared = without(found.workers, isolated);
  if (const auto idle = without(isolated, found.workers); !isolated.empty() && idle == isolated) {
    return findings.warn("", cores_are(isolated) + " isolated, and no worker runs there",
                         "in the configuration: name them in `cores` (isolated: " + format_cpus(isolated) + ")");
  }
  if (shared.empty()) {
    const bool all_tickless = without(found.workers, tickless).empty();
    return findings.ok("", "the workers' " + cores_are(found.workers) + " isolated" + (all_tickless ? ", without ticks" : ""));
  }
  const std::string finding = cores_are(shared) + " not isolated: other programs may run there, too";
  if (config.startup.dataplane.poll != PollMode::kBusy) return findings.ok("", finding + "; `poll: adaptive` bears that");
  findings.warn("", finding + ", and `poll: busy` wants cores of its own",
                "boot with isolcpus=" + format_cpus(found.workers) +
                    " nohz_full=" + format_cpus(found.workers));
}

void check_siblings(const MachineView& machine, const Config& config, Findings& findings) {
  const WorkerCores found = find_worker_cores(machine, config);
  if (!found.error.empty()) return findings.unknown("", "it is not known where the workers run: see `workers`");
  std::map<std::string, std::vector<std::uint32_t>> by_core;
  for (const std::uint32_t cpu : found.workers) {
    const std::string path = kCpus + ("cpu" + std::to_string(cpu)) + "/topology/thread_siblings_list";
    const std::string siblings = machine.read(path).text;
    if (siblings.empty()) return findings.unknown("", path + " does not tell which threads share a core");
    by_core[siblings].push_back(cpu);
  }
  for (const auto& [siblings, workers] : by_core) {
    if (workers.size() < 2) continue;
    return findings.warn("", "workers on " + format_cpus(workers) + " are threads of one core, and share its parts",
                         "in the configuration: `cores` of which no two stand in one line of lscpu -e=CPU,CORE");
  }
  findings.ok("", found.workers.size() == 1 ? "one worker has no sibling among the workers"
                                            : "no two workers share a core's parts");
}

}  // namespace mptap

// The cores that the workers of a configuration would get here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/doctor/machine_view.h"
#include "dataplane/eal_plan.h"

namespace mptap {

struct WorkerCores {
  std::vector<std::uint32_t> workers;  // ascending, each once: fewer than workers where they share
  std::vector<std::uint32_t> control;
  std::string error;  // one sentence, where `mptap run` would refuse; then there are no cores
};

/// As `mptap run` chooses them.
[[nodiscard]] inline WorkerCores find_worker_cores(const MachineView& machine, const Config& config) {
  DataplaneOptions options = config.startup.dataplane;
  options.hugepages = HugepageUse::kNever;  // memory is another check's
  Machine cores;
  cores.cpus = parse_cpus(machine.status("Cpus_allowed_list"));
  WorkerCores found;
  if (cores.cpus.empty()) {
    found.error = "the cores that mptap may run on are not known";
    return found;
  }
  EalPlan plan;
  if (!build_eal_plan(options, cores, plan, found.error)) return found;
  const std::set<std::uint32_t> each(plan.worker_cpus.begin(), plan.worker_cpus.end());
  found.workers.assign(each.begin(), each.end());
  found.control = plan.control_cpus;
  return found;
}

}  // namespace mptap

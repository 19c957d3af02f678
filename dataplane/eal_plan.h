// What the EAL is told: its arguments, the cores and the memory, worked out from the options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/port_names.h"
#include "dataplane/port_options.h"

namespace mptap {

/// What the plan depends on besides the options.
struct Machine {
  std::vector<std::uint32_t> cpus;        // this process may run on, ascending; never empty
  std::uint64_t free_hugepage_bytes = 0;  // of all sizes
  std::uint64_t hugepage_bytes = 0;       // size of one, of the size with the most free bytes
};

/// Reads the machine as it stands: affinity of the calling thread, free hugepages.
[[nodiscard]] Machine read_machine();

struct EalPlan {
  std::vector<std::string> arguments;       // argv[0] included
  std::vector<std::uint32_t> worker_cpus;   // one a worker; repeats where there are fewer cores
  std::vector<std::uint32_t> control_cpus;  // for every other thread; all where the workers leave none
  bool hugepages = false;
  std::vector<std::string> warnings;  // one sentence each
};

/// Works out how DPDK is started.
///
/// Workers get the cores named, or the first ones after the lowest, which stays for control where there are
/// enough.
/// @param options  As the settings table admits them.
/// @param machine  See read_machine().
/// @param error    Set where false is returned: one sentence with what to do.
/// @param plan     Set only on true.
/// @return False where the cores named do not fit the machine, `poll: busy` would share a core, or hugepages
/// are
///         demanded and too few are free.
/// Source: DPDK 22.11, "EAL parameters" of the Linux getting started guide.
/// Any thread; touches nothing but its arguments.
[[nodiscard]] bool build_eal_plan(const DataplaneOptions& options, const Machine& machine, EalPlan& plan,
                                  std::string& error);

}  // namespace mptap

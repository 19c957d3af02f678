// The checks of `mptap doctor`: one table, a function each.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/doctor/finding.h"
#include "daemon/doctor/machine_view.h"

namespace mptap {

/// Looks at the machine with a configuration, and says what it found; nothing where the configuration has no such thing.
using Look = void (*)(const MachineView& machine, const Config& config, Findings& findings);

struct Check {
  std::string_view group;
  std::string_view name;
  bool of_machine;  // makes sense without a configuration of one's own
  Look look;
};

/// All checks, in the order in which they are told.
[[nodiscard]] const std::vector<Check>& doctor_checks();

/// Makes all checks, or those of the machine alone.
[[nodiscard]] std::vector<Finding> examine(const MachineView& machine, const Config& config, bool configured);

// One file a group. Each needs nothing of the others and starts no DPDK.
void check_processor(const MachineView& machine, const Config& config, Findings& findings);

void check_workers(const MachineView& machine, const Config& config, Findings& findings);
void check_isolation(const MachineView& machine, const Config& config, Findings& findings);
void check_siblings(const MachineView& machine, const Config& config, Findings& findings);

void check_hugepages(const MachineView& machine, const Config& config, Findings& findings);
void check_card_hugepages(const MachineView& machine, const Config& config, Findings& findings);

void check_large_pages(const MachineView& machine, const Config& config, Findings& findings);
void check_map_count(const MachineView& machine, const Config& config, Findings& findings);
void check_tables(const MachineView& machine, const Config& config, Findings& findings);

void check_clock(const MachineView& machine, const Config& config, Findings& findings);
void check_clocksource(const MachineView& machine, const Config& config, Findings& findings);

void check_capabilities(const MachineView& machine, const Config& config, Findings& findings);
void check_locked_memory(const MachineView& machine, const Config& config, Findings& findings);
void check_file_capabilities(const MachineView& machine, const Config& config, Findings& findings);

void check_ports(const MachineView& machine, const Config& config, Findings& findings);
void check_links(const MachineView& machine, const Config& config, Findings& findings);
void check_frames(const MachineView& machine, const Config& config, Findings& findings);
void check_merging(const MachineView& machine, const Config& config, Findings& findings);
void check_pairs(const MachineView& machine, const Config& config, Findings& findings);
void check_queues(const MachineView& machine, const Config& config, Findings& findings);
void check_hash(const MachineView& machine, const Config& config, Findings& findings);

void check_card_drivers(const MachineView& machine, const Config& config, Findings& findings);
void check_iommu(const MachineView& machine, const Config& config, Findings& findings);
void check_card_nodes(const MachineView& machine, const Config& config, Findings& findings);

void check_log_directory(const MachineView& machine, const Config& config, Findings& findings);
void check_metrics_port(const MachineView& machine, const Config& config, Findings& findings);
void check_core_dumps(const MachineView& machine, const Config& config, Findings& findings);

}  // namespace mptap

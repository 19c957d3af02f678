#include "daemon/doctor/checks.h"

namespace mptap {

const std::vector<Check>& doctor_checks() {
  static const std::vector<Check> kChecks = {
      {"Processor", "instructions", true, check_processor},
      {"Processor", "workers", true, check_workers},
      {"Processor", "isolation", true, check_isolation},
      {"Processor", "siblings", true, check_siblings},
      {"Memory", "hugepages", true, check_hugepages},
      {"Memory", "hugepages of the card", false, check_card_hugepages},
      {"Memory", "large pages", true, check_large_pages},
      {"Memory", "mappings", true, check_map_count},
      {"Memory", "tables", true, check_tables},
      {"Clock", "clock", true, check_clock},
      {"Clock", "clocksource", true, check_clocksource},
      {"Permissions", "capabilities", false, check_capabilities},
      {"Permissions", "locked memory", false, check_locked_memory},
      {"Permissions", "file capabilities", true, check_file_capabilities},
      {"Ports", "ports", false, check_ports},
      {"Ports", "link", false, check_links},
      {"Ports", "frames", false, check_frames},
      {"Ports", "merging", false, check_merging},
      {"Ports", "inline", false, check_pairs},
      {"Ports", "queues", false, check_queues},
      {"Ports", "hash", false, check_hash},
      {"Ports", "driver", false, check_card_drivers},
      {"Ports", "IOMMU", true, check_iommu},
      {"Ports", "node", false, check_card_nodes},
      {"Output", "logs", false, check_log_directory},
      {"Output", "metrics", true, check_metrics_port},
      {"Output", "core dumps", true, check_core_dumps},
  };
  return kChecks;
}

std::vector<Finding> examine(const MachineView& machine, const Config& config, bool configured) {
  Findings findings;
  for (const Check& check : doctor_checks()) {
    if (!configured && !check.of_machine) continue;
    findings.begin(check.group, check.name);
    check.look(machine, config, findings);
  }
  return findings.all();
}

}  // namespace mptap

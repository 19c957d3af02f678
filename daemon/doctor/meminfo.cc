#include "daemon/doctor/meminfo.h"

#include <sstream>

namespace mptap {

std::uint64_t read_meminfo(const MachineView& machine, const std::string& field) {
  std::istringstream lines(machine.read("/proc/meminfo").text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(field + ":")) continue;
    std::istringstream words(line.substr(field.size() + 1));
    std::uint64_t value = 0;
    std::string unit;
    words >> value >> unit;
    return unit == "kB" ? value << 10 : value;
  }
  return 0;
}

bool packets_on_hugepages(const MachineView& machine, const DataplaneOptions& options) {
  if (options.hugepages == HugepageUse::kNever) return false;
  return read_meminfo(machine, "HugePages_Free") * read_meminfo(machine, "Hugepagesize") >= options.memory_bytes;
}

}  // namespace mptap

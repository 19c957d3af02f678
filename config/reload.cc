#include "config/reload.h"

#include <algorithm>

#include "config/setting.h"

namespace mptap {
namespace {

bool differs(const Setting& setting, const Config& running, const Config& wanted) {
  if (setting.type == SettingType::kPorts) {
    return running.startup.dataplane.ports.size() != wanted.startup.dataplane.ports.size();
  }
  if (setting.path == "logs.events") {
    const RecordChoice& before = running.startup.worker.records;
    const RecordChoice& after = wanted.startup.worker.records;
    return before.every_dss != after.every_dss || before.every_option != after.every_option;
  }
  if (setting.reach.get == nullptr || setting.reach.reloadable) return false;
  if (!setting.is_of_port()) return setting.reach.get(running, {}) != setting.reach.get(wanted, {});
  const auto& before = running.startup.dataplane.ports;
  const auto& after = wanted.startup.dataplane.ports;
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (setting.reach.get(running, before[i]) != setting.reach.get(wanted, after[i])) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> find_restart_settings(const Config& running, const Config& wanted) {
  std::vector<std::string> paths;
  for (const Setting& setting : settings()) {
    if (differs(setting, running, wanted)) paths.emplace_back(setting.path);
  }
  return paths;
}

}  // namespace mptap

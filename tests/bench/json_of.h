// Counters as JSON, for the scripts.
#pragma once

#include <nlohmann/json.hpp>

#include "daemon/export/log_counters.h"
#include "dataplane/worker_counters.h"
#include "detect/control_counters.h"

namespace mptap::bench {

inline nlohmann::json to_json(const WorkerTally& tally) {
  nlohmann::json all = nlohmann::json::object();
#define X(name, meaning) all[#name] = tally.name;
  MPTAP_WORKER_COUNTERS(X)
  MPTAP_WORKER_GAUGES(X)
#undef X
  return all;
}

inline nlohmann::json to_json(const ControlCounters& control) {
  nlohmann::json all = nlohmann::json::object();
#define X(name, meaning) all[#name] = control.name.load();
  MPTAP_CONTROL_COUNTERS(X)
  MPTAP_CONTROL_GAUGES(X)
#undef X
  return all;
}

/// Summed over the logs.
inline nlohmann::json to_json(const LogCounters& logs) {
  nlohmann::json all = nlohmann::json::object();
  for (std::size_t i = 0; i < kLogKinds; ++i) {
#define X(name, meaning) all[#name] = all.value(#name, std::uint64_t{0}) + logs.logs[i].name.read();
    MPTAP_LOG_COUNTERS(X)
#undef X
  }
  logs.notes.for_each([&all](const char* note, std::uint64_t count) {
    if (count != 0) all["notices"][note] = count;
  });
  return all;
}

}  // namespace mptap::bench

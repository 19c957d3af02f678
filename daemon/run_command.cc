#include "daemon/run_command.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <iostream>
#include <sstream>

#include "daemon/config_command.h"
#include "daemon/exit_code.h"
#include "daemon/messages.h"
#include "daemon/sensor.h"
#include "daemon/signals.h"

namespace mptap {
namespace {

/// Serves signals until one of them asks to stop. False where the sensor ended by itself.
bool serve(Sensor& sensor, Signals& signals) {
  while (!sensor.has_died()) {
    switch (signals.wait_for(std::chrono::milliseconds(500))) {
      case Signal::kStop: return true;
      case Signal::kReopenLogs:
        if (const std::string error = sensor.reopen_logs(); !error.empty()) spdlog::error("{}", error);
        break;
      case Signal::kReload: spdlog::warn("a restart is needed to change the configuration"); break;
      case Signal::kNone: break;
    }
  }
  return false;
}

}  // namespace

int run_sensor(const RunArguments& arguments) {
  int exit_code = kDone;
  const auto config = load_or_explain(arguments.config_path, exit_code);
  if (!config) return exit_code;
  Signals signals;
  open_messages(config->runtime.messages);

  Sensor sensor(*config);
  if (const std::string error = sensor.start(); !error.empty()) {
    std::istringstream lines(error);
    for (std::string line; std::getline(lines, line);) std::cerr << "mptap: " << line << "\n";
    return kFailed;
  }
  spdlog::info("watching {}", sensor.summary());
  sd_notify(0, "READY=1");

  const bool asked = serve(sensor, signals);
  sd_notify(0, "STOPPING=1");
  sensor.stop();
  spdlog::info("stopped: {}", sensor.totals());
  if (!asked) spdlog::error("control ended by itself");
  return asked && sensor.first_log_error().empty() ? kDone : kFailed;
}

}  // namespace mptap

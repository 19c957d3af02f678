#include "daemon/run_command.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <iostream>
#include <sstream>

#include "daemon/config_command.h"
#include "daemon/core_dumps.h"
#include "daemon/exit_code.h"
#include "daemon/messages.h"
#include "daemon/sensor.h"
#include "daemon/service_manager.h"
#include "daemon/signals.h"

namespace mptap {
namespace {

constexpr const char* kNoPort = "no port is configured; name one under `ports:`, e.g. `- interface: eth1`";

/// Reads the configuration again; a file with mistakes changes nothing, and neither does one that could not start the
/// sensor, such as a file that somebody is about to write.
void reload(Sensor& sensor, const std::string& path) {
  const ConfigResult result = load_checked(path);
  for (const ConfigError& error : result.errors) spdlog::error("{}", error.to_string());
  std::string error = "the configuration has mistakes";
  if (result.errors.empty()) error = result.config.startup.dataplane.ports.empty() ? kNoPort : sensor.reload(result.config);
  sensor.count(error.empty() ? ReloadResult::kApplied : ReloadResult::kRefused);
  if (error.empty()) {
    spdlog::info("reloaded {}", path);
  } else {
    spdlog::error("nothing was changed: {}", error);
  }
}

/// Feeds the watchdog as long as all threads go on; renews the status every few seconds.
class Caretaker {
 public:
  Caretaker(Sensor& sensor, ServiceManager& manager) : sensor_(sensor), manager_(manager) {}

  void look() {
    if (sensor_.check_itself()) manager_.feed_watchdog();
    if (turns_++ % kTurnsAStatus == 0) manager_.tell_status(sensor_.status());
  }

 private:
  static constexpr unsigned kTurnsAStatus = 10;

  Sensor& sensor_;
  ServiceManager& manager_;
  unsigned turns_ = 0;
};

/// Serves signals until one of them asks to stop. False where the sensor ended by itself.
bool serve(Sensor& sensor, ServiceManager& manager, Signals& signals, const std::string& config_path) {
  Caretaker caretaker(sensor, manager);
  const std::chrono::milliseconds turn(500);
  auto due = std::chrono::steady_clock::now();
  while (!sensor.has_died()) {
    if (const auto now = std::chrono::steady_clock::now(); now >= due) {
      caretaker.look();
      due = now + turn;
    }
    switch (signals.wait_for(turn)) {
      case Signal::kStop: return true;
      case Signal::kReopenLogs:
        if (const std::string error = sensor.reopen_logs(); !error.empty()) spdlog::error("{}", error);
        break;
      case Signal::kReload:
        manager.tell_reloading();
        reload(sensor, config_path);
        manager.tell_ready();
        break;
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
  if (config->startup.dataplane.ports.empty()) {
    std::cerr << "mptap: " << arguments.config_path << ": " << kNoPort << "\n";
    return kUsage;
  }
  Signals signals;
  open_messages(config->runtime.messages);

  Sensor sensor(*config);
  if (const std::string error = sensor.start(); !error.empty()) {
    std::istringstream lines(error);
    for (std::string line; std::getline(lines, line);) std::cerr << "mptap: " << line << "\n";
    return kFailed;
  }
  forbid_core_dumps();
  spdlog::info("watching {}", sensor.summary());
  ServiceManager manager;
  manager.tell_ready();

  const bool asked = serve(sensor, manager, signals, arguments.config_path);
  manager.tell_stopping();
  sensor.stop();
  spdlog::info("stopped: {}", sensor.totals());
  if (!asked) spdlog::error("control ended by itself");
  return asked && sensor.first_log_error().empty() ? kDone : kFailed;
}

}  // namespace mptap

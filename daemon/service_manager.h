// What systemd is told of the sensor; without systemd nothing happens.
#pragma once

#include <string>

namespace mptap {

/// Speaks to the service manager named by NOTIFY_SOCKET (sd_notify(3)). Main thread.
class ServiceManager {
 public:
  void tell_ready();
  /// A reload begins; tell_ready() ends it.
  void tell_reloading();
  void tell_stopping();
  /// @param status  A line, as `systemctl status` shows it. Sent where it has changed.
  void tell_status(const std::string& status);
  /// The sensor goes on: `WatchdogSec=` counts anew.
  void feed_watchdog();

 private:
  std::string status_;
};

}  // namespace mptap

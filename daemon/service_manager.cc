#include "daemon/service_manager.h"

#include <systemd/sd-daemon.h>

#include <chrono>

namespace mptap {

void ServiceManager::tell_ready() { (void)sd_notify(0, "READY=1"); }

void ServiceManager::tell_reloading() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count();
  (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(microseconds));
}

void ServiceManager::tell_stopping() { (void)sd_notify(0, "STOPPING=1"); }

void ServiceManager::tell_status(const std::string& status) {
  if (status == status_) return;
  status_ = status;
  (void)sd_notify(0, ("STATUS=" + status).c_str());
}

void ServiceManager::feed_watchdog() { (void)sd_notify(0, "WATCHDOG=1"); }

}  // namespace mptap

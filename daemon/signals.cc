#include "daemon/signals.h"

#include <csignal>
#include <ctime>

namespace mptap {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signal Signals::wait_for(std::chrono::milliseconds timeout) {
  const sigset_t set = watched();
  const auto ms = timeout.count();
  const timespec limit{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * 1'000'000)};
  switch (sigtimedwait(&set, nullptr, &limit)) {
    case SIGINT:
    case SIGTERM: return Signal::kStop;
    case SIGHUP: return Signal::kReload;
    case SIGUSR1: return Signal::kReopenLogs;
    default: return Signal::kNone;
  }
}

}  // namespace mptap

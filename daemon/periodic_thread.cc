#include "daemon/periodic_thread.h"

#include <pthread.h>

#include <latch>
#include <utility>

#include "daemon/export/signals_blocked.h"

namespace mptap {

std::uint64_t steady_ns() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

PeriodicThread::PeriodicThread(const char* name, Work work) : work_(std::move(work)) {
  const SignalsBlocked blocked;
  std::latch begun(1);
  thread_ = std::thread([this, name, &begun] {
    pthread_setname_np(pthread_self(), name);
    if (work_.enter) work_.enter();
    begun.count_down();
    while (sleeps_on()) work_.turn();
    if (work_.leave) work_.leave();
  });
  begun.wait();
}

PeriodicThread::~PeriodicThread() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool PeriodicThread::sleeps_on() {
  constexpr std::chrono::milliseconds kTurn{100};
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, kTurn, [this] { return stops_; });
}

}  // namespace mptap

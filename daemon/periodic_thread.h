// A thread that does the same ten times a second, and the clock it goes by.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace mptap {

/// Nanoseconds of a clock that never goes back. Any thread.
[[nodiscard]] std::uint64_t steady_ns();

/// For what waits for drivers or the kernel, which neither workers nor control may. Main thread; no signal reaches it.
class PeriodicThread {
 public:
  /// What it does.
  struct Work {
    std::function<void()> enter = nullptr;  // first: it is done when the constructor returns
    std::function<void()> turn;             // from a tenth of a second later on
    std::function<void()> leave = nullptr;  // last: it is done when the destructor returns
  };

  /// Begins. @param name  As `ps -L` shows it; at most 15 letters.
  PeriodicThread(const char* name, Work work);
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;
  ~PeriodicThread();

 private:
  [[nodiscard]] bool sleeps_on();

  const Work work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace mptap

// Signals as values: blocked in every thread, taken by the main thread when it likes.
#pragma once

#include <chrono>
#include <cstdint>

namespace mptap {

enum class Signal : std::uint8_t {
  kNone,
  kStop,        // SIGINT, SIGTERM
  kReload,      // SIGHUP
  kReopenLogs,  // SIGUSR1
};

/// Construct before any other thread: they inherit the blocked signals. SIGPIPE is ignored.
class Signals {
 public:
  Signals();

  /// Waits for a signal, at most `timeout`. Main thread.
  [[nodiscard]] Signal wait_for(std::chrono::milliseconds timeout);
};

}  // namespace mptap

// Whether every thread that must never rest for long goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mptap {

/// A number of each thread that grows as long as the thread goes on.
struct Pulse {
  std::vector<std::uint64_t> workers;  // polls
  std::uint64_t control = 0;           // turns of its loop
};

/// Main thread; shown the pulse now and then, less often than the longest rest of a thread.
class Health {
 public:
  /// A thread that stands still is told after so long; the watchdog is not fed from the first look on.
  static constexpr std::uint64_t kToldNs = 2'000'000'000;

  /// @param now_ns  Of a clock that never goes back.
  void look(const Pulse& pulse, std::uint64_t now_ns);

  /// Whether all threads went on between the last two looks.
  [[nodiscard]] bool goes_on() const { return stalled_ == 0; }
  /// Threads that did not.
  [[nodiscard]] std::size_t stalled() const { return stalled_; }

  /// A sentence where a thread stands still, or goes on again: each once.
  [[nodiscard]] std::optional<std::string> news();

 private:
  struct Thread {
    std::string name;
    std::uint64_t beats = 0;
    std::uint64_t moved_ns = 0;  // when it was last seen to go on
    bool told = false;
  };
  void look_at(std::size_t index, const std::string& name, std::uint64_t beats, std::uint64_t now_ns);

  std::vector<Thread> threads_;
  std::size_t stalled_ = 0;
  std::vector<std::string> news_;
};

}  // namespace mptap

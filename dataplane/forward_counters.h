// What became of the frames that came in on an inline port.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace mptap {

/// X(field, meaning). `received` is the sum of the others.
#define MPTAP_FORWARD_COUNTERS(X)                                                       \
  X(received, "frames that came in on the inline port")                                 \
  X(forwarded, "frames that left by the port's partner")                                \
  X(too_long, "frames lost because they were longer than the partner takes, or were cut") \
  X(queue_full, "frames lost because the partner's queue took no more")                 \
  X(dropped, "frames held back by a rule")

/// Of one port, by one worker.
struct ForwardTally {
#define X(field, meaning) std::uint64_t field = 0;
  MPTAP_FORWARD_COUNTERS(X)
#undef X

  ForwardTally& operator+=(const ForwardTally& other) {
#define X(field, meaning) field += other.field;
    MPTAP_FORWARD_COUNTERS(X)
#undef X
    return *this;
  }
};

/// The same where other threads read it. add() by one worker's thread, once a burst; on lines of its own.
class alignas(64) ForwardCounters {
 public:
  void add(const ForwardTally& burst) noexcept {
#define X(field, meaning) field##_.store(field##_.load(std::memory_order_relaxed) + burst.field, std::memory_order_relaxed);
    MPTAP_FORWARD_COUNTERS(X)
#undef X
  }

  /// Any thread. Torn while traffic flows; at rest the numbers add up.
  [[nodiscard]] ForwardTally read() const noexcept {
    ForwardTally tally;
#define X(field, meaning) tally.field = field##_.load(std::memory_order_relaxed);
    MPTAP_FORWARD_COUNTERS(X)
#undef X
    return tally;
  }

 private:
#define X(field, meaning) std::atomic<std::uint64_t> field##_{0};
  MPTAP_FORWARD_COUNTERS(X)
#undef X
};

}  // namespace mptap

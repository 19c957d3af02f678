// The time of live packets.
#pragma once

#include <cstdint>

namespace mptap {

/// Nanoseconds since the epoch that never go back. Where the wall clock is set back, time goes on at the
/// monotonic clock's pace until the wall clock has come after it: standing still would end no subflow and no
/// interval meanwhile. One thread.
class LiveClock {
 public:
  /// @param wall_ns       What the wall clock says.
  /// @param monotonic_ns  Reads the monotonic clock; called only where the wall clock is behind.
  template <typename Monotonic>
  std::uint64_t look(std::uint64_t wall_ns, Monotonic&& monotonic_ns) noexcept {
    if (wall_ns >= time_ns_) [[likely]] {
      behind_ = false;
      return time_ns_ = wall_ns;
    }
    const std::uint64_t now_ns = monotonic_ns();
    if (!behind_) {
      behind_ = true;
      offset_ns_ = time_ns_ - now_ns;  // may wrap around, and does so again below
    }
    return time_ns_ = now_ns + offset_ns_;
  }

  [[nodiscard]] std::uint64_t time_ns() const { return time_ns_; }

 private:
  std::uint64_t time_ns_ = 0;
  std::uint64_t offset_ns_ = 0;
  bool behind_ = false;
};

}  // namespace mptap

// When a table's slots come due: two bytes a slot, scanned once a tick.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/lazy_array.h"
#include "dataplane/types.h"

namespace mptap {

/// Deadlines in ticks of about a second, by slot. A scan of a million slots reads 2 MB.
///
/// One worker thread; no allocation after construction.
class SlotDeadlines {
 public:
  explicit SlotDeadlines(std::uint32_t slots) : due_(slots) {}

  /// @param now_ns       Packet time, never less than at an earlier call.
  /// @param deadline_ns  A later one than about four hours comes due then: it must be armed again.
  void arm(std::uint32_t slot, std::uint64_t now_ns, std::uint64_t deadline_ns) {
    const std::uint64_t now_tick = now_ns >> kTickShift;
    if (!started_) {
      started_ = true;
      scanned_tick_ = now_tick;
    }
    const std::uint64_t due_tick = std::max(deadline_ns, now_ns) / (std::uint64_t{1} << kTickShift) + 1;
    due_[slot] = static_cast<std::uint16_t>(std::min(due_tick, now_tick + kFarthest));
  }

  [[nodiscard]] bool has_due(std::uint64_t now_ns) const {
    return started_ && ((now_ns >> kTickShift) != scanned_tick_ || scanning_);
  }

  /// Calls `on_due(slot)` for slots below `slots` whose deadline has passed; it must arm a used slot again or free it.
  /// Free slots may be named, too. Looks at no more than `budget` of those that are due, and goes on at the next call.
  template <typename OnDue>
  void expire(std::uint64_t now_ns, std::uint32_t slots, std::uint32_t budget, OnDue&& on_due) {
    if (!has_due(now_ns)) return;
    if (!scanning_) {
      const std::uint64_t now_tick = now_ns >> kTickShift;
      scanning_ = true;
      at_ = 0;
      everything_ = now_tick - scanned_tick_ >= kFarthest;  // the 16 bits do not tell past from future
      scanned_tick_ = now_tick;
    }
    const auto tick = static_cast<std::uint16_t>(scanned_tick_);
    const std::uint32_t end = std::min(slots, at_ + kSlotsACall);
    while (at_ < end) {
      const std::uint32_t slot = at_++;
      if (!everything_ && static_cast<std::int16_t>(due_[slot] - tick) > 0) continue;
      due_[slot] = static_cast<std::uint16_t>(tick + kFarthest);  // free ones are not looked at again for long
      on_due(slot);
      if (--budget == 0) return;
    }
    if (at_ >= slots) scanning_ = false;
  }

 private:
  static constexpr unsigned kTickShift = 30;
  static constexpr std::uint64_t kFarthest = 16'000;    // ticks: less than half of what 16 bits hold
  static constexpr std::uint32_t kSlotsACall = 65'536;  // scanned in some microseconds

  LazyArray<std::uint16_t> due_;
  std::uint64_t scanned_tick_ = 0;
  std::uint32_t at_ = 0;
  bool scanning_ = false;
  bool everything_ = false;
  bool started_ = false;
};

}  // namespace mptap

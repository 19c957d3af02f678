// What workers lost on its way to control: what it did not see since then may have happened all the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "dataplane/types.h"

namespace mptap {

/// Vital records lost because control did not keep up, by packet time. They may be of any connection, so a gap concerns
/// all that lived in it. Control learns of a gap before it comes to the records behind it, which stand behind a full ring.
///
/// Control thread only; bounded memory.
class RecordGaps {
 public:
  /// How long after a gap control may meet what began before its end and was never told: after a lost handshake the joins
  /// of its connection.
  static constexpr std::uint64_t kMemoryNs = 300 * kNsPerSecond;

  [[nodiscard]] static constexpr std::uint64_t memory_before(std::uint64_t time_ns) {
    return time_ns > kMemoryNs ? time_ns - kMemoryNs : 0;
  }

  /// @param count     Records lost since the last call, all of one worker.
  /// @param until_ns  Packet time at or after which none of them was made.
  void on_lost(std::uint64_t count, std::uint64_t until_ns) {
    until_ns_ = std::max(until_ns_, until_ns);
    if (!gaps_.empty() && until_ns_ < gaps_.back().begun_ns + kStepNs) {
      gaps_.back().until_ns = until_ns_;
      gaps_.back().count += count;
      return;
    }
    if (gaps_.size() == kMaxGaps) {  // the oldest two are told as one, as late as the later
      gaps_[1].count += gaps_[0].count;
      gaps_.pop_front();
    }
    gaps_.push_back({until_ns_, until_ns_, count});
  }

  /// Whether no record made at `since_ns` or later was lost, as far as is known.
  [[nodiscard]] bool is_whole_since(std::uint64_t since_ns) const { return since_ns > until_ns_; }

  /// At most this many records made at `since_ns` or later were lost.
  [[nodiscard]] std::uint64_t lost_since(std::uint64_t since_ns) const {
    std::uint64_t lost = 0;
    for (auto gap = gaps_.rbegin(); gap != gaps_.rend() && gap->until_ns >= since_ns; ++gap) lost += gap->count;
    return lost;
  }

 private:
  static constexpr std::size_t kMaxGaps = 256;
  static constexpr std::uint64_t kStepNs = 100 * kNsPerMillisecond;  // losses within it are one gap

  struct Gap {
    std::uint64_t begun_ns;
    std::uint64_t until_ns;
    std::uint64_t count;
  };

  std::uint64_t until_ns_ = 0;
  std::deque<Gap> gaps_;  // in order of time
};

}  // namespace mptap

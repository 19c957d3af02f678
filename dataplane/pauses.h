// Times in which a worker heard nothing: the silence in them proves nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/types.h"

namespace mptap {

/// Jumps of packet time from one look at a live port to the next: the clock was set forward, or process or machine stood
/// still. What subflows were silent then was not heard.
///
/// The latest few are remembered, so that a timeout is put off by no more than they are long: a worker that never gets to
/// run for long still ends its subflows. One worker thread; no allocation.
class Pauses {
 public:
  /// As long as a tick of the deadlines: less is within the accuracy of timeouts.
  static constexpr std::uint64_t kShortestNs = kNsPerSecond;

  /// @param before_ns, now_ns  Packet time of two looks that follow each other; 0 before the first one.
  void on_look(std::uint64_t before_ns, std::uint64_t now_ns) noexcept {
    if (before_ns == 0 || now_ns < before_ns + kShortestNs) [[likely]] return;
    latest_[next_] = {before_ns, now_ns - before_ns};
    next_ = (next_ + 1) % latest_.size();
  }

  /// How much of the time since `time_ns`, that of a look, was not heard.
  [[nodiscard]] std::uint64_t unheard_since(std::uint64_t time_ns) const noexcept {
    std::uint64_t sum_ns = 0;
    for (const Pause& pause : latest_) sum_ns += pause.begin_ns >= time_ns ? pause.length_ns : 0;
    return sum_ns;
  }

 private:
  struct Pause {
    std::uint64_t begin_ns = 0;
    std::uint64_t length_ns = 0;
  };
  std::array<Pause, 4> latest_{};
  std::size_t next_ = 0;
};

}  // namespace mptap

// How often something happened within the last interval, in tenths of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

namespace mptap {

/// One thread. 48 bytes; zero bytes are an empty count.
class SlidingCount {
 public:
  static constexpr std::size_t kSteps = 10;

  [[nodiscard]] static std::uint64_t step_of(std::uint64_t time_ns, std::uint64_t interval_ns) {
    return time_ns / std::max<std::uint64_t>(interval_ns / kSteps, 1);
  }

  /// Time has come to `step`; it never goes back.
  void advance(std::uint64_t step) {
    if (step <= step_) return;
    const std::uint64_t passed = step - step_;
    for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(passed, kSteps); ++i) counts_[(step_ + i) % kSteps] = 0;
    step_ = step;
  }

  void add(std::uint32_t count = 1) { counts_[step_ % kSteps] += count; }

  /// Takes back one that was counted at `step`, where that is still in the interval.
  void take_back(std::uint64_t step) {
    std::uint32_t& count = counts_[step % kSteps];
    if (step + kSteps > step_ && step <= step_ && count > 0) --count;
  }

  [[nodiscard]] std::uint64_t total() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
  }

 private:
  std::array<std::uint32_t, kSteps> counts_{};
  std::uint64_t step_ = 0;
};

}  // namespace mptap

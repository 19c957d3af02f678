// How many rows of unanswered attempts a second of packet time may leave in the log.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/types.h"

namespace mptap {

/// Admits the first `per_second` attempts of each second of packet time, in the order they are reported.
///
/// Attempts are reported when they are given up, at exit in no order of time: so the last kSeconds seconds
/// each have their own count. An attempt older than that counts against the second that took its place.
/// Depends on nothing but the times given. One thread.
class AttemptsLimit {
 public:
  /// @param per_second  0 admits none.
  explicit AttemptsLimit(std::uint32_t per_second) : per_second_(per_second) {}

  [[nodiscard]] bool try_admit(std::uint64_t time_ns) {
    const std::uint64_t second = time_ns / kNsPerSecond;
    Count& count = counts_[second % kSeconds];
    if (second > count.second) count = {second, 0};
    if (count.admitted >= per_second_) return false;
    ++count.admitted;
    return true;
  }

  void set_per_second(std::uint32_t per_second) { per_second_ = per_second; }

 private:
  static constexpr std::size_t kSeconds = 256;
  struct Count {
    std::uint64_t second = 0;
    std::uint32_t admitted = 0;
  };
  std::uint32_t per_second_;
  std::array<Count, kSeconds> counts_{};
};

}  // namespace mptap

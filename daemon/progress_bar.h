// A progress bar on stderr, where that is a terminal.
#pragma once

#include <cstdint>

namespace mptap {

/// Shows itself after a while only, and leaves a clean line behind. Main thread.
class ProgressBar {
 public:
  ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  /// @param total  0 where it is not known: no bar then.
  void show(std::uint64_t done, std::uint64_t total);

 private:
  bool terminal_;
  int ticks_ = 0;
  int shown_percent_ = -1;
};

}  // namespace mptap

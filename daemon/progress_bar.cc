#include "daemon/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>

namespace mptap {

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_percent_ >= 0) std::cerr << "\r\033[K" << std::flush;
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total) {
  constexpr int kQuietTicks = 200;  // what is done at once needs no bar
  if (!terminal_ || total == 0 || ++ticks_ < kQuietTicks) return;
  const int percent = static_cast<int>(std::min<std::uint64_t>(done * 100 / total, 100));
  if (percent == shown_percent_) return;
  shown_percent_ = percent;
  constexpr int kWidth = 40;
  const auto full = static_cast<std::size_t>(percent * kWidth / 100);
  std::cerr << "\r[" << std::string(full, '#') << std::string(kWidth - full, ' ') << "] " << percent << " %" << std::flush;
}

}  // namespace mptap

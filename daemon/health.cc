#include "daemon/health.h"

namespace mptap {

void Health::look(const Pulse& pulse, std::uint64_t now_ns) {
  stalled_ = 0;
  look_at(0, "control", pulse.control, now_ns);
  for (std::size_t i = 0; i < pulse.workers.size(); ++i) {
    look_at(i + 1, "worker " + std::to_string(i), pulse.workers[i], now_ns);
  }
}

void Health::look_at(std::size_t index, const std::string& name, std::uint64_t beats, std::uint64_t now_ns) {
  if (index == threads_.size()) {
    threads_.push_back({name, beats, now_ns});
    return;
  }
  Thread& thread = threads_[index];
  const bool moved = beats != thread.beats;
  const std::uint64_t stood_ns = now_ns - thread.moved_ns;
  if (moved) {
    if (thread.told) news_.push_back(name + " goes on after " + std::to_string(stood_ns / 1'000'000'000) + " s");
    thread = {name, beats, now_ns};
    return;
  }
  ++stalled_;
  if (thread.told || stood_ns < kToldNs) return;
  thread.told = true;
  news_.push_back(name + " stands still; the watchdog of the service manager is not fed until it goes on");
}

std::optional<std::string> Health::news() {
  if (news_.empty()) return std::nullopt;
  std::string text;
  for (const std::string& line : news_) text += (text.empty() ? "" : "; ") + line;
  news_.clear();
  return text;
}

}  // namespace mptap

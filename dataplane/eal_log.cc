#include "dataplane/eal_log.h"

#include <rte_log.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <utility>

namespace mptap {
namespace {

constexpr std::size_t kKeptComplaints = 2;

}  // namespace

std::uint32_t find_eal_log_level(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "", "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"};
  const auto found = std::find(kNames.begin() + 1, kNames.end(), name);
  return found == kNames.end() ? 0 : static_cast<std::uint32_t>(found - kNames.begin());
}

struct EalLog::State {
  std::mutex mutex;
  std::string line;  // what has come since the last line end
  std::deque<std::string> complaints;
  std::uint32_t level = 0;
  Sink sink;
  std::FILE* stream = nullptr;

  void on_line(std::uint32_t level_of_line) {
    // FATAL comes through the log as well. The other is af_packet setting an interface's address to what it
    // is, which only some interfaces and users may: nothing depends on it.
    if (line.starts_with("EAL: FATAL: ") || line.find("ioctl(SIOCSIFHWADDR) failed") != line.npos)
      line.clear();
    if (line.empty()) return;
    if (level_of_line <= RTE_LOG_WARNING) {
      complaints.push_back(line);
      if (complaints.size() > kKeptComplaints) complaints.pop_front();
    }
    if (sink && level_of_line <= level) sink(line);
    line.clear();
  }

  static ssize_t write(void* cookie, const char* bytes, std::size_t size) {
    auto& state = *static_cast<State*>(cookie);
    const int current = rte_log_cur_msg_loglevel();
    const auto level_of_line = current > 0 ? static_cast<std::uint32_t>(current) : std::uint32_t{RTE_LOG_ERR};
    const std::lock_guard lock(state.mutex);
    for (const char byte : std::string_view(bytes, size)) {
      if (byte == '\n') {
        state.on_line(level_of_line);
      } else {
        state.line += byte;
      }
    }
    return static_cast<ssize_t>(size);
  }
};

EalLog::EalLog(std::uint32_t level, Sink sink) : state_(new State) {
  state_->level = level;
  state_->sink = std::move(sink);
  state_->stream = fopencookie(state_, "w", {nullptr, &State::write, nullptr, nullptr});
  if (state_->stream == nullptr) return;
  std::setvbuf(state_->stream, nullptr, _IOLBF, 0);
  rte_openlog_stream(state_->stream);
}

EalLog::~EalLog() {
  // Drivers may speak as long as the process lives (at its exit, too): the stream is never taken away from
  // them.
  const std::lock_guard lock(state_->mutex);
  state_->sink = nullptr;
}

std::string EalLog::last_complaints() const {
  const std::lock_guard lock(state_->mutex);
  std::string joined;
  for (const auto& complaint : state_->complaints) {
    if (!joined.empty()) joined += "; ";
    joined += complaint;
  }
  return joined;
}

void EalLog::forget() {
  const std::lock_guard lock(state_->mutex);
  state_->complaints.clear();
}

EalLog::StderrCapture::StderrCapture(EalLog& log) : saved_(stderr) {
  if (log.state_->stream != nullptr) stderr = log.state_->stream;
}

EalLog::StderrCapture::~StderrCapture() { stderr = saved_; }

}  // namespace mptap

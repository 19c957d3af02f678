#include "dataplane/eal_log.h"

#include <rte_log.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace mptap {
namespace {

constexpr std::size_t kKeptComplaints = 32;
constexpr std::size_t kToldComplaints = 2;

/// Complaints that add nothing to the one before them.
bool says_nothing(std::string_view line) {
  return line.find("Driver cannot attach the device") != line.npos ||
         line.find("Failed to attach device") != line.npos;
}

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
  bool in_step = false;
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
    const bool told_otherwise = in_step && level <= RTE_LOG_ERR;
    if (sink && level_of_line <= level && !told_otherwise) sink(line);
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
  // Drivers may speak as long as the process lives, at its exit, too: their stream is never taken away from
  // them.
  static std::atomic<State*> everlasting;  // where a leak checker finds it
  everlasting = state_;
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

EalLog::Step::Step(EalLog& log) : log_(log), saved_stderr_(stderr) {
  restart();
  const std::lock_guard lock(log_.state_->mutex);
  log_.state_->in_step = true;
  if (log_.state_->stream != nullptr) stderr = log_.state_->stream;
}

EalLog::Step::~Step() {
  stderr = saved_stderr_;
  const std::lock_guard lock(log_.state_->mutex);
  log_.state_->in_step = false;
}

std::string EalLog::Step::complaints() const {
  const std::lock_guard lock(log_.state_->mutex);
  std::vector<std::string_view> told;
  for (const bool any : {false, true}) {
    for (auto line = log_.state_->complaints.rbegin(); line != log_.state_->complaints.rend(); ++line) {
      if (told.size() == kToldComplaints) break;
      if ((any || !says_nothing(*line)) && std::find(told.begin(), told.end(), *line) == told.end())
        told.push_back(*line);
    }
    if (!told.empty()) break;
  }
  std::string joined;
  for (auto line = told.rbegin(); line != told.rend(); ++line) {
    joined += (joined.empty() ? "" : "; ") + std::string(line->substr(0, line->find_last_not_of(" .") + 1));
  }
  return joined;
}

void EalLog::Step::restart() {
  const std::lock_guard lock(log_.state_->mutex);
  log_.state_->complaints.clear();
}

}  // namespace mptap

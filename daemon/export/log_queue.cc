#include "daemon/export/log_queue.h"

#include <chrono>
#include <thread>
#include <utility>

namespace mptap {
namespace {

constexpr std::chrono::microseconds kWaitForRoom{100};

bool is_attempt(const Report& report) {
  const auto* subflow = std::get_if<SubflowReport>(&report);
  return subflow != nullptr && subflow->state == SubflowState::kAttempted;
}

bool is_bulk(const Report& report) {
  return std::holds_alternative<EventReport>(report) || std::holds_alternative<EvidencePacket>(report) ||
         is_attempt(report);
}

LogCounters::OfLog& counters_of(LogCounters& counters, const Report& report) {
  if (std::holds_alternative<EvidencePacket>(report)) return counters.evidence;
  if (std::holds_alternative<ConnectionReport>(report)) return counters.of(LogKind::kConnection);
  if (std::holds_alternative<Notice>(report)) return counters.of(LogKind::kNotice);
  if (std::holds_alternative<EventReport>(report)) return counters.of(LogKind::kEvent);
  return counters.of(LogKind::kSubflow);
}

}  // namespace

LogQueue::LogQueue(const LogOptions& options, RunMode mode, ControlCounters& control)
    : mode_(mode), control_(control), attempts_(options.attempts_per_second), rows_(options.queue_rows) {}

void LogQueue::set_attempts_per_second(std::uint32_t limit) { attempts_.set_per_second(limit); }

void LogQueue::on_report(Report&& report) {
  if (std::holds_alternative<std::monostate>(report)) return;
  if (const auto* notice = std::get_if<Notice>(&report)) counters_.notes.add(notice->note);

  const bool to_log = belongs_in_log(report);
  if (mode_ == RunMode::kLive) {
    if (!to_log) return;
    const std::size_t kept_free = is_bulk(report) ? rows_.capacity() / 4 : 0;
    if (!rows_.has_room(kept_free)) return counters_of(counters_, report).rows_dropped.add();
  }
  while (!rows_.has_room()) std::this_thread::sleep_for(kWaitForRoom);
  QueuedReport& place = rows_.next_place();
  place.report = std::move(report);
  place.to_log = to_log;
  rows_.push();
}

bool LogQueue::belongs_in_log(const Report& report) {
  if (!is_attempt(report) || attempts_.try_admit(std::get<SubflowReport>(report).start_ns)) return true;
  ControlCounters::add(control_.attempts_not_logged);
  return false;
}

}  // namespace mptap

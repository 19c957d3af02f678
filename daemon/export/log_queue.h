// The way of reports from control to the log writer: a bounded queue, and what to do where it is full.
#pragma once

#include <cstdint>

#include "daemon/export/attempts_limit.h"
#include "daemon/export/block_queue.h"
#include "daemon/export/export_options.h"
#include "daemon/export/log_counters.h"
#include "detect/control_counters.h"
#include "detect/reports.h"

namespace mptap {

/// Whether packets come from the network or from files.
enum class RunMode : std::uint8_t {
  kLive,   // nobody waits: where a queue is full, rows are dropped and counted
  kFiles,  // nothing is lost: where a queue is full, control waits
};

struct QueuedReport {
  Report report;
  bool to_log = true;  // false: for consumers only
};

/// Takes reports from control and keeps them for the LogWriter, which must be running in mode kFiles.
///
/// Unanswered attempts beyond `attempts_per_second` are left out of the log and counted in
/// ControlCounters::attempts_not_logged; kFiles hands them to the consumers still, kLive does not. Events and
/// attempts leave the last quarter of the queue to the others.
class LogQueue : public ReportSink {
 public:
  /// @param options  `queue_rows` and `attempts_per_second` count here; which events are told is control's
  /// choice.
  /// @param control  Outlives the queue; `attempts_not_logged` is written by on_report.
  LogQueue(const LogOptions& options, RunMode mode, ControlCounters& control);

  // Control thread.

  /// kLive: never waits. kFiles: waits for room.
  void on_report(Report&& report) override;

  /// Obeys another `attempts_per_second` from now on.
  void set_attempts_per_second(std::uint32_t limit);

  // Writer thread.

  /// Moves the oldest report to `out`; false where there is none.
  [[nodiscard]] bool try_pop(QueuedReport& out) { return rows_.try_pop(out); }
  [[nodiscard]] LogCounters& counters() { return counters_; }

  // Any thread.

  [[nodiscard]] RunMode mode() const { return mode_; }
  [[nodiscard]] const LogCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] std::size_t capacity() const { return rows_.capacity(); }

 private:
  [[nodiscard]] bool belongs_in_log(const Report& report);

  const RunMode mode_;
  ControlCounters& control_;
  AttemptsLimit attempts_;
  BlockQueue<QueuedReport> rows_;
  LogCounters counters_;
};

}  // namespace mptap

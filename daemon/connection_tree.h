// What `mptap read` prints for a person: connections as a tree of subflows, notices, totals.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/export/log_writer.h"
#include "dataplane/worker_counters.h"
#include "detect/control_counters.h"
#include "detect/reports.h"

namespace mptap {

/// Collects reports and prints them at the end.
///
/// on_report(): writer thread. print(): main thread, once the writer has stopped. Memory grows with what the
/// capture holds, up to kMaxShown of each kind; the rest is counted.
class ConnectionTree : public ReportConsumer {
 public:
  static constexpr std::size_t kMaxShown = 10'000;
  static constexpr std::size_t kMaxAttempts = 20;

  void on_report(const Report& report) override;

  [[nodiscard]] std::string to_text(const WorkerTally& tally, const ControlCounters& control) const;

 private:
  struct Shown {
    ConnectionReport connection;
    bool ended = false;
    std::vector<SubflowReport> subflows;
  };

  void add_connection(std::string& out, const Shown& shown) const;
  void add_apart(std::string& out) const;
  void add_notices(std::string& out) const;

  std::map<std::uint64_t, Shown> connections_;
  std::vector<SubflowReport> apart_;   // of no connection
  std::vector<Notice> notices_;
  std::uint64_t apart_count_ = 0;
  std::uint64_t notice_count_ = 0;
  std::uint64_t connections_left_out_ = 0;
};

}  // namespace mptap

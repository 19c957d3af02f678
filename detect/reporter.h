// Builds reports from control's state, and chooses which events are told.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "detect/connection.h"
#include "detect/crypto.h"
#include "detect/event.h"
#include "detect/reports.h"

namespace mptap {

/// Control thread only.
class Reporter {
 public:
  /// @param run_seed  Makes connection uids of this run unlike those of any other.
  explicit Reporter(std::uint64_t run_seed) : run_(run_seed) {}

  /// Names as in the configuration (logs.events).
  void choose_events(const std::vector<std::string>& events);
  [[nodiscard]] bool wants_events() const { return !chosen_.empty(); }

  [[nodiscard]] ConnectionName name_of(std::uint64_t mp_id) const;
  [[nodiscard]] SubflowReport subflow_report(const Subflow& subflow, const Connection* connection, CloseCause close,
                                             std::uint64_t end_ns);
  [[nodiscard]] ConnectionReport connection_report(const Connection& connection, std::uint64_t end_ns,
                                                   ConnectionClose close);

  /// Rows of mptcp_event.log for a record and for an event, where they were chosen.
  void tell_record(const Record& record, const Subflow& subflow, const Connection* connection, ReportSink& sink);
  void tell_event(const Event& event, ReportSink& sink);

 private:
  void tell(const char* name, const Event& event, ReportSink& sink);
  [[nodiscard]] bool wants(const char* event) const { return chosen_.contains(event); }

  const std::uint64_t run_;
  std::unordered_set<std::string> chosen_;
};

}  // namespace mptap

// Whether what control reports can be written: in each format, whole lines that a reader of that format
// takes.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "detect/reports.h"

namespace mptap::fuzz {

/// Writes every report as a row of its log in all formats, and expects of each what its readers do. Keeps
/// none.
class RowCheck : public ReportSink {
 public:
  void on_report(Report&& report) override;

  std::uint64_t subflows = 0;
  std::uint64_t established = 0;  // of them
  std::uint64_t established_joins = 0;
  std::uint64_t connections = 0;
  std::uint64_t notices = 0;
  std::uint64_t events = 0;

 private:
  template <typename Row>
  void check_row(const Row& row);

  std::string line_;
};

/// Expects one whole line of JSON, an object.
void expect_json_line(const std::string& line);

}  // namespace mptap::fuzz

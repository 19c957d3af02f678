// The latest notices, for those who look at the running sensor.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/export/log_writer.h"

namespace mptap {

/// Keeps the latest kKept as rows of JSON, whether they are logged or not. Filled by the log writer's thread.
class RecentNotices : public ReportConsumer {
 public:
  static constexpr std::size_t kKept = 200;

  void on_report(const Report& report) override;

  /// The oldest first; at most `most` of the latest. Any thread.
  [[nodiscard]] std::vector<std::string> rows(std::size_t most) const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> rows_;
};

}  // namespace mptap

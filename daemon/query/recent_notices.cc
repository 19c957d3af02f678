#include "daemon/query/recent_notices.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "daemon/export/log_format.h"

namespace mptap {

void RecentNotices::on_report(const Report& report) {
  const auto* notice = std::get_if<Notice>(&report);
  if (notice == nullptr) return;
  std::string row;
  append_row(row, LogFormat::kJson, *notice);
  row.pop_back();  // the newline
  const std::lock_guard lock(mutex_);
  if (rows_.size() == kKept) rows_.pop_front();
  rows_.push_back(std::move(row));
}

std::vector<std::string> RecentNotices::rows(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(most, rows_.size());
  return {rows_.end() - static_cast<std::ptrdiff_t>(count), rows_.end()};
}

}  // namespace mptap

#include "detect/detectors/cross_path_scatter.h"

#include <algorithm>

namespace mptap {

void CrossPathScatterDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kProgress || event.connection == nullptr) return;
  const CountersBody& counters = event.record->counters;
  if (counters.tiny_jumps < options_.mappings || counters.mapped_bytes > kBytesEach * counters.tiny_jumps) return;
  std::vector<SubflowRef>& paths =
      scattered_.touch(event.connection->mp_id * 2 + static_cast<std::uint64_t>(event.role));
  if (paths.size() < kMaxPaths && std::find(paths.begin(), paths.end(), event.subflow->self()) == paths.end()) {
    paths.push_back(event.subflow->self());
  }
  if (paths.size() < options_.subflows) return;
  if (!event.connection->told.first(Telling::kScatter, static_cast<std::size_t>(event.role))) return;
  Notice notice = notice_about(event, "cross_path_scatter", Severity::kMedium);
  notice.count = paths.size();
  notice.message = "data comes in tiny pieces that alternate between " + std::to_string(paths.size()) + " paths";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

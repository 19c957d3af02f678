#include "detect/detectors/priority_diversion.h"

namespace mptap {

void PriorityDiversionDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kPriorityChanged || event.connection == nullptr) return;
  const PriorityCount& paths = event.priority;
  const bool all_but_one = event.record->prio.backup && paths.live >= 3 && paths.live - paths.backup == 1 && paths.turned >= 2;
  if (all_but_one && event.connection->told.first(Telling::kPriorityDiversion, static_cast<std::size_t>(event.role))) {
    Notice notice = notice_about(event, "priority_diversion", Severity::kMedium);
    notice.cause = "all_but_one";
    notice.count = paths.backup;
    notice.message = "MP_PRIO made backups of all paths but one of " + std::to_string(paths.live);
    notices.on_absence(std::move(notice), begin_of(*event.connection));  // perhaps of a path that is none
  }
  if (!event.other_address_id || !event.subflow->told.first(Telling::kOtherPriority)) return;
  Notice notice = notice_about(event, "priority_diversion", Severity::kLow);
  notice.cause = "other_address_id";
  notice.address_id = event.record->prio.address_id;
  notice.message = "an MP_PRIO speaks for address ID " + std::to_string(event.record->prio.address_id.value) +
                   ", which is not that of its path";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

#include "detect/detectors/infinite_mapping.h"

namespace mptap {

void InfiniteMappingDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kAnomaly || event.connection == nullptr) return;
  if (event.record->anomaly.kind != Anomaly::kInfiniteMapping) return;
  if (!event.connection->data_mapped || event.connection->fail_seen) return;
  if (!event.subflow->told.first(Telling::kInfiniteMapping)) return;
  Notice notice = notice_about(event, "infinite_mapping", Severity::kMedium);
  notice.message = "the connection becomes plain TCP by an infinite mapping that no MP_FAIL asked for";
  notices.on_absence(std::move(notice), begin_of(*event.connection));
}

}  // namespace mptap

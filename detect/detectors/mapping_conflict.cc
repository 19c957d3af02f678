#include "detect/detectors/mapping_conflict.h"

namespace mptap {

void MappingConflictDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kAnomaly) return;
  const AnomalyBody& anomaly = event.record->anomaly;
  if (anomaly.kind != Anomaly::kMappingConflict) return;
  if (!event.subflow->told.first(Telling::kMappingConflict, event.from_opener ? 0 : 1)) return;
  Notice notice = notice_about(event, "mapping_conflict", Severity::kHigh);
  notice.message = "subflow sequence number " + std::to_string(anomaly.ssn) +
                   " is mapped to two places of the data, " +
                   std::to_string(static_cast<std::uint32_t>(anomaly.dsn) - static_cast<std::uint32_t>(anomaly.previous_dsn)) +
                   " bytes apart (modulo 2^32)";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

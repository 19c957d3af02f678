#include "detect/detectors/reserved_bits.h"

namespace mptap {

void ReservedBitsDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kAnomaly) return;
  const AnomalyBody& anomaly = event.record->anomaly;
  if (anomaly.kind != Anomaly::kReservedBits) return;
  if (!event.subflow->told.first(Telling::kReservedBits, event.from_opener ? 0 : 1)) return;
  Notice notice = notice_about(event, "reserved_bits", Severity::kLow);
  notice.cause = name_of(static_cast<Subtype>(anomaly.subtype));
  notice.message = std::string("reserved bits are set in an option ") + notice.cause;
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

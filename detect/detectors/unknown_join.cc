#include "detect/detectors/unknown_join.h"

#include "detect/address_text.h"
#include "detect/record_gaps.h"

namespace mptap {

void UnknownJoinDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kJoinUnknown) return;
  Notice notice = notice_about(event, "unknown_join", Severity::kInfo);
  notice.message = address_text(event.tuple.acceptor.address) +
                   " answered a join to a connection that the sensor has not seen begin";
  notices.on_absence(std::move(notice), RecordGaps::memory_before(event.subflow->start_ns));
}

}  // namespace mptap

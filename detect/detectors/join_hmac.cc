#include "detect/detectors/join_hmac.h"

namespace mptap {

void JoinHmacDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kJoinDisproved) return;
  Notice notice = notice_about(event, "join_hmac", Severity::kHigh);
  notice.cause = event.cause;
  notice.message = event.from_opener ? "the third ACK of a join does not prove that its sender knows the keys"
                                     : "the SYN/ACK of a join does not prove that its sender knows the keys";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

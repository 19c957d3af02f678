#include "detect/detectors/key_change.h"

namespace mptap {

void KeyChangeDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kKeyChanged) return;
  const bool own = event.role == Role::kInitiator;
  Notice notice = notice_about(event, "key_change", Severity::kHigh);
  notice.cause = own ? "initiator" : "responder";
  notice.message = own ? "the initiator's key differs from the one it sent before"
                       : "the initiator echoes another key than the responder sent";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

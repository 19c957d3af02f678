#include "detect/detectors/fastclose_key.h"

namespace mptap {

void FastCloseKeyDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kFastClose || event.proof != Proof::kInvalid) return;
  if (!event.subflow->told.first(Telling::kFastCloseKey)) return;
  Notice notice = notice_about(event, "fastclose_key", Severity::kHigh);
  notice.message = "an MP_FASTCLOSE does not carry its receiver's key";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

#include "detect/detectors/token_reuse.h"

#include <algorithm>

namespace mptap {

void TokenReuseDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kTokenTaken) return;
  if (!event.connection->told.first(Telling::kTokenReuse, static_cast<std::size_t>(event.role))) return;
  Notice notice = notice_about(event, "token_reuse", Severity::kMedium);
  notice.cause = event.cause;
  notice.message = std::string("another live connection of this host has the same ") + event.cause;
  notices.on_absence(std::move(notice), std::min(begin_of(*event.connection), event.other_start_ns));
}

}  // namespace mptap

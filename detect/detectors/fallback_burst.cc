#include "detect/detectors/fallback_burst.h"

#include <cstring>

namespace mptap {

void FallbackBurstDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kDenied || event.subflow->offer != Offer::kCapable) return;
  if (!event.acceptor_speaks || std::strcmp(event.cause, name_of(Fallback::kVersion)) == 0) return;
  fallbacks_.advance(SlidingCount::step_of(event.time_ns, options_.interval_ns));
  fallbacks_.add();
  const std::uint64_t count = fallbacks_.total();
  if (count < options_.threshold || event.time_ns < quiet_until_ns_) return;
  quiet_until_ns_ = event.time_ns + options_.interval_ns;
  Notice notice = notice_about(event, "fallback_burst", Severity::kMedium);
  notice.connection.reset();
  notice.source = event.tuple.opener;
  notice.destination = event.tuple.acceptor;
  notice.count = count;
  notice.cause = event.cause;
  notice.message = std::to_string(count) + " connections to hosts that spoke MPTCP fell back to plain TCP; this is the latest";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

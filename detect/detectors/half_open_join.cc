#include "detect/detectors/half_open_join.h"

#include "detect/address_text.h"

namespace mptap {

void HalfOpenJoinDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kSubflowClosed || event.record == nullptr) return;
  const Subflow& join = *event.subflow;
  const bool told_so = event.record->kind == RecordKind::kClosed && event.record->closed.half_open;
  if (!told_so || join.offer != Offer::kJoin || !join.syn_seen || join.state != SubflowState::kEstablished) return;
  const CloseCause cause = event.record->closed.cause;
  const bool waited = event.record->time_ns >= join.syn_ack_ns() + options_.grace_ns;
  if (cause != CloseCause::kTimeout && !(cause == CloseCause::kExit && waited)) return;
  Notice notice = notice_about(event, "half_open_join", Severity::kLow);
  notice.time_ns = event.record->time_ns;
  notice.source = event.tuple.opener;
  notice.destination = event.tuple.acceptor;
  notice.message = address_text(event.tuple.opener.address) + " did not go on after its join was answered";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

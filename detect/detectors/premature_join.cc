#include "detect/detectors/premature_join.h"

#include <algorithm>

namespace mptap {

void PrematureJoinDetector::on_event(const Event& event, NoticeSink&) {
  if (!options_.enabled || event.connection == nullptr) return;
  const Connection& connection = *event.connection;
  if (event.kind == EventKind::kConnectionConfirmed) {
    // Records of several workers come out of order: the ACK may have come first after all.
    std::erase_if(waiting_, [&](const Waiting& it) {
      return it.mp_id == connection.mp_id && it.notice.time_ns >= event.time_ns;
    });
    return;
  }
  if (event.kind != EventKind::kJoinAttempt || event.role != Role::kResponder || !connection.handshake_seen) return;
  const bool before = connection.confirmed_ns == 0 || event.time_ns < connection.confirmed_ns;
  if (!before || waiting_.size() >= kMaxWaiting) return;
  Notice notice = notice_about(event, "premature_join", Severity::kMedium);
  notice.message = "a join before the connection's handshake was over";
  waiting_.push_back({connection.mp_id, event.time_ns + options_.grace_ns, std::move(notice)});
}

void PrematureJoinDetector::advance(std::uint64_t now_ns, NoticeSink& notices) {
  now_ns_ = now_ns;
  while (!waiting_.empty() && waiting_.front().deadline_ns <= now_ns) {
    if (options_.enabled) notices.on_notice(std::move(waiting_.front().notice));
    waiting_.pop_front();
  }
}

void PrematureJoinDetector::finish(NoticeSink& notices) { advance(now_ns_, notices); }

}  // namespace mptap

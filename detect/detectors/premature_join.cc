#include "detect/detectors/premature_join.h"

#include <algorithm>

namespace mptap {

void PrematureJoinDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.connection == nullptr) return;
  const Connection& connection = *event.connection;
  if (event.kind == EventKind::kConnectionConfirmed) {
    on_confirmed(event, notices);
    return;
  }
  if (event.kind != EventKind::kJoinAttempt || event.role != Role::kResponder || !connection.handshake_seen) return;
  const bool before = connection.confirmed_ns() == 0 || event.time_ns < connection.confirmed_ns();
  if (!before || waiting_.size() >= kMaxWaiting) return;
  Notice notice = notice_about(event, "premature_join", Severity::kMedium);
  notice.message = "a join before the connection's handshake was over";
  waiting_.push_back({connection.mp_id, event.time_ns + std::max(options_.grace_ns, kSilenceNs), begin_of(connection), std::move(notice)});
}

/// Only the third ACK itself shows that the join came first; where anything else is the first sign of it, the tap has
/// missed the ACK.
void PrematureJoinDetector::on_confirmed(const Event& event, NoticeSink& notices) {
  const bool is_third_ack = event.record != nullptr && event.record->kind == RecordKind::kCapableAck &&
                            !event.record->capable_ack.has_data_len;
  std::erase_if(waiting_, [&](Waiting& it) {
    if (it.mp_id != event.connection->mp_id) return false;
    if (is_third_ack && event.time_ns > it.notice.time_ns + options_.grace_ns) {
      notices.on_absence(std::move(it.notice), it.since_ns);  // of an earlier one
    }
    return true;
  });
}

void PrematureJoinDetector::advance(std::uint64_t now_ns, NoticeSink& notices) {
  now_ns_ = now_ns;
  while (!waiting_.empty() && waiting_.front().deadline_ns <= now_ns) {
    if (options_.enabled) notices.on_absence(std::move(waiting_.front().notice), waiting_.front().since_ns);
    waiting_.pop_front();
  }
}

void PrematureJoinDetector::finish(NoticeSink& notices) { advance(now_ns_, notices); }

}  // namespace mptap

#include "detect/detectors/join_after_c_flag.h"

#include "detect/address_text.h"

namespace mptap {

void JoinAfterCFlagDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.kind != EventKind::kJoinAttempt || event.connection == nullptr) return;
  const Connection& connection = *event.connection;
  const Endpoint initial =
      event.role == Role::kInitiator ? connection.tuple.opener() : connection.tuple.acceptor();
  if (!connection.no_join_to_initial(event.role) || event.tuple.acceptor != initial) return;
  Notice notice = notice_about(event, "join_after_c_flag", Severity::kLow);
  notice.message = "a join to " + address_text(initial.address) + ", which asked for none at this address";
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

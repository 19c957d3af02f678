#include "detect/detectors/data_ack_beyond.h"

#include <algorithm>
#include <cstring>

namespace mptap {

void DataAckBeyondDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled || event.connection == nullptr) return;
  if (event.kind != EventKind::kProgress && event.kind != EventKind::kSubflowClosed) return;
  look_at(event, Role::kInitiator, notices);
  look_at(event, Role::kResponder, notices);
}

/// A DATA_FIN tells where the data ended, on whatever path it went. Before that, data may be on its way on a path that the
/// tap does not see.
bool DataAckBeyondDetector::is_settled(const Event& event, Role sender, const Claim& claim) {
  const Connection& connection = *event.connection;
  const bool last = event.kind == EventKind::kSubflowClosed && connection.subflows.size() == 1;
  if (!last && event.reported_since_ns <= claim.since_ns) return false;
  if (connection.data_fin(sender)) return true;
  const bool ended_in_order = last && std::strcmp(event.cause, name_of(CloseCause::kFin)) == 0;
  return !ended_in_order && !connection.may_have_other_paths() && connection.sight_is_full(sender);
}

void DataAckBeyondDetector::look_at(const Event& event, Role sender, NoticeSink& notices) {
  const Connection& connection = *event.connection;
  const Host& host = connection.host(sender);
  if (host.acked_high == 0 || !host.idsn()) return;
  // Before any data, the data ACK is the number that the first byte will have.
  const std::uint64_t mapped = std::max(host.dsn_high, host.dsn_high == 0 ? host.idsn()->value + 1 : 0);
  const std::uint64_t allowed = mapped + 1;  // a DATA_FIN, seen or not: alone it takes no number of TCP's
  if (!Dsn{allowed}.before(Dsn{host.acked_high})) return;
  Claim& claim = claims_.touch(connection.mp_id * 2 + static_cast<std::uint64_t>(sender));
  if (claim.acked != host.acked_high) claim = {host.acked_high, event.time_ns};
  if (!is_settled(event, sender, claim)) return;
  if (!connection.told.first(Telling::kDataAckBeyond, static_cast<std::size_t>(sender))) return;
  Notice notice = notice_about(event, "data_ack_beyond", Severity::kMedium);
  const bool sent_by_opener = event.subflow->role_of(true) == sender;
  notice.source = sent_by_opener ? event.tuple.acceptor : event.tuple.opener;
  notice.destination = sent_by_opener ? event.tuple.opener : event.tuple.acceptor;
  notice.count = host.acked_high - allowed;
  notice.message = "a data ACK acknowledges " + std::to_string(*notice.count) + " bytes that were never sent";
  notices.on_absence(std::move(notice), begin_of(connection));
}

}  // namespace mptap

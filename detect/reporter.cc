#include "detect/reporter.h"

#include <algorithm>

#include "detect/event_options.h"
#include "detect/event_row.h"

namespace mptap {
namespace {

std::optional<std::uint64_t> time_between(std::uint64_t start_ns, std::uint64_t end_ns) {
  if (end_ns == 0 || end_ns < start_ns) return std::nullopt;
  return end_ns - start_ns;
}

AddressReports address_reports(const Host& host) {
  AddressReports reports;
  for (const KnownAddress known : host.addresses) {
    reports.push_back({known.id, known.address, known.advertised ? known.port : std::uint16_t{0}, known.advertised,
                       known.used, known.removed});
  }
  return reports;
}

DirectionReport direction_report(const Subflow& subflow, std::size_t end) {
  const SubflowCounts counts = subflow.counts(end);
  return {counts.segments, counts.payload_bytes, counts.mapped_bytes};
}

EventReport event_row(const char* event, std::uint64_t time_ns, const FourTuple& tuple, bool from_opener) {
  EventReport row;
  row.event = event;
  row.time_ns = time_ns;
  row.tuple = tuple;
  row.from_opener = from_opener;
  return row;
}

}  // namespace

void Reporter::choose_events(const std::vector<std::string>& events) {
  chosen_ = {events.begin(), events.end()};
  if (chosen_.contains(std::string(kSubflowEvents))) {
    for (const std::string_view word : kEventWords) {
      if (word.starts_with("subflow_")) chosen_.emplace(word);
    }
  }
  if (chosen_.contains(std::string(kConnectionEvents))) {
    chosen_.insert({"connection_established", "connection_partial", "fallback", "closed"});
  }
}

ConnectionName Reporter::name_of(std::uint64_t mp_id) const { return {mp_id, run_}; }

SubflowReport Reporter::subflow_report(const Subflow& subflow, const Connection* connection, CloseCause close,
                                       std::uint64_t end_ns) {
  SubflowReport report;
  report.tuple = subflow.tuple;
  report.is_initial = subflow.matched_by == MatchedBy::kInitial || subflow.offer == Offer::kCapable;
  if (connection != nullptr) {
    report.connection = name_of(connection->mp_id);
    report.version = connection->version();
  } else if (subflow.offer == Offer::kCapable) {
    report.version = std::uint8_t{subflow.version};
  }
  report.start_ns = subflow.start_ns;
  report.end_ns = end_ns;
  report.state = subflow.state;
  report.matched_by = subflow.matched_by;
  if (subflow.offer == Offer::kJoin && subflow.syn_seen) report.token = subflow.token;
  report.opener_address_id = subflow.opener_id();
  report.acceptor_address_id = subflow.acceptor_id();
  report.backup = subflow.backup;
  report.hmac_synack = subflow.hmac_synack;
  report.hmac_ack = subflow.hmac_ack;
  report.from_opener = direction_report(subflow, 0);
  report.from_acceptor = direction_report(subflow, 1);
  report.close = close;
  if (subflow.syn_seen && !subflow.syn_repeated) {
    report.acceptor_rtt_ns = time_between(subflow.start_ns, subflow.syn_ack_ns());
    report.handshake_rtt_ns = time_between(subflow.start_ns, subflow.third_ack_ns());
  }
  report.priority_changes = subflow.extra.read().priority_changes;
  report.backup_at_end = subflow.backup;
  for (const PriorityChange& change : report.priority_changes) report.backup_at_end = change.backup;
  report.nat = subflow.nat;
  report.unverified = subflow.unverified;
  const bool unproven = subflow.offer == Offer::kJoin && subflow.state == SubflowState::kEstablished &&
                        subflow.hmac_synack == Proof::kUnverified && subflow.unverified == Unverified::kNone;
  if (unproven && connection != nullptr && connection->shed) report.unverified = Unverified::kBudget;
  report.fallback = subflow.fallback;
  report.reset_reason = subflow.extra.read().reset_reason;
  return report;
}

ConnectionReport Reporter::connection_report(const Connection& connection, std::uint64_t end_ns,
                                             ConnectionClose close) {
  ConnectionReport report;
  report.name = name_of(connection.mp_id);
  report.start_ns = connection.start_ns;
  report.end_ns = end_ns;
  report.version = connection.version();
  report.tuple = connection.tuple;
  report.initiator_token = connection.host(Role::kInitiator).token();
  report.responder_token = connection.host(Role::kResponder).token();
  report.subflows = connection.subflow_count;
  report.from_initiator = connection.extra.read().ended.all[0];
  report.from_responder = connection.extra.read().ended.all[1];
  const bool carried_data = report.from_initiator.payload_bytes + report.from_responder.payload_bytes != 0;
  const bool fell_back = connection.fallback != Fallback::kNone || (carried_data && !connection.dss_seen);
  report.outcome = connection.partial ? Outcome::kPartial : fell_back ? Outcome::kFallback : Outcome::kEstablished;
  report.close = close;
  report.initiator_addresses = static_cast<std::uint32_t>(connection.host(Role::kInitiator).addresses.size());
  report.responder_addresses = static_cast<std::uint32_t>(connection.host(Role::kResponder).addresses.size());
  report.checksums = connection.checksums;
  report.fallback = connection.fallback;
  report.reset_reason = connection.reset_reason();
  report.initiator_address_list = address_reports(connection.host(Role::kInitiator));
  report.responder_address_list = address_reports(connection.host(Role::kResponder));
  report.nat = connection.nat;
  for (const Role role : {Role::kInitiator, Role::kResponder}) {
    const bool own = role == Role::kInitiator;
    const Host& host = connection.host(role);
    if (!host.idsn() || connection.partial) continue;
    const std::uint64_t first = host.idsn()->value + 1;
    // A DATA_FIN takes a number and is no byte.
    if (host.acked_high != 0 && host.dsn_high != 0) {
      const bool beyond = Dsn{host.dsn_high}.before(Dsn{host.acked_high});
      const std::uint64_t acked = (beyond ? host.dsn_high : host.acked_high) - first;
      if (acked >> 63 == 0) (own ? report.initiator_acked_bytes : report.responder_acked_bytes) = acked;
    }
    if (host.dsn_high == 0 || !connection.sight_is_full(role)) continue;
    // What one subflow mapped twice is no re-injection: there cannot be more than the others mapped.
    const std::size_t at = static_cast<std::size_t>(role);
    const std::uint64_t again = connection.mapped(role) - (host.dsn_high - first);
    (own ? report.initiator_reinjected_bytes : report.responder_reinjected_bytes) =
        std::min(again, connection.mapped(role) - std::min(connection.extra.read().ended.most_mapped[at], connection.mapped(role)));
  }
  return report;
}

void Reporter::tell_record(const Record& record, const Subflow& subflow, const Connection* connection,
                           ReportSink& sink) {
  EventReport row = event_row("", record.time_ns, subflow.tuple, record.from_opener());
  if (connection != nullptr) row.connection = name_of(connection->mp_id);
  if (record.kind == RecordKind::kRemoveAddr) {  // one row for each address, as in the thesis
    row.event = "mp_remove_addr";
    row.length = static_cast<std::uint8_t>(3 + record.remove_addr.count);
    row.subtype = static_cast<std::uint8_t>(Subtype::kRemoveAddr);
    for (std::uint8_t i = 0; wants(row.event) && i < record.remove_addr.count; ++i) {
      row.address_id = AddressId{record.remove_addr.address_ids[i]};
      sink.on_report(row);
    }
    return;
  }
  const char* event = fill_option(row, record, subflow);
  if (event == nullptr || !wants(event)) return;
  row.event = event;
  row.community_id = Crypto::derive_community_id(row.tuple);
  sink.on_report(std::move(row));
}

void Reporter::tell_event(const Event& event, ReportSink& sink) {
  switch (event.kind) {
    case EventKind::kConnectionEstablished:
      tell("connection_established", event, sink);
      tell("subflow_established", event, sink);
      break;
    case EventKind::kConnectionPartial: tell("connection_partial", event, sink); break;
    case EventKind::kConnectionClosed: tell("closed", event, sink); break;
    case EventKind::kFallback: tell("fallback", event, sink); break;
    case EventKind::kJoinMatched: tell("subflow_established", event, sink); break;
    case EventKind::kJoinUnknown: tell("subflow_unknown", event, sink); break;
    case EventKind::kDenied: tell("subflow_denied", event, sink); break;
    case EventKind::kRefused: tell("subflow_refused", event, sink); break;
    case EventKind::kSubflowClosed: tell("subflow_closed", event, sink); break;
    default: break;
  }
}

void Reporter::tell(const char* name, const Event& event, ReportSink& sink) {
  if (!wants(name)) return;
  EventReport row = event_row(name, event.time_ns, event.tuple, event.from_opener);
  if (event.connection != nullptr) {
    row.connection = name_of(event.connection->mp_id);
    row.version = event.connection->version();
  }
  row.detail = event.cause;
  if (event.subflow != nullptr && event.kind == EventKind::kJoinMatched) {
    row.detail = mptap::name_of(event.subflow->matched_by);
    row.backup = event.subflow->backup;
    row.address_id = event.subflow->opener_id();
  }
  if (event.kind == EventKind::kRefused && event.record != nullptr && event.record->reset.has_reason) {
    row.reason = event.record->reset.reason;
  }
  row.community_id = Crypto::derive_community_id(row.tuple);
  sink.on_report(std::move(row));
}

}  // namespace mptap

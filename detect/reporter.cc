#include "detect/reporter.h"

#include "detect/event_options.h"

namespace mptap {
namespace {

std::string base62(std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value % 62]);
    value /= 62;
  } while (value != 0);
  return text;
}

std::optional<std::uint64_t> time_between(std::uint64_t start_ns, std::uint64_t end_ns) {
  if (end_ns == 0 || end_ns < start_ns) return std::nullopt;
  return end_ns - start_ns;
}

std::vector<AddressReport> address_reports(const Host& host) {
  std::vector<AddressReport> reports;
  for (const KnownAddress& known : host.addresses) {
    reports.push_back({known.id, known.address, known.advertised ? known.port : std::uint16_t{0}, known.advertised,
                       known.used, known.removed});
  }
  return reports;
}

DirectionReport direction_report(const CountersBody& counters) {
  return {counters.segments, counters.payload_bytes, counters.mapped_bytes};
}

EventReport event_row(const char* event, std::uint64_t time_ns, const FourTuple& tuple, bool from_opener) {
  EventReport row;
  row.event = event;
  row.time_ns = time_ns;
  row.tuple = tuple;
  row.from_opener = from_opener;
  return row;
}

template <std::size_t kSize>
std::string hex(const std::array<std::uint8_t, kSize>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void fill_dss(EventReport& row, const DssBody& dss) {
  row.flags = dss.flags;
  row.payload_bytes = dss.payload_bytes;
  if (dss.has_checksum) row.checksum = dss.checksum;
  if ((dss.flags & DssOption::kDataAck) != 0) row.data_ack = dss.data_ack;
  if ((dss.flags & DssOption::kMapping) != 0) {
    row.dsn = dss.dsn;
    row.ssn = dss.ssn;
    row.data_len = dss.data_len;
  }
}

void fill_handshake(EventReport& row, Subtype subtype, HandshakeStep step) {
  row.subtype = static_cast<std::uint8_t>(subtype);
  row.step = step;
}

const char* fill_syn(EventReport& row, const SynOption& syn) {
  if (syn.offer == Offer::kNone) return nullptr;
  row.flags = syn.flags;
  if (syn.offer == Offer::kCapable) {
    fill_handshake(row, Subtype::kCapable, HandshakeStep::kSyn);
    row.version = syn.version;
    return "mp_capable";
  }
  fill_handshake(row, Subtype::kJoin, HandshakeStep::kSyn);
  row.token = syn.token();
  row.nonce = syn.nonce();
  row.address_id = syn.address_id;
  row.backup = syn.flags != 0;
  return "mp_join";
}

const char* fill_syn_ack(EventReport& row, const SynAckBody& answer, const Subflow& subflow) {
  row.flags = answer.flags;
  if (answer.offer == Offer::kCapable) {
    fill_handshake(row, Subtype::kCapable, HandshakeStep::kSynAck);
    row.version = answer.version;
    return "mp_capable";
  }
  if (answer.offer != Offer::kJoin) return nullptr;
  fill_handshake(row, Subtype::kJoin, HandshakeStep::kSynAck);
  row.nonce = answer.nonce;
  row.address_id = answer.address_id;
  row.backup = answer.flags != 0;
  row.hmac = hex(answer.hmac);
  row.proof = subflow.hmac_synack;
  return "mp_join";
}

const char* fill_capable_ack(EventReport& row, const CapableAckBody& ack) {
  fill_handshake(row, Subtype::kCapable, HandshakeStep::kAck);
  row.version = ack.version;
  row.flags = ack.flags;
  if (ack.has_data_len) row.data_len = ack.data_len;
  if (ack.has_checksum) row.checksum = ack.checksum;
  return "mp_capable";
}

const char* fill_add_addr(EventReport& row, const AddAddrBody& add) {
  row.subtype = static_cast<std::uint8_t>(Subtype::kAddAddr);
  row.version = add.version;
  row.address_id = add.address_id;
  row.address = add.address;
  if (add.has_port) row.port = add.port;
  row.echo = add.echo;
  if (add.has_hmac) row.hmac = hex(add.hmac);
  return "mp_add_addr";
}

/// The option event of a record, or nullptr where it is none; fills what is particular to it. Never a key.
const char* fill_option(EventReport& row, const Record& record, const Subflow& subflow) {
  const auto plain = [&row](Subtype subtype) {
    row.subtype = static_cast<std::uint8_t>(subtype);
    return mptap::name_of(subtype);
  };
  switch (record.kind) {
    case RecordKind::kOpened: return fill_syn(row, record.opened.syn);
    case RecordKind::kSynAck: return fill_syn_ack(row, record.syn_ack, subflow);
    case RecordKind::kCapableAck: return fill_capable_ack(row, record.capable_ack);
    case RecordKind::kJoinAck:
      fill_handshake(row, Subtype::kJoin, HandshakeStep::kAck);
      row.hmac = hex(record.join_ack.hmac);
      row.proof = subflow.hmac_ack;
      return "mp_join";
    case RecordKind::kDss: fill_dss(row, record.dss); return plain(Subtype::kDss);
    case RecordKind::kAddAddr: return fill_add_addr(row, record.add_addr);
    case RecordKind::kPrio:
      row.backup = record.prio.backup;
      if (record.prio.has_address_id) row.address_id = record.prio.address_id;
      return plain(Subtype::kPrio);
    case RecordKind::kFail: row.dsn = record.fail.dsn; return plain(Subtype::kFail);
    case RecordKind::kFastClose: return plain(Subtype::kFastClose);
    case RecordKind::kReset:
      if (!record.reset.has_reason) return nullptr;
      row.reason = record.reset.reason;
      row.transient = record.reset.transient;
      return plain(Subtype::kTcpRst);
    case RecordKind::kMalformed:
      row.subtype = record.malformed.subtype;
      row.length = record.malformed.length;
      row.detail = label_of(record.malformed.error);
      return "mp_error";
    case RecordKind::kOption:
      row.subtype = record.malformed.subtype;
      row.length = record.malformed.length;
      return "mptcp";
    default: return nullptr;
  }
}

}  // namespace

Reporter::Reporter(Crypto& crypto, std::uint64_t run_seed)
    : crypto_(crypto), uid_prefix_("C" + base62(run_seed) + "-") {}

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

ConnectionName Reporter::name_of(std::uint64_t mp_id) const { return {mp_id, uid_prefix_ + base62(mp_id)}; }

SubflowReport Reporter::subflow_report(const Subflow& subflow, const Connection* connection, CloseCause close,
                                       std::uint64_t end_ns) {
  SubflowReport report;
  report.tuple = subflow.tuple;
  report.is_initial = subflow.matched_by == MatchedBy::kInitial || subflow.offer == Offer::kCapable;
  if (connection != nullptr) {
    report.connection = name_of(connection->mp_id);
    report.version = connection->version;
  } else if (subflow.offer == Offer::kCapable) {
    report.version = subflow.version;
  }
  report.start_ns = subflow.start_ns;
  report.end_ns = end_ns;
  report.state = subflow.state;
  report.matched_by = subflow.matched_by;
  if (subflow.offer == Offer::kJoin && subflow.syn_seen) report.token = subflow.token;
  report.opener_address_id = subflow.opener_id;
  report.acceptor_address_id = subflow.acceptor_id;
  report.backup = subflow.backup;
  report.hmac_synack = subflow.hmac_synack;
  report.hmac_ack = subflow.hmac_ack;
  report.from_opener = direction_report(subflow.counters[0]);
  report.from_acceptor = direction_report(subflow.counters[1]);
  report.close = close;
  report.community_id = crypto_.derive_community_id(subflow.tuple);
  if (subflow.syn_seen && !subflow.syn_repeated) {
    report.acceptor_rtt_ns = time_between(subflow.start_ns, subflow.syn_ack_ns);
    report.handshake_rtt_ns = time_between(subflow.start_ns, subflow.third_ack_ns);
  }
  report.priority_changes = subflow.priority_changes;
  report.backup_at_end = subflow.backup;
  for (const PriorityChange& change : subflow.priority_changes) report.backup_at_end = change.backup;
  report.nat = subflow.nat;
  report.unverified = subflow.unverified;
  report.fallback = subflow.fallback;
  report.reset_reason = subflow.reset_reason;
  return report;
}

ConnectionReport Reporter::connection_report(const Connection& connection, std::uint64_t end_ns,
                                             ConnectionClose close) {
  ConnectionReport report;
  report.name = name_of(connection.mp_id);
  report.start_ns = connection.start_ns;
  report.end_ns = end_ns;
  report.version = connection.version;
  report.tuple = connection.tuple;
  report.initiator_token = connection.host(Role::kInitiator).token;
  report.responder_token = connection.host(Role::kResponder).token;
  report.subflows = connection.subflow_count;
  report.from_initiator = connection.ended[0];
  report.from_responder = connection.ended[1];
  const bool carried_data = report.from_initiator.payload_bytes + report.from_responder.payload_bytes != 0;
  const bool fell_back = connection.fallback != Fallback::kNone || (carried_data && !connection.dss_seen);
  report.outcome = connection.partial ? Outcome::kPartial : fell_back ? Outcome::kFallback : Outcome::kEstablished;
  report.close = close;
  report.initiator_addresses = static_cast<std::uint32_t>(connection.host(Role::kInitiator).addresses.size());
  report.responder_addresses = static_cast<std::uint32_t>(connection.host(Role::kResponder).addresses.size());
  report.checksums = connection.checksums;
  report.fallback = connection.fallback;
  report.reset_reason = connection.reset_reason;
  report.initiator_address_list = address_reports(connection.host(Role::kInitiator));
  report.responder_address_list = address_reports(connection.host(Role::kResponder));
  report.nat = connection.nat;
  for (const Role role : {Role::kInitiator, Role::kResponder}) {
    const bool own = role == Role::kInitiator;
    const Host& host = connection.host(role);
    if (!host.idsn || connection.partial) continue;
    const std::uint64_t first = host.idsn->value + 1;
    // A DATA_FIN takes a number and is no byte.
    if (host.acked_high != 0 && host.dsn_high != 0) {
      const bool beyond = Dsn{host.dsn_high}.before(Dsn{host.acked_high});
      (own ? report.initiator_acked_bytes : report.responder_acked_bytes) = (beyond ? host.dsn_high : host.acked_high) - first;
    }
    if (host.dsn_high == 0 || !connection.sight_is_full(role)) continue;
    (own ? report.initiator_reinjected_bytes : report.responder_reinjected_bytes) =
        connection.mapped[static_cast<std::size_t>(role)] - (host.dsn_high - first);
  }
  return report;
}

void Reporter::tell_record(const Record& record, const Subflow& subflow, const Connection* connection,
                           ReportSink& sink) {
  EventReport row = event_row("", record.time_ns, subflow.tuple, record.from_opener());
  if (connection != nullptr) row.connection = name_of(connection->mp_id);
  if (record.kind == RecordKind::kRemoveAddr) {  // one row for each address, as in the thesis
    row.event = "mp_remove_addr";
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
  row.community_id = crypto_.derive_community_id(row.tuple);
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
    row.version = event.connection->version;
  }
  row.detail = event.cause;
  if (event.subflow != nullptr && event.kind == EventKind::kJoinMatched) {
    row.detail = mptap::name_of(event.subflow->matched_by);
    row.backup = event.subflow->backup;
    row.address_id = event.subflow->opener_id;
  }
  if (event.kind == EventKind::kRefused && event.record != nullptr && event.record->reset.has_reason) {
    row.reason = event.record->reset.reason;
  }
  row.community_id = crypto_.derive_community_id(row.tuple);
  sink.on_report(std::move(row));
}

}  // namespace mptap

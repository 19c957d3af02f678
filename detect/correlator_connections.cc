// Correlator's connections: how they begin, which keys and tokens they have, how they end.
#include <algorithm>

#include "detect/correlator.h"

namespace mptap {

void Correlator::on_syn_ack(Subflow& subflow, const Record& record) {
  const SynAckBody& answer = record.syn_ack;
  if (!subflow.syn_seen) subflow.offer = answer.offer;
  subflow.acceptor_isn = answer.acceptor_isn;
  subflow.midstream = false;
  if (answer.offer == Offer::kNone || answer.offer == Offer::kMirrored) {
    subflow.state = SubflowState::kDenied;
    forget(subflow.opener_key);
    ControlCounters::add(counters_.subflows_denied);
    Event event = event_of(EventKind::kDenied, subflow, &record, record.time_ns);
    event.cause = answer.offer == Offer::kMirrored ? "mirrored" : answer.blackhole ? "blackhole" : "no_option";
    emit(event);
    return;
  }
  subflow.state = SubflowState::kEstablished;
  if (answer.offer == Offer::kCapable) {
    establish(subflow, record);
    return;
  }
  ControlCounters::add(counters_.subflows_established);
  subflow.acceptor_id = answer.address_id;
  subflow.acceptor_nonce = answer.nonce;
  subflow.synack_hmac = answer.hmac;
  subflow.backup = subflow.backup || answer.flags != 0;
  settle_join(subflow, record.time_ns);
  tell_completed(subflow, record);
}

void Correlator::establish(Subflow& subflow, const Record& record) {
  const SynAckBody& answer = record.syn_ack;
  subflow.version = answer.version;
  subflow.opener_id = AddressId{0};
  subflow.acceptor_id = AddressId{0};
  if (Connection* known = find_twin(subflow, answer.key, answer.version, record.time_ns)) {
    if (Subflow* sibling = book_.find(known->initial)) join_twins(subflow, *sibling, *known);
    return;
  }
  ControlCounters::add(counters_.subflows_established);
  Connection* connection = try_create(subflow, subflow.start_ns);
  if (connection == nullptr) {
    forget(subflow.opener_key);
    return;
  }
  ControlCounters::add(counters_.connections_established);
  connection->version = answer.version;
  connection->checksums =
      ((answer.flags | (subflow.syn_seen ? subflow.syn_flags : 0)) & CapableOption::kChecksumRequired) != 0;
  attach(subflow, *connection, Role::kInitiator, MatchedBy::kInitial);
  emit(event_of(EventKind::kConnectionEstablished, subflow, &record, record.time_ns));
  set_key(*connection, Role::kResponder, answer.key);
  if (subflow.opener_key) set_key(*connection, Role::kInitiator, *subflow.opener_key);
  forget(subflow.opener_key);
}

/// Takes a place for a connection whose initial subflow this is; the connection idle longest gives way.
Connection* Correlator::try_create(Subflow& subflow, std::uint64_t time_ns) {
  Connection* connection = connections_.try_create();
  if (connection == nullptr) {
    Connection* idle = connections_.oldest_idle();
    if (idle == nullptr) {
      ControlCounters::add(counters_.connections_not_stored);
      return nullptr;
    }
    ControlCounters::add(counters_.connections_evicted);
    end_connection(*idle, idle->idle_since_ns, EndReason::kNoRoom);
    connection = connections_.try_create();
  }
  connection->mp_id = next_mp_id_++;
  connection->start_ns = time_ns;
  connection->tuple = subflow.tuple;
  ControlCounters::set(counters_.connections, connections_.size());
  return connection;
}

/// The same keys under another 4-tuple at about the same time: one subflow, seen on both sides of a NAT or
/// balancer.
Connection* Correlator::find_twin(const Subflow& subflow, Key responder_key, std::uint8_t version,
                                  std::uint64_t time_ns) {
  const Token token = crypto_.derive_digest(version, responder_key).token;
  for (const HostRef& candidate : tokens_.find(token)) {
    Connection* connection = connections_.find(candidate.connection);
    if (connection == nullptr || candidate.role != Role::kResponder || connection->subflows.empty()) continue;
    if (connection->version != version || connection->host(Role::kResponder).key != responder_key) continue;
    const auto& initiator_key = connection->host(Role::kInitiator).key;
    const bool other_initiator = initiator_key && subflow.opener_key && *initiator_key != *subflow.opener_key;
    if (!other_initiator && time_ns - connection->start_ns <= options_.join_grace_ns) return connection;
  }
  return nullptr;
}

/// Of two sightings of one subflow the one whose SYN came first counts: it is nearer to the opener.
void Correlator::join_twins(Subflow& subflow, Subflow& sibling, Connection& connection) {
  ControlCounters::add(counters_.twin_subflows);
  subflow.connection = connection.self;
  subflow.opener_role = sibling.opener_role;
  const bool nearer = subflow.start_ns < sibling.start_ns;
  (nearer ? sibling : subflow).twin = true;
  forget(subflow.opener_key);
  if (!nearer) return;
  subflow.matched_by = sibling.matched_by;
  subflow.hmac_synack = sibling.hmac_synack;
  subflow.hmac_ack = sibling.hmac_ack;
  subflow.place = sibling.place;
  connection.subflows[sibling.place] = subflow.self;
  if (connection.initial == sibling.self) connection.initial = subflow.self;
  if (connection.tuple == sibling.tuple) {
    connection.tuple = subflow.tuple;
    connection.start_ns = subflow.start_ns;
  }
}

void Correlator::on_capable_ack(Subflow& subflow, const Record& record) {
  const CapableAckBody& ack = record.capable_ack;
  if (subflow.twin) return;
  if (subflow.midstream && !subflow.connection.is_set()) {
    subflow.offer = Offer::kCapable;
    subflow.version = ack.version;
    make_partial(subflow, record);
  }
  Connection* connection = connection_of(subflow);
  if (connection == nullptr) {
    // Its SYN/ACK comes later, from another tap or worker.
    if (subflow.state == SubflowState::kAttempted && !subflow.opener_key) subflow.opener_key = ack.sender_key;
    return;
  }
  if (subflow.matched_by != MatchedBy::kInitial) return;
  if (!connection->version) connection->version = ack.version;
  if (ack.has_data_len) connection->dss_seen = true;  // it is a mapping (RFC 8684 3.1)
  compare_key(subflow, *connection, subflow.opener_role, ack.sender_key, record);
  compare_key(subflow, *connection, other(subflow.opener_role), ack.receiver_key, record);
}

void Correlator::compare_key(Subflow& subflow, Connection& connection, Role role, Key key, const Record& record) {
  if (!connection.host(role).key) {
    set_key(connection, role, key);
    return;
  }
  bool& told = connection.key_changed[static_cast<std::size_t>(role)];
  if (*connection.host(role).key == key || told) return;
  told = true;
  Event event = event_of(EventKind::kKeyChanged, subflow, &record, record.time_ns);
  event.role = role;
  emit(event);
}

void Correlator::set_key(Connection& connection, Role role, Key key) {
  Host& host = connection.host(role);
  if (host.key || !connection.version) return;
  host.key = key;
  const KeyDigest digest = crypto_.derive_digest(*connection.version, key);
  if (!host.token) register_token(connection, role, digest.token);
  if (connection.has_both_keys()) verify_joins_of(connection);
}

void Correlator::register_token(Connection& connection, Role role, Token token) {
  connection.host(role).token = token;
  if (tokens_.add(token, {connection.self, role})) ControlCounters::add(counters_.token_collisions);
  recheck_waiting(token, now_ns_);
}

void Correlator::on_first_dss(Subflow& subflow, const Record& record) {
  subflow.first_dss[record.from_opener() ? 0 : 1] = true;
  const DssBody& dss = record.dss;
  if (dss.dsn_known) on_dsn(subflow, record.from_opener(), dss.dsn);
  if (dss.data_ack_known) on_dsn(subflow, !record.from_opener(), dss.data_ack);
  if (subflow.midstream && !subflow.connection.is_set() && subflow.first_dss[0] && subflow.first_dss[1]) {
    make_partial(subflow, record);
  }
  if (Connection* connection = connection_of(subflow)) {
    connection->dss_seen = true;
    for (const bool from_opener : {true, false}) {
      Host& host = connection->host(subflow.role_of(from_opener));
      if (host.dsn_high == 0) host.dsn_high = subflow.dsn[from_opener ? 0 : 1];
    }
  }
  emit(event_of(EventKind::kFirstDss, subflow, &record, record.time_ns));
}

/// A 64-bit DSN of what one end sends, from its mapping or from its peer's data ACK: where neither keys nor
/// addresses told the connection, it may.
void Correlator::on_dsn(Subflow& subflow, bool sent_by_opener, std::uint64_t dsn) {
  subflow.dsn[sent_by_opener ? 0 : 1] = dsn;
  if (subflow.connection.is_set() || (!subflow.midstream && !subflow.waiting)) return;
  const HostRef sender = keyless_.find_by_dsn(dsn);
  if (Connection* connection = connections_.find(sender.connection)) {
    attach(subflow, *connection, sent_by_opener ? sender.role : other(sender.role), MatchedBy::kDsn);
  }
}

/// A connection whose start was not seen; its keys are known only where an ACK repeated them.
void Correlator::make_partial(Subflow& subflow, const Record& record) {
  Connection* connection = try_create(subflow, subflow.start_ns);
  if (connection == nullptr) return;
  ControlCounters::add(counters_.connections_partial);
  connection->partial = true;
  if (record.kind == RecordKind::kCapableAck) connection->version = subflow.version;
  attach(subflow, *connection, Role::kInitiator, MatchedBy::kInitial);
  if (record.kind != RecordKind::kCapableAck) {
    keyless_.add(subflow.tuple.opener.address, {connection->self, Role::kInitiator});
    keyless_.add(subflow.tuple.acceptor.address, {connection->self, Role::kResponder});
  }
  emit(event_of(EventKind::kConnectionPartial, subflow, &record, record.time_ns));
}

void Correlator::end_connection(Connection& connection, std::uint64_t time_ns, EndReason reason) {
  const bool idle = connection.subflows.empty();
  ConnectionClose close = ConnectionClose::kLastSubflowGone;
  if (connection.fast_close) {
    close = ConnectionClose::kFastClose;
  } else if (connection.data_fin[0] && connection.data_fin[1]) {
    close = ConnectionClose::kDataFin;
  } else if (reason == EndReason::kNoRoom) {
    close = ConnectionClose::kEvicted;
  } else if (reason == EndReason::kExit && (!idle || connection.last_close == CloseCause::kExit)) {
    close = ConnectionClose::kOpen;
  } else if (connection.last_close == CloseCause::kReset) {
    close = ConnectionClose::kReset;
  } else if (connection.last_close == CloseCause::kTimeout) {
    close = ConnectionClose::kTimeout;
  }
  ControlCounters::add(counters_.connections_closed);
  Event event{.kind = EventKind::kConnectionClosed, .time_ns = time_ns, .tuple = connection.tuple};
  event.connection = &connection;
  event.cause = name_of(close);
  emit(event);
  sink_.on_report(reporter_.connection_report(connection, time_ns, close));
  for (const Role role : {Role::kInitiator, Role::kResponder}) {
    if (connection.host(role).token) tokens_.remove(*connection.host(role).token, {connection.self, role});
  }
  connections_.release(connection);
}

}  // namespace mptap

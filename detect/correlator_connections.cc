// Correlator's connections: how they begin, which keys and tokens they have, how they end.
#include <algorithm>
#include <utility>

#include "detect/correlator.h"

namespace mptap {
namespace {

void take_join_answer(Subflow& subflow, const SynAckBody& answer) {
  subflow.set_acceptor_id(answer.address_id);
  subflow.acceptor_nonce = answer.nonce;
  subflow.extra.make().synack_hmac = answer.hmac;
  subflow.backup = subflow.backup || answer.flags != 0;
}

}  // namespace

void Correlator::on_syn_ack(Subflow& subflow, const Record& record) {
  const SynAckBody& answer = record.syn_ack;
  // A subflow is answered once.
  if (subflow.twin || subflow.state == SubflowState::kEstablished || subflow.state == SubflowState::kDenied) return;
  if (subflow.has_connection()) return on_late_answer(subflow, record);
  if (!subflow.syn_seen) subflow.offer = answer.offer;
  if (answer.offer != Offer::kJoin) {
    subflow.opener_isn = answer.opener_isn;
    subflow.acceptor_isn = answer.acceptor_isn;
  }
  subflow.set_syn_ack_ns(record.time_ns);
  subflow.syn_repeated = answer.syn_repeated;
  subflow.midstream = false;
  const Fallback fallback = fallback_of(subflow, answer);
  if (fallback != Fallback::kNone) {
    deny(subflow, record, fallback);
    return;
  }
  subflow.state = SubflowState::kEstablished;
  speakers_.touch(subflow.tuple.acceptor()) = record.time_ns;
  if (answer.offer == Offer::kCapable) {
    establish(subflow, record);
    return;
  }
  ControlCounters::add(counters_.subflows_established);
  take_join_answer(subflow, answer);
  settle_join(subflow, record.time_ns);
  tell_completed(subflow, record.time_ns);
}

/// The answer to a subflow that is in its connection already, for nobody was heard to answer it (settle_one_sided()), or by
/// its data. It stays where it is.
void Correlator::on_late_answer(Subflow& subflow, const Record& record) {
  const SynAckBody& answer = record.syn_ack;
  Connection& connection = *connection_of(subflow);
  if (answer.offer != subflow.offer) return;  // it was accepted: another answer is not what its opener heard
  subflow.set_syn_ack_ns(record.time_ns);
  subflow.state = SubflowState::kEstablished;
  speakers_.touch(subflow.tuple.acceptor()) = record.time_ns;
  ControlCounters::add(counters_.subflows_established);
  if (answer.offer == Offer::kCapable) {
    compare_key(subflow, connection, other(subflow.opener_role), answer.key, record);
    return;
  }
  ControlCounters::add(counters_.joins_matched);
  take_join_answer(subflow, answer);
  prove_join(subflow, connection, record.time_ns);
  tell_completed(subflow, record.time_ns);
}

/// Why a SYN/ACK makes no MPTCP of the attempt; kNone where it does.
Fallback Correlator::fallback_of(const Subflow& subflow, const SynAckBody& answer) {
  if (answer.offer == Offer::kMirrored) return Fallback::kMirrored;
  const bool is_other = subflow.syn_seen && answer.offer != subflow.offer;  // it answers what nobody asked
  if (answer.offer == Offer::kNone || is_other) {
    if (answer.blackhole) return Fallback::kBlackhole;
    return speakers_.find(subflow.tuple.acceptor()) != nullptr ? Fallback::kStripped : Fallback::kNoOption;
  }
  const bool other_version = answer.offer == Offer::kCapable && subflow.syn_seen && answer.version != subflow.version;
  return other_version ? Fallback::kVersion : Fallback::kNone;
}

void Correlator::deny(Subflow& subflow, const Record& record, Fallback cause) {
  subflow.state = SubflowState::kDenied;
  subflow.fallback = cause;
  if (subflow.extra.is_made()) forget(subflow.extra.make().opener_key);
  ControlCounters::add(counters_.subflows_denied);
  if (subflow.offer == Offer::kJoin) ControlCounters::add(counters_.joins_denied);
  ControlCounters::add(counters_.fallbacks[static_cast<std::size_t>(cause)]);
  Event event = event_of(EventKind::kDenied, subflow, &record, record.time_ns);
  event.cause = name_of(cause);
  event.acceptor_speaks = speakers_.find(subflow.tuple.acceptor()) != nullptr;
  emit(event);
}

void Correlator::establish(Subflow& subflow, const Record& record) {
  const SynAckBody& answer = record.syn_ack;
  subflow.version = answer.version & 0xf;
  subflow.set_opener_id(AddressId{0});
  subflow.set_acceptor_id(AddressId{0});
  const auto digest = prover_.try_digest(answer.version, answer.key);
  if (digest) dsns_.prefetch(digest->idsn.value);  // while the token is looked for
  if (Connection* known = digest ? find_twin(subflow, answer, digest->token, record.time_ns) : nullptr) {
    Subflow* first = book_.find(known->initial());
    const bool is_counted = first != nullptr && first->state == SubflowState::kEstablished;
    join_twins(subflow, first, *known);
    if (!subflow.twin && !is_counted) ControlCounters::add(counters_.subflows_established);  // only this one was heard to be answered
    return;
  }
  ControlCounters::add(counters_.subflows_established);
  Connection* connection = try_create(subflow, subflow.start_ns);
  if (connection == nullptr) {
    forget_keys(subflow);
    return;
  }
  ControlCounters::add(counters_.connections_established);
  connection->set_version(answer.version);
  connection->host(Role::kResponder).capable_flags = answer.flags;
  connection->checksums = (answer.flags & CapableOption::kChecksumRequired) != 0;
  attach(subflow, *connection, Role::kInitiator, MatchedBy::kInitial);
  tell(EventKind::kConnectionEstablished, subflow, record);
  connection->shed = !digest;
  set_key(*connection, Role::kResponder, answer.key, digest);
  note_handshake(subflow, *connection);
}

/// Takes what the SYN, and an ACK that came before the SYN/ACK, tell of the connection.
void Correlator::note_handshake(Subflow& subflow, Connection& connection) {
  if (subflow.syn_seen) {
    connection.handshake_seen = connection.handshake_seen || subflow.syn_ack_ns() != 0;
    connection.host(Role::kInitiator).capable_flags = subflow.syn_flags();
    connection.checksums = connection.checksums || (subflow.syn_flags() & CapableOption::kChecksumRequired) != 0;
  }
  const SubflowExtra& early = subflow.extra.read();
  if (early.opener_key) set_key(connection, Role::kInitiator, *early.opener_key);
  if (early.early_ack_ns != 0 && connection.confirmed_ns() == 0) connection.set_confirmed_ns(early.early_ack_ns);
  forget_keys(subflow);
  subflow.settle();
}

void Correlator::forget_keys(Subflow& subflow) {
  if (!subflow.extra.is_made()) return;
  forget(subflow.extra.make().opener_key);
  forget(subflow.extra.make().acceptor_key);
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
    end_connection(*idle, idle->extra.read().idle_since_ns, EndReason::kNoRoom);
    connection = connections_.try_create();
  }
  connection->mp_id = next_mp_id_++ & Connection::kMaxMpId;
  connection->start_ns = time_ns;
  connection->tuple = subflow.tuple;
  ControlCounters::set(counters_.connections, connections_.size());
  return connection;
}

/// The same keys under another 4-tuple at about the same time: one subflow, seen on both sides of a NAT or
/// balancer, which leaves at least one end's sequence numbers alone.
///
/// @param token  Of the key answered.
Connection* Correlator::find_twin(const Subflow& subflow, const SynAckBody& answer, Token token, std::uint64_t time_ns) {
  for (const HostRef& candidate : tokens_.find(token)) {
    Connection* connection = connections_.find(candidate.connection);
    if (connection == nullptr || candidate.role != Role::kResponder || connection->subflows.empty()) continue;
    if (connection->version() != answer.version || connection->host(Role::kResponder).key() != answer.key) continue;
    const Subflow* sibling = book_.find(connection->initial());
    if (time_ns - connection->start_ns > options_.join_grace_ns) continue;
    const auto initiator_key = connection->host(Role::kInitiator).key();
    const auto& opener_key = subflow.extra.read().opener_key;
    const bool keys_known = initiator_key && opener_key;
    if (keys_known && *initiator_key != *opener_key) continue;
    const bool same_numbers = sibling != nullptr && (sibling->opener_isn == answer.opener_isn ||
                                                     sibling->acceptor_isn == answer.acceptor_isn);
    if (same_numbers || keys_known) return connection;
  }
  return nullptr;
}

/// Of two sightings of one subflow the one whose SYN came first counts: it is nearer to the opener.
///
/// @param first  The first sighting; nullptr where it has ended, and so counts.
void Correlator::join_twins(Subflow& subflow, Subflow* first, Connection& connection) {
  ControlCounters::add(counters_.twin_subflows);
  if (subflow.extra.is_made()) forget(subflow.extra.make().opener_key);
  if (first != nullptr) subflow.opener_role = first->opener_role;
  if (first == nullptr || subflow.start_ns >= first->start_ns) {
    subflow.become_twin(connection.self);
    return;
  }
  Subflow& sibling = *first;
  subflow.matched_by = sibling.matched_by;
  subflow.hmac_synack = sibling.hmac_synack;
  subflow.hmac_ack = sibling.hmac_ack;
  subflow.place = sibling.place;
  subflow.set_connection(connection.self);
  connection.subflows.set(sibling.place, subflow.handle());
  sibling.become_twin(connection.self);
  if (connection.tuple == sibling.tuple) {
    connection.tuple = subflow.tuple;
    connection.set_start_ns(subflow.start_ns);
  }
}

void Correlator::on_capable_ack(Subflow& subflow, const Record& record) {
  const CapableAckBody& ack = record.capable_ack;
  if (subflow.twin) return;
  if (subflow.midstream && !subflow.has_connection()) {
    subflow.offer = Offer::kCapable;
    subflow.version = ack.version & 0xf;
    make_partial(subflow, record);
  }
  Connection* connection = connection_of(subflow);
  if (connection == nullptr) {
    // Its SYN/ACK comes later, from another tap or worker, or never: this tap hears one direction only.
    if (subflow.state == SubflowState::kAttempted && subflow.offer == Offer::kCapable && !subflow.extra.read().acceptor_key) {
      SubflowExtra& early = subflow.extra.make();
      if (!early.opener_key) early.opener_key = ack.sender_key;
      early.acceptor_key = ack.receiver_key;
      early.early_ack_ns = record.time_ns;
      await_answer(subflow, record.time_ns);
    }
    return;
  }
  if (subflow.matched_by != MatchedBy::kInitial) return;
  if (!connection->version()) connection->set_version(ack.version);
  note_third_ack(subflow, record);
  compare_key(subflow, *connection, subflow.opener_role, ack.sender_key, record);
  compare_key(subflow, *connection, other(subflow.opener_role), ack.receiver_key, record);
  confirm(subflow, *connection, record);
  if (!ack.has_data_len) return;
  connection->dss_seen = true;  // it is a mapping (RFC 8684 3.1)
  connection->data_mapped = true;
  subflow.capable.data_len = ack.data_len;
  Host& host = connection->host(subflow.opener_role);
  if (host.idsn() && host.dsn_high == 0) host.dsn_high = host.idsn()->value + 1 + ack.data_len;
  tell(EventKind::kFirstDss, subflow, record);
}

/// The first third ACK tells how long the handshake took, unless SYN or SYN/ACK were repeated: then it is not known which
/// was answered.
void Correlator::note_third_ack(Subflow& subflow, const Record& record) {
  const std::uint64_t time_ns = record.time_ns;
  if (subflow.third_ack_ns() != 0 || !subflow.syn_seen || subflow.syn_ack_ns() == 0) return;
  subflow.set_third_ack_ns(time_ns);
  subflow.syn_repeated = subflow.syn_repeated || record.has(record_flag::kRepeated);
  if (subflow.syn_repeated || time_ns < subflow.start_ns) return;
  counters_.handshake_rtt_ns.add(time_ns - subflow.start_ns);
  Connection* connection = connection_of(subflow);
  if (connection != nullptr && subflow.matched_by == MatchedBy::kInitial) {
    connection->set_handshake_rtt_ns(time_ns - subflow.start_ns);
  }
}

void Correlator::confirm(const Subflow& subflow, Connection& connection, const Record& record) {
  if (connection.confirmed_ns() != 0 || subflow.matched_by != MatchedBy::kInitial) return;
  connection.set_confirmed_ns(record.time_ns);
  tell(EventKind::kConnectionConfirmed, subflow, record);
}

void Correlator::compare_key(Subflow& subflow, Connection& connection, Role role, Key key, const Record& record) {
  Host& host = connection.host(role);
  if (!host.key()) {
    if (!connection.key_changed(role)) set_key(connection, role, key);
    return;
  }
  if (*host.key() == key || connection.rare_of(role).other_key == key) {
    confirm_key(connection, role);
    return;
  }
  tell_key_change(subflow, connection, role, record);
  if (connection.rare_of(role).other_key || !connection.version()) return;
  // Either may be the one in use: joins are proven by both, and found by both tokens.
  connection.make_rare(role).other_key = key;
  if (const auto digest = try_digest(connection, key)) {
    connection.make_rare(role).other_token = digest->token;
    (void)tokens_.add(digest->token, {connection.self, role});
    recheck_waiting(digest->token, now_ns_);
  }
  confirm_key(connection, role);  // it is one of the two
}

void Correlator::tell_key_change(Subflow& subflow, Connection& connection, Role role, const Record& record) {
  if (connection.key_changed(role)) return;
  connection.set_key_changed(role);
  Event event = event_of(EventKind::kKeyChanged, subflow, &record, record.time_ns);
  event.role = role;
  emit(event);
}

void Correlator::set_key(Connection& connection, Role role, Key key) {
  if (connection.host(role).key() || !connection.version()) return;
  set_key(connection, role, key, try_digest(connection, key));
}

/// @param digest  The key's; none where the budget did not allow it.
void Correlator::set_key(Connection& connection, Role role, Key key, const std::optional<KeyDigest>& digest) {
  Host& host = connection.host(role);
  host.set_key(key);
  if (digest) {
    host.set_idsn(digest->idsn);
    dsns_.prefetch(digest->idsn.value);
    if (!host.token()) register_token(connection, role, digest->token);
    dsns_.add(digest->idsn.value, {connection.self, role});
  }
  if (connection.has_both_keys()) verify_joins_of(connection);
}

/// Token and IDSN of a key of the connection, which remembers where the budget did not allow them.
std::optional<KeyDigest> Correlator::try_digest(Connection& connection, Key key) {
  const auto digest = prover_.try_digest(*connection.version(), key);
  connection.shed = connection.shed || !digest;
  return digest;
}

void Correlator::register_token(Connection& connection, Role role, Token token) {
  connection.host(role).set_token(token);
  tell_token_taken(connection, role, token);
  if (tokens_.add(token, {connection.self, role})) ControlCounters::add(counters_.token_collisions);
  recheck_waiting(token, now_ns_);
}

/// A token must be unique at its host (RFC 8684 section 3.1).
void Correlator::tell_token_taken(const Connection& connection, Role role, Token token) {
  const auto address_of = [](const Connection& of, Role host) {
    return host == Role::kInitiator ? of.tuple.opener().address : of.tuple.acceptor().address;
  };
  for (const HostRef& candidate : tokens_.find(token)) {
    const Connection* known = connections_.find(candidate.connection);
    if (known == nullptr || known == &connection || known->subflows.empty()) continue;
    if (address_of(*known, candidate.role) != address_of(connection, role)) continue;
    const Subflow* subflow = book_.find(connection.initial());
    if (subflow == nullptr) return;
    Event event = event_of(EventKind::kTokenTaken, *subflow, nullptr, std::max(now_ns_, subflow->syn_ack_ns()));
    event.from_opener = role == Role::kInitiator;
    event.role = role;
    event.cause = known->host(candidate.role).key() == connection.host(role).key() ? "key" : "token";
    event.other_start_ns = begin_of(*known);
    emit(event);
    return;
  }
}

/// A connection whose start was not seen; its keys are known only where an ACK repeated them.
void Correlator::make_partial(Subflow& subflow, const Record& record) {
  Connection* connection = try_create(subflow, subflow.start_ns);
  if (connection == nullptr) return;
  ControlCounters::add(counters_.connections_partial);
  connection->partial = true;
  connection->set_confirmed_ns(record.time_ns);
  if (record.kind == RecordKind::kCapableAck) connection->set_version(subflow.version);
  attach(subflow, *connection, Role::kInitiator, MatchedBy::kInitial);
  if (record.kind != RecordKind::kCapableAck) {
    keyless_.add(subflow.tuple.opener().address, {connection->self, Role::kInitiator});
    keyless_.add(subflow.tuple.acceptor().address, {connection->self, Role::kResponder});
  }
  tell(EventKind::kConnectionPartial, subflow, record);
}

void Correlator::end_connection(Connection& connection, std::uint64_t time_ns, EndReason reason) {
  const bool idle = connection.subflows.empty();
  ConnectionClose close = ConnectionClose::kLastSubflowGone;
  if (connection.fast_close) {
    close = ConnectionClose::kFastClose;
  } else if (connection.data_fin(Role::kInitiator) && connection.data_fin(Role::kResponder)) {
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
  ended_tokens_.drop_while([&](std::uint64_t ended_ns) { return ended_ns + options_.linger_ns < time_ns; });
  const bool carried_data = connection.extra.read().ended.all[0].payload_bytes + connection.extra.read().ended.all[1].payload_bytes != 0;
  if (carried_data && !connection.dss_seen && !connection.partial && !is_gapped(connection)) {
    Event fallback{.kind = EventKind::kFallback, .time_ns = time_ns, .tuple = connection.tuple};
    fall_back(connection, Fallback::kNoDss, fallback);
  }
  ControlCounters::add(counters_.connections_closed);
  Event event{.kind = EventKind::kConnectionClosed, .time_ns = time_ns, .tuple = connection.tuple};
  event.connection = &connection;
  event.cause = name_of(close);
  emit(event);
  ConnectionReport report = reporter_.connection_report(connection, time_ns, close);
  ControlCounters::add(counters_.connections_ended[connection.version().value_or(2)][static_cast<std::size_t>(report.outcome)]);
  counters_.subflows_per_connection.add(connection.subflow_count);
  sink_.on_report(std::move(report));
  for (const Role role : {Role::kInitiator, Role::kResponder}) {
    const Host& host = connection.host(role);
    const HostRef self{connection.self, role};
    if (host.token()) {
      tokens_.remove(*host.token(), self);
      ended_tokens_.touch(*host.token()) = time_ns;
    }
    const HostExtra& extra = connection.rare_of(role);
    if (extra.other_token) tokens_.remove(*extra.other_token, self);
    if (host.idsn()) dsns_.remove(host.idsn()->value, self);
    if (extra.noted_dsn) dsns_.remove(*extra.noted_dsn, self);
  }
  connections_.release(connection);
}

}  // namespace mptap

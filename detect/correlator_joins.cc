// Correlator's joins: from the acceptor's answer to the proof.
#include <algorithm>
#include <utility>

#include "detect/correlator.h"

namespace mptap {

/// Finds the connection of an answered join, or lets it wait for one.
void Correlator::settle_join(Subflow& subflow, std::uint64_t time_ns) {
  const JoinMatch match = matcher_.match(subflow);
  if (match.connection == nullptr) {
    if (subflow.waiting) return;
    subflow.waiting = true;
    ControlCounters::set(counters_.joins_waiting, ++joins_waiting_);
    waiting_.add(subflow.self(), subflow.token, time_ns);
    return;
  }
  if (Subflow* sibling = find_twin_join(subflow, *match.connection)) {
    stop_waiting(subflow);
    ControlCounters::add(counters_.joins_matched);
    join_twins(subflow, sibling, *match.connection);
    end_late(subflow);
    return;
  }
  attach(subflow, *match.connection, other(match.acceptor_role), match.matched_by);
  if (match.matched_by == MatchedBy::kAddress && subflow.syn_seen) {
    register_token(*match.connection, match.acceptor_role, subflow.token);  // what the acceptor answered is its token
  }
  prove_join(subflow, *match.connection, time_ns, match.syn_ack);
  end_late(subflow);
}

/// Ends a join that ended while it waited, now that it is settled.
void Correlator::end_late(Subflow& subflow) {
  if (subflow.ended != CloseCause::kNone) close_subflow(subflow, subflow.ended, subflow.extra.read().ended_ns, nullptr);
}

/// Makes the subflow part of the connection. For joins this ends the waiting.
void Correlator::attach(Subflow& subflow, Connection& connection, Role opener_role, MatchedBy matched_by) {
  subflow.opener_role = opener_role;
  subflow.matched_by = matched_by;
  subflow.set_connection(connection.self);
  stop_waiting(subflow);
  const bool is_join = subflow.offer == Offer::kJoin && subflow.state == SubflowState::kEstablished;
  if (is_join) {
    ControlCounters::add(counters_.joins_matched);
    if (!connection.partial && subflow.syn_ack_ns() >= connection.start_ns) {
      counters_.join_latency_ns.add(subflow.syn_ack_ns() - connection.start_ns);
    }
  }
  connections_.stop_idling(connection);
  subflow.place = static_cast<std::uint32_t>(connection.subflows.size());
  connection.subflows.push_back(subflow.handle());
  if (matched_by == MatchedBy::kInitial) connection.initial_lives = true;  // the connection is new: it stands first
  ++connection.subflow_count;
  if (subflow.opener_id()) {
    // NAT: the address that stands behind the ID was advertised as another.
    const auto known = connection.host(opener_role).find(*subflow.opener_id());
    subflow.nat = known && known->advertised && !known->removed && known->address != subflow.tuple.opener().address;
    connection.nat = connection.nat || subflow.nat;
  }
  if (!is_join || subflow.completed || !subflow.syn_seen) note_addresses(subflow, connection);
  if (matched_by == MatchedBy::kInitial && !subflow.opener_id()) {  // a partial one: the IDs of its addresses are 0
    connection.host(opener_role).note_used(AddressId{0}, subflow.tuple.opener().address);
    connection.host(other(opener_role)).note_used(AddressId{0}, subflow.tuple.acceptor().address);
  }
  take_early_addresses(subflow);
  if (is_join) emit(event_of(EventKind::kJoinMatched, subflow, nullptr, std::max(now_ns_, subflow.start_ns)));
}

/// The addresses of a subflow are in use once it is more than an attempt: of a join that is never completed, or whose
/// HMAC is wrong, they are not.
void Correlator::note_addresses(const Subflow& subflow, Connection& connection) {
  Host& opener = connection.host(subflow.opener_role);
  Host& acceptor = connection.host(other(subflow.opener_role));
  if (subflow.opener_id()) opener.note_used(*subflow.opener_id(), subflow.tuple.opener().address);
  if (subflow.acceptor_id()) acceptor.note_used(*subflow.acceptor_id(), subflow.tuple.acceptor().address);
}

/// Looks among the connection's latest subflows only: a twin comes within moments, and an attacker may open many.
Subflow* Correlator::find_twin_join(const Subflow& subflow, const Connection& connection) {
  constexpr std::size_t kLatest = 64;
  const std::size_t first = connection.subflows.size() - std::min(connection.subflows.size(), kLatest);
  for (std::size_t i = first; i < connection.subflows.size(); ++i) {
    Subflow* sibling = book_.find(connection.subflows[i]);
    if (sibling != nullptr && sibling != &subflow && sibling->offer == Offer::kJoin && sibling->syn_seen &&
        subflow.syn_seen && sibling->token == subflow.token && sibling->opener_nonce == subflow.opener_nonce &&
        sibling->acceptor_nonce == subflow.acceptor_nonce) {
      return sibling;
    }
  }
  return nullptr;
}

/// Takes the subflow out of its connection's list; the last one takes its place.
void Correlator::detach(const Subflow& subflow, Connection& connection) {
  if (subflow.place >= connection.subflows.size() || connection.subflows[subflow.place] != subflow.handle()) return;
  connection.subflows.set(subflow.place, connection.subflows.back());
  if (Subflow* moved = book_.find(connection.subflows[subflow.place])) moved->place = subflow.place;
  connection.subflows.pop_back();
  if (subflow.place == 0) connection.initial_lives = false;
}

void Correlator::stop_waiting(Subflow& subflow) {
  if (!subflow.waiting) return;
  subflow.waiting = false;
  ControlCounters::set(counters_.joins_waiting, --joins_waiting_);
}

void Correlator::recheck_waiting(Token token, std::uint64_t time_ns) {
  for (const SubflowRef& ref : waiting_.take(token)) {
    Subflow* subflow = book_.find(ref);
    if (subflow != nullptr && subflow->waiting) settle_join(*subflow, time_ns);
  }
}

void Correlator::give_up(const WaitingJoins::Due& due) {
  Subflow* subflow = book_.find(due.join);
  if (subflow == nullptr || !subflow->waiting) return;
  settle_join(*subflow, due.deadline_ns);  // an address may have been advertised meanwhile
  if (!subflow->waiting) return;
  stop_waiting(*subflow);
  tell_unknown(*subflow, std::min(due.deadline_ns, now_ns_));
  end_late(*subflow);
}

/// Nothing is told where the SYN was not seen, whose token says what is meant, or where the connection meant has ended
/// meanwhile.
void Correlator::tell_unknown(const Subflow& subflow, std::uint64_t time_ns) {
  ControlCounters::add(counters_.joins_unknown);
  const bool ended = !tokens_.contains(subflow.token) && ended_tokens_.find(subflow.token) != nullptr;
  if (!subflow.syn_seen || ended) return;
  Event event = event_of(EventKind::kJoinUnknown, subflow, nullptr, time_ns);
  event.from_opener = false;  // the acceptor's answer is what makes it one
  emit(event);
}

void Correlator::on_join_ack(Subflow& subflow, const Record& record) {
  const bool settled = subflow.hmac_synack != Proof::kUnverified && subflow.hmac_ack != Proof::kUnverified;
  if (!settled) subflow.extra.make().ack_hmac = record.join_ack.hmac;
  subflow.has_ack_hmac = true;
  note_third_ack(subflow, record);
  Connection* connection = connection_of(subflow);
  if (connection != nullptr && !subflow.twin) prove_join(subflow, *connection, record.time_ns);
  if (subflow.state == SubflowState::kAttempted && subflow.syn_seen) await_answer(subflow, record.time_ns);
  tell_completed(subflow, record.time_ns);
}

/// The opener went on as if it had been answered: perhaps this tap hears one direction only.
void Correlator::await_answer(const Subflow& subflow, std::uint64_t time_ns) {
  if (unanswered_.size() >= options_.max_waiting_joins) return;  // it stays an attempt
  unanswered_.push_back({subflow.self(), std::max(time_ns, now_ns_) + options_.join_grace_ns});
}

/// Takes the opener's word for what the acceptor answered: keys, or a token. Nothing of it is proven.
void Correlator::settle_one_sided(Subflow& subflow) {
  Connection* connection = nullptr;
  if (subflow.offer == Offer::kCapable && subflow.extra.read().acceptor_key && connections_.size() < options_.max_connections / 2) {
    connection = try_create(subflow, subflow.start_ns);
    if (connection == nullptr) return;
    ControlCounters::add(counters_.connections_partial);
    connection->partial = true;
    connection->one_sided = true;
    connection->set_confirmed_ns(subflow.start_ns);
    connection->set_version(subflow.version);
    subflow.state = SubflowState::kPartial;
    attach(subflow, *connection, Role::kInitiator, MatchedBy::kInitial);
    emit(event_of(EventKind::kConnectionPartial, subflow, nullptr, std::max(now_ns_, subflow.start_ns)));
    set_key(*connection, Role::kResponder, *subflow.extra.read().acceptor_key);
    note_handshake(subflow, *connection);
  } else if (subflow.offer == Offer::kJoin && subflow.has_ack_hmac) {
    const HostRef meant = matcher_.guess(subflow.token, subflow.tuple.acceptor().address);
    connection = connections_.find(meant.connection);
    if (connection == nullptr) return;
    subflow.state = SubflowState::kPartial;
    connection->one_sided = true;
    attach(subflow, *connection, other(meant.role), MatchedBy::kToken);
    subflow.unverified = Unverified::kHandshake;
  }
}

/// A join is complete once: SYN, SYN/ACK and an ACK whose HMAC is not known to be wrong were seen.
void Correlator::tell_completed(Subflow& subflow, std::uint64_t time_ns) {
  const bool complete = subflow.syn_seen && subflow.state == SubflowState::kEstablished && subflow.has_ack_hmac;
  const bool in_doubt = subflow.hmac_ack == Proof::kUnverified && subflow.unverified == Unverified::kDoubt;
  if (!complete || subflow.completed || subflow.hmac_ack == Proof::kInvalid || in_doubt) return;
  subflow.completed = true;
  if (Connection* connection = connection_of(subflow)) note_addresses(subflow, *connection);
  Event event = event_of(EventKind::kJoinCompleted, subflow, nullptr, time_ns);
  event.attempt_ns = subflow.start_ns;
  emit(event);
}

/// Verifies what is not verified yet; each HMAC is counted once, and a wrong one told.
///
/// @param syn_ack  What finding the connection has shown already.
void Correlator::prove_join(Subflow& subflow, Connection& connection, std::uint64_t time_ns, Verdict syn_ack) {
  const Role acceptor_role = other(subflow.opener_role);
  if (subflow.hmac_synack == Proof::kUnverified) {
    if (syn_ack.proof == Proof::kUnverified) syn_ack = prover_.verify_syn_ack(connection, acceptor_role, subflow);
    settle_proof(subflow, HmacKind::kJoinSynAck, syn_ack, time_ns);
  }
  if (subflow.hmac_ack == Proof::kUnverified && subflow.has_ack_hmac) {
    const Verdict ack = prover_.verify_ack(connection, acceptor_role, subflow);
    settle_proof(subflow, HmacKind::kJoinAck, ack, time_ns);
  }
  if (subflow.hmac_synack == Proof::kValid && subflow.matched_by == MatchedBy::kToken) {
    subflow.matched_by = MatchedBy::kHmac;
  }
  if (subflow.unverified == Unverified::kDoubt) note_doubt(connection);
  if (subflow.hmac_synack == Proof::kUnverified || subflow.hmac_ack == Proof::kUnverified) return;
  subflow.settle();
  const bool is_right = subflow.hmac_synack == Proof::kValid && subflow.hmac_ack == Proof::kValid;
  if (is_right && proven_ != nullptr) proven_->note(subflow.tuple.opener().address, time_ns);
}

void Correlator::settle_proof(Subflow& subflow, HmacKind kind, const Verdict& found, std::uint64_t time_ns) {
  if (found.proof == Proof::kUnverified) {
    const Connection* connection = connection_of(subflow);
    const bool shed = connection != nullptr && connection->shed && found.why == Unverified::kKeys;
    subflow.unverified = shed ? Unverified::kBudget : found.why;
    return;
  }
  if (kind == HmacKind::kJoinAck || subflow.unverified == Unverified::kDoubt) subflow.unverified = Unverified::kNone;
  const Proof proof = found.proof;
  if (kind == HmacKind::kJoinAck) {
    subflow.hmac_ack = proof;
  } else {
    subflow.hmac_synack = proof;
  }
  ControlCounters::add(counters_.hmacs[static_cast<std::size_t>(kind)][static_cast<std::size_t>(proof)]);
  ControlCounters::add(proof == Proof::kValid ? counters_.hmac_valid : counters_.hmac_invalid);
  if (proof == Proof::kValid) return;
  Event event = event_of(EventKind::kJoinDisproved, subflow, nullptr, time_ns);
  event.from_opener = kind == HmacKind::kJoinAck;
  event.cause = event.from_opener ? "ack" : "syn_ack";
  emit(event);
}

/// The second key came after joins did: what could not be verified then can be now.
void Correlator::verify_joins_of(Connection& connection) {
  for (const SubflowHandle ref : connection.subflows) {
    Subflow* subflow = book_.find(ref);
    if (subflow == nullptr || subflow->offer != Offer::kJoin) continue;
    prove_join(*subflow, connection, std::max(now_ns_, subflow->syn_ack_ns()));
    tell_completed(*subflow, std::max(now_ns_, subflow->syn_ack_ns()));
  }
}

}  // namespace mptap

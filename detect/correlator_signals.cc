// Correlator's signals: options of established subflows that speak of addresses, priorities and ends.
#include <algorithm>
#include <utility>

#include "detect/correlator.h"

namespace mptap {
namespace {

/// Tells one ADD_ADDR from another without keeping it.
std::uint32_t mark_of(const AddAddrBody& add) {
  std::uint64_t mark = mix64(std::uint64_t{add.address_id.value} << 16 | add.port);
  for (const std::uint8_t byte : add.address.bytes) mark = mix64(mark ^ byte);
  for (const std::uint8_t byte : add.hmac) mark = mix64(mark ^ byte);
  return static_cast<std::uint32_t>(mark) | 1u;
}

/// The ID under which the host of `role` has its end of the subflow.
std::optional<AddressId> id_of(const Subflow& subflow, Role role) {
  return role == subflow.opener_role ? subflow.opener_id() : subflow.acceptor_id();
}

/// @return False where it has kept as many as it may.
bool try_keep_address(Subflow& subflow, const Record& record) {
  if (subflow.extra.read().early_addresses.size() >= Subflow::kMaxEarly) return false;
  subflow.extra.make().early_addresses.push_back(record);
  return true;
}

}  // namespace

/// Takes up the ADD_ADDRs that waited until more is known.
void Correlator::take_early_addresses(Subflow& subflow) {
  if (subflow.extra.read().early_addresses.empty()) return;
  for (const Record& early : std::exchange(subflow.extra.make().early_addresses, {})) on_add_addr(subflow, early);
}

void Correlator::on_add_addr(Subflow& subflow, const Record& record) {
  const AddAddrBody& add = record.add_addr;
  Connection* connection = connection_of(subflow);
  if (subflow.twin) return;
  if (connection == nullptr) {
    if (!add.echo) try_keep_address(subflow, record);
    return;
  }
  if (add.echo) {
    tell(EventKind::kAddressEchoed, subflow, record);
    return;
  }
  const Role role = subflow.role_of(record.from_opener());
  Event event = event_of(EventKind::kAddressAdvertised, subflow, &record, record.time_ns);
  event.role = role;
  subflow.address_proof = Proof::kUnverified;
  if (subflow.extra.is_made()) subflow.extra.make().address_form = "";
  if (add.version == 1) {
    const Verdict verdict = prover_.verify_address(*connection, role, add);
    subflow.address_proof = verdict.proof;
    if (*verdict.form != 0) subflow.make_rare().address_form = verdict.form;
    if (verdict.why == Unverified::kDoubt && !judging_ && try_keep_address(subflow, record)) {
      note_doubt(*connection);
      return;
    }
    event.proof = verdict.proof;
    ControlCounters::add(counters_.hmacs[static_cast<std::size_t>(HmacKind::kAddAddr)][static_cast<std::size_t>(event.proof)]);
    if (event.proof == Proof::kValid) ControlCounters::add(counters_.hmac_valid);
    if (event.proof == Proof::kInvalid) ControlCounters::add(counters_.hmac_invalid);
  }
  if (event.proof == Proof::kInvalid) {  // forged: it changes nothing
    if (const std::uint32_t mark = mark_of(add); subflow.extra.read().bad_address_mark != mark) {
      subflow.make_rare().bad_address_mark = mark;
      emit(event);
    }
    const Endpoint& forger = event.from_opener ? event.tuple.opener : event.tuple.acceptor;
    if (wrong_addresses_ != nullptr && !policy_.allows(forger.address)) wrong_addresses_->on_wrong_address(event);
    return;
  }
  // Without a port the address is meant with that of the subflow that tells it (RFC 8684 3.4.1).
  const Endpoint& sender = record.from_opener() ? subflow.tuple.opener() : subflow.tuple.acceptor();
  event.change = connection->host(role).advertise(add.address_id, add.address, add.has_port ? add.port : sender.port,
                                                  event.previous_address);
  if (!connection->host(role).token()) keyless_.add(add.address, {connection->self, role});
  emit(event);
}

void Correlator::on_remove_addr(Subflow& subflow, const Record& record) {
  Connection* connection = connection_of(subflow);
  if (connection == nullptr || subflow.twin) return;
  const Role role = subflow.role_of(record.from_opener());
  Host& host = connection->host(role);
  const RemoveAddrBody& remove = record.remove_addr;
  const auto* const end = remove.address_ids.begin() + remove.count;
  for (const auto* id = remove.address_ids.begin(); id != end; ++id) host.remove(AddressId{*id}, record.time_ns);
  for (std::size_t i = 0; i < std::min(connection->subflows.size(), kMaxLooks); ++i) {
    Subflow* path = book_.find(connection->subflows[i]);
    if (path == nullptr || path->extra.read().removed_ns != 0) continue;
    const auto id = id_of(*path, role);
    if (!id || std::find(remove.address_ids.begin(), end, id->value) == end) continue;
    path->make_rare().removed_ns = record.time_ns;
    path->make_rare().removed_id = *id;
  }
  Event event = event_of(EventKind::kAddressesRemoved, subflow, &record, record.time_ns);
  event.role = role;
  emit(event);
}

/// The row keeps the backup flag of the handshake; MP_PRIO is told beside it. An MP_PRIO with an address ID (v0)
/// speaks of the paths from that address, without one of the path that carries it (RFC 8684 section 3.3.8).
void Correlator::on_prio(Subflow& subflow, const Record& record) {
  const Role role = subflow.role_of(record.from_opener());
  Connection* connection = connection_of(subflow);
  const PrioBody& prio = record.prio;
  const auto own_id = id_of(subflow, role);
  const bool other_path = prio.has_address_id && own_id && *own_id != prio.address_id;
  const auto turn = [&](Subflow& path) {
    const bool from_opener = path.opener_role == role;
    path.set_low_priority(from_opener ? 0 : 1, prio.backup);
    SubflowExtra& rare = path.make_rare();
    rare.prio_ns[from_opener ? 0 : 1] = record.time_ns;
    if (rare.priority_changes.size() >= SubflowReport::kMaxPriorityChanges) return;
    const std::uint64_t after_ns = record.time_ns > path.start_ns ? record.time_ns - path.start_ns : 0;
    rare.priority_changes.push_back({after_ns, from_opener, prio.backup});
  };
  if (!other_path) turn(subflow);
  if (other_path && connection != nullptr) {
    for (std::size_t i = 0; i < std::min(connection->subflows.size(), kMaxLooks); ++i) {
      Subflow* path = book_.find(connection->subflows[i]);
      if (path != nullptr && id_of(*path, role) == prio.address_id) turn(*path);
    }
  }
  Event event = event_of(EventKind::kPriorityChanged, subflow, &record, record.time_ns);
  event.role = role;
  event.other_address_id = other_path;
  if (connection != nullptr) event.priority = count_priorities(*connection, role, record.time_ns);
  emit(event);
}

PriorityCount Correlator::count_priorities(const Connection& connection, Role role, std::uint64_t time_ns) {
  constexpr std::uint64_t kRecentNs = 10 * kNsPerSecond;
  PriorityCount count;
  for (std::size_t i = 0; i < std::min(connection.subflows.size(), kMaxLooks); ++i) {
    const Subflow* path = book_.find(connection.subflows[i]);
    if (path == nullptr || path->state != SubflowState::kEstablished || path->ended != CloseCause::kNone) continue;
    const std::size_t end = path->opener_role == role ? 0 : 1;
    ++count.live;
    if (path->backup || path->low_priority(end)) ++count.backup;
    if (path->low_priority(end) && time_ns - path->extra.read().prio_ns[end] <= kRecentNs) ++count.turned;
  }
  return count;
}

void Correlator::on_fail(Subflow& subflow, const Record& record) {
  const Event event = event_of(EventKind::kFail, subflow, &record, record.time_ns);
  emit(event);
  Connection* connection = connection_of(subflow);
  if (connection == nullptr) return;
  connection->fail_seen = true;
  // With other subflows left, the one that failed is given up and the connection goes on (RFC 8684 section 3.7).
  if (connection->subflows.size() == 1) fall_back(*connection, Fallback::kFail, event);
}

void Correlator::on_fast_close(Subflow& subflow, const Record& record) {
  Connection* connection = connection_of(subflow);
  Event event = event_of(EventKind::kFastClose, subflow, &record, record.time_ns);
  event.role = subflow.role_of(record.from_opener());
  if (connection != nullptr) {
    const Host& receiver = connection->host(other(event.role));
    const Key key = record.fast_close.receiver_key;
    if (receiver.key()) event.proof = receiver.key() == key || connection->rare_of(other(event.role)).other_key == key ? Proof::kValid : Proof::kInvalid;
    if (event.proof != Proof::kInvalid) connection->fast_close = true;
  }
  emit(event);
}

void Correlator::on_reset(Subflow& subflow, const Record& record) {
  if (record.reset.has_reason) subflow.make_rare().reset_reason = record.reset.reason;
  if (record.reset.before_answer && !record.from_opener() && subflow.state == SubflowState::kAttempted) {
    const bool is_join = subflow.offer == Offer::kJoin;
    subflow.state = is_join ? SubflowState::kRefused : SubflowState::kReset;
    if (is_join) ControlCounters::add(counters_.subflows_refused);
    Event event = event_of(EventKind::kRefused, subflow, &record, record.time_ns);
    event.token_known = is_join && is_known(subflow.token);
    emit(event);
  }
  tell(EventKind::kReset, subflow, record);
}

/// Malformed options are told whether their subflow is known or not; a slot that is not is no stale record.
void Correlator::on_malformed(std::size_t worker, const Record& record) {
  Subflow* subflow = record.slot == Record::kNoSlot
                         ? nullptr
                         : book_.find({static_cast<std::uint16_t>(worker), record.generation, record.slot});
  Event event{.kind = EventKind::kMalformed, .time_ns = record.time_ns, .tuple = record.malformed.tuple()};
  if (subflow != nullptr) event = event_of(EventKind::kMalformed, *subflow, &record, record.time_ns);
  event.record = &record;
  event.from_opener = record.from_opener();
  if (record.malformed.error != OptionError::kOk) emit(event);
  if (!reporter_.wants_events()) return;
  Subflow stranger;
  stranger.tuple = event.tuple;
  reporter_.tell_record(record, subflow != nullptr ? *subflow : stranger,
                        subflow != nullptr ? connection_of(*subflow) : nullptr, sink_);
}

void Correlator::on_anomaly(Subflow& subflow, const Record& record) {
  const Event event = event_of(EventKind::kAnomaly, subflow, &record, record.time_ns);
  emit(event);
  Connection* connection = connection_of(subflow);
  if (connection == nullptr || record.anomaly.kind != Anomaly::kInfiniteMapping) return;
  fall_back(*connection, Fallback::kInfiniteMapping, event);
}

/// The first cause counts.
void Correlator::fall_back(Connection& connection, Fallback cause, const Event& event) {
  if (connection.fallback != Fallback::kNone) return;
  connection.fallback = cause;
  ControlCounters::add(counters_.fallbacks[static_cast<std::size_t>(cause)]);
  Event told = event;
  told.kind = EventKind::kFallback;
  told.connection = &connection;
  told.cause = name_of(cause);
  emit(told);
}

}  // namespace mptap

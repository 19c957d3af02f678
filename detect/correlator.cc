#include "detect/correlator.h"

#include <algorithm>
#include <utility>

namespace mptap {
namespace {

/// What an end sends only once it has the third ACK, or has sent it.
bool shows_life(RecordKind kind) {
  return kind == RecordKind::kAddAddr || kind == RecordKind::kRemoveAddr || kind == RecordKind::kPrio ||
         kind == RecordKind::kDataFin;
}

/// A join of which nothing came: an HMAC is wrong, or the opener never went on.
bool came_to_nothing(const Subflow& subflow, const Record* record) {
  if (subflow.offer != Offer::kJoin) return false;
  const bool half_open = record != nullptr && record->kind == RecordKind::kClosed && record->closed.half_open;
  return half_open || subflow.hmac_synack == Proof::kInvalid || subflow.hmac_ack == Proof::kInvalid;
}

}  // namespace

Correlator::Correlator(const CorrelatorOptions& options, const DetectorOptions& detectors, const NoticeOptions& notices,
                       std::size_t workers, std::uint64_t seed, ReportSink& sink, ControlCounters& counters)
    : options_(options),
      sink_(sink),
      counters_(counters),
      book_(workers),
      connections_(options),
      tokens_(connections_, mix64(seed + 1)),
      keyless_(connections_, mix64(seed + 2)),
      dsns_(connections_, mix64(seed + 6)),
      prover_(crypto_, counters, options.crypto_per_second),
      waiting_(options.max_waiting_joins, options.join_grace_ns, mix64(seed + 3)),
      matcher_(connections_, tokens_, keyless_, prover_),
      reporter_(mix64(seed + 4)),
      detectors_(make_detectors(detectors, mix64(seed + 5), counters)),
      policy_(detectors, notices, mix64(seed + 8), counters),
      evidence_(options.evidence, book_, connections_, sink, counters),
      speakers_(kMaxSpeakers, EndpointHash(mix64(seed + 7))),
      ended_tokens_(kMaxEnded, TokenHash(mix64(seed + 9))) {
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
    for (const auto& detector : detectors_) {
      if (detector->kinds().has(static_cast<EventKind>(kind))) watchers_[kind].push_back(detector.get());
    }
  }
}

Correlator::~Correlator() = default;

void Correlator::prefetch(std::size_t worker, std::span<const Record> records) {
  for (const Record& record : records) book_.prefetch(worker, record.slot);
  for (const Record& record : records) {
    if (const Subflow* subflow = book_.peek(worker, record.slot)) connections_.prefetch(subflow->connection_index());
  }
  for (const Record& record : records) {
    if (record.kind == RecordKind::kClosed) prefetch_indexes(worker, record);
  }
}

/// Where the subflow is the last one, its connection leaves the indexes.
void Correlator::prefetch_indexes(std::size_t worker, const Record& record) {
  const Subflow* subflow = book_.peek(worker, record.slot);
  const Connection* connection = subflow != nullptr ? connection_of(*subflow) : nullptr;
  if (connection == nullptr || connection->subflows.size() > 1) return;
  for (const Host& host : connection->hosts) {
    if (host.idsn()) dsns_.prefetch(host.idsn()->value);
    if (!host.token()) continue;
    tokens_.prefetch(*host.token());
    ended_tokens_.prefetch(*host.token());
  }
}

void Correlator::on_record(std::size_t worker, const Record& record) {
  ControlCounters::add(counters_.records_taken);
  if (record.kind == RecordKind::kOpened) {
    on_opened(worker, record);
    return;
  }
  if (record.kind == RecordKind::kJoinNotStored) {
    on_join_not_stored(record);
    return;
  }
  if (record.slot == Record::kNoSlot || record.kind == RecordKind::kMalformed) {
    on_malformed(worker, record);
    return;
  }
  Subflow* subflow = book_.find({static_cast<std::uint16_t>(worker), record.generation, record.slot});
  if (subflow == nullptr) {
    ControlCounters::add(counters_.records_stale);
    return;
  }
  if (shows_life(record.kind)) {
    if (Connection* connection = connection_of(*subflow)) confirm(*subflow, *connection, record);
  }
  switch (record.kind) {
    case RecordKind::kSynAck: on_syn_ack(*subflow, record); break;
    case RecordKind::kCapableAck: on_capable_ack(*subflow, record); break;
    case RecordKind::kJoinAck: on_join_ack(*subflow, record); break;
    case RecordKind::kFirstDss: on_first_dss(*subflow, record); break;
    case RecordKind::kAddAddr: on_add_addr(*subflow, record); break;
    case RecordKind::kRemoveAddr: on_remove_addr(*subflow, record); break;
    case RecordKind::kPrio: on_prio(*subflow, record); break;
    case RecordKind::kFail: on_fail(*subflow, record); break;
    case RecordKind::kFastClose: on_fast_close(*subflow, record); break;
    case RecordKind::kDataFin: on_data_fin(*subflow, record); break;
    case RecordKind::kReset: on_reset(*subflow, record); break;
    case RecordKind::kFin: tell(EventKind::kFin, *subflow, record); break;
    case RecordKind::kCounters: on_counters(*subflow, record); break;
    case RecordKind::kAnomaly: on_anomaly(*subflow, record); break;
    case RecordKind::kClosed:
      close_subflow(*subflow, record.closed.cause, record.closed.last_seen_ns, &record);
      return;
    case RecordKind::kMalformed:
    case RecordKind::kDss:
    case RecordKind::kOption:
    case RecordKind::kNone:
    case RecordKind::kOpened:
    case RecordKind::kJoinNotStored: break;
  }
  if (reporter_.wants_events()) reporter_.tell_record(record, *subflow, connection_of(*subflow), sink_);
}

/// A SYN; or, under a generation that is known, the SYN of a subflow whose SYN/ACK came first.
void Correlator::on_opened(std::size_t worker, const Record& record) {
  const SubflowRef ref{static_cast<std::uint16_t>(worker), record.generation, record.slot};
  Subflow& subflow = book_.at(worker, record.slot);
  const bool known = book_.find(ref) != nullptr;
  if (subflow.in_use && !known) close_subflow(subflow, CloseCause::kReplaced, record.time_ns, nullptr);
  if (!known) {
    subflow = Subflow{ref};
    subflow.tuple = record.opened.tuple();
    subflow.start_ns = record.time_ns;
    subflow.midstream = record.has(record_flag::kMidstream);
    if (subflow.midstream) subflow.state = SubflowState::kPartial;
  }
  if (record.has(record_flag::kSynSeen)) {
    if (!known) subflow.set_counts(0, {.segments = 1});
    note_syn(subflow, record);
  }
  if (reporter_.wants_events()) reporter_.tell_record(record, subflow, nullptr, sink_);
  if (!known || !subflow.syn_seen) return;
  // The answer has been processed already: what it lacked is here now.
  if (Connection* connection = connection_of(subflow)) {
    if (subflow.matched_by == MatchedBy::kInitial) note_handshake(subflow, *connection);
  } else if (subflow.waiting) {
    settle_join(subflow, record.time_ns);
  }
}

void Correlator::note_syn(Subflow& subflow, const Record& record) {
  const SynOption& syn = record.opened.syn;
  // Its answer came first and says otherwise: this is not the SYN that was answered.
  if (subflow.state == SubflowState::kEstablished && syn.offer != subflow.offer) return;
  subflow.syn_seen = true;
  subflow.offer = syn.offer;
  subflow.version = syn.version & 0xf;
  if (syn.offer == Offer::kCapable) {
    subflow.capable.syn_flags = syn.flags;
    if (syn.version == 0) subflow.extra.make().opener_key = syn.key();
    emit(event_of(EventKind::kCapableAttempt, subflow, &record, record.time_ns));
  } else if (syn.offer == Offer::kJoin) {
    subflow.token = syn.token();
    subflow.opener_nonce = syn.nonce();
    subflow.set_opener_id(syn.address_id);
    subflow.backup = subflow.backup || syn.flags != 0;
    if (record.has(record_flag::kToldBefore)) return;
    Event event = event_of(EventKind::kJoinAttempt, subflow, &record, record.time_ns);
    if (record.has(record_flag::kSampledOut)) event.stands_for = 0;
    tell_join_attempt(event, subflow.token);
  }
}

void Correlator::on_join_not_stored(const Record& record) {
  Event event{.kind = EventKind::kJoinAttempt, .time_ns = record.time_ns, .tuple = record.not_stored.tuple()};
  event.record = &record;
  event.stands_for = record.not_stored.stands_for;
  tell_join_attempt(event, record.not_stored.token);
}

/// Says what the token alone tells of the connection that is meant.
void Correlator::tell_join_attempt(Event event, Token token) {
  const HostRef meant = matcher_.guess(token, event.tuple.acceptor.address);
  event.token_known = is_known(token);
  event.connection = connections_.find(meant.connection);
  event.role = meant.role;
  emit(event);
}

void Correlator::close_subflow(Subflow& subflow, CloseCause cause, std::uint64_t end_ns, const Record* record) {
  if (subflow.waiting && subflow.ended == CloseCause::kNone && record != nullptr && cause != CloseCause::kExit) {
    // It ended before its grace time did, and its handshake may still come.
    subflow.ended = cause;
    subflow.extra.make().ended_ns = end_ns;
    return;
  }
  if (subflow.ended != CloseCause::kNone) {
    cause = subflow.ended;
    end_ns = subflow.extra.read().ended_ns;
  }
  if (subflow.waiting) {
    stop_waiting(subflow);
    tell_unknown(subflow, end_ns);
  }
  if (subflow.state == SubflowState::kAttempted) settle_one_sided(subflow);
  Connection* connection = connection_of(subflow);
  if (connection != nullptr && connection->in_doubt) settle_doubt(*connection);
  if (subflow.state == SubflowState::kAttempted) {
    ControlCounters::add(counters_.subflows_attempted);
    if (subflow.offer == Offer::kJoin) ControlCounters::add(counters_.joins_attempted);
  }
  if (!subflow.twin) {
    Event event = event_of(EventKind::kSubflowClosed, subflow, record, end_ns);
    event.cause = name_of(cause);
    if (connection != nullptr) event.reported_since_ns = reported_since(*connection);
    emit(event);
    if (subflow.state == SubflowState::kEstablished && subflow.offer == Offer::kJoin) {
      for (const auto& [kind, proof] : {std::pair{HmacKind::kJoinSynAck, Proof{subflow.hmac_synack}},
                                        std::pair{HmacKind::kJoinAck, Proof{subflow.hmac_ack}}}) {
        if (proof == Proof::kUnverified) ControlCounters::add(counters_.hmacs[static_cast<std::size_t>(kind)][0]);
      }
    }
    sink_.on_report(reporter_.subflow_report(subflow, connection, cause, end_ns));
  }
  if (connection != nullptr && !subflow.twin) {
    add_to_sums(subflow, *connection);
    if (came_to_nothing(subflow, record)) connection->uncount_join();
    connection->last_close = cause;
    connection->set_reset_reason(subflow.extra.read().reset_reason);
    end_ns = std::max(end_ns, connection->extra.read().idle_since_ns);
    connection->extra.make().idle_since_ns = end_ns;
    detach(subflow, *connection);
    const bool ended = connection->fast_close || (connection->data_fin(Role::kInitiator) && connection->data_fin(Role::kResponder));
    if (connection->subflows.empty() && ended) {
      end_connection(*connection, end_ns, EndReason::kDue);
    } else if (connection->subflows.empty()) {
      connections_.start_idling(*connection, end_ns);
    }
  }
  ControlCounters::add(counters_.subflows_ended);
  forget_keys(subflow);
  subflow = Subflow{};
}

void Correlator::add_to_sums(const Subflow& subflow, Connection& connection) const {
  EndedSums& sums = connection.extra.make().ended;
  for (const bool from_opener : {true, false}) {
    const std::size_t end = from_opener ? 0 : 1;
    const auto role = static_cast<std::size_t>(subflow.role_of(from_opener));
    const SubflowCounts counts = subflow.counts(end);
    sums.all[role].segments += counts.segments;
    sums.all[role].payload_bytes += counts.payload_bytes;
    sums.all[role].mapped_bytes += counts.mapped_bytes;
    sums.most_mapped[role] = std::max(sums.most_mapped[role], counts.mapped_bytes);
  }
}

void Correlator::advance(std::uint64_t now_ns) {
  constexpr std::uint64_t kDetectorStepNs = 10 * kNsPerMillisecond;
  now_ns_ = std::max(now_ns_, now_ns);
  prover_.advance(now_ns_);
  ControlCounters::set(counters_.time_ns, now_ns_);
  while (!unanswered_.empty() && unanswered_.front().deadline_ns <= now_ns_) {
    Subflow* subflow = book_.find(unanswered_.front().subflow);
    unanswered_.pop_front();
    if (subflow != nullptr && subflow->state == SubflowState::kAttempted) settle_one_sided(*subflow);
  }
  while (!doubts_.empty() && doubts_.front().deadline_ns <= now_ns_) {
    Connection* connection = connections_.find(doubts_.front().connection);
    doubts_.pop_front();
    if (connection != nullptr && connection->in_doubt) settle_doubt(*connection);
  }
  if (now_ns_ >= detectors_due_ns_) {
    detectors_due_ns_ = now_ns_ + kDetectorStepNs;
    for (const auto& detector : detectors_) detector->advance(now_ns_, *this);
  }
  while (const auto due = waiting_.next_due(now_ns_)) give_up(*due);
  evidence_.advance(now_ns_);
  for (Connection* idle = connections_.oldest_idle();
       idle != nullptr && idle->extra.read().idle_since_ns + options_.linger_ns <= now_ns_; idle = connections_.oldest_idle()) {
    end_connection(*idle, idle->extra.read().idle_since_ns, EndReason::kDue);
  }
  ControlCounters::set(counters_.connections, connections_.size());
}

void Correlator::finish() {
  while (const auto due = waiting_.next_due(~std::uint64_t{0})) give_up(*due);
  book_.for_each([this](Subflow& subflow) { close_subflow(subflow, CloseCause::kExit, now_ns_, nullptr); });
  std::vector<Connection*> left;
  connections_.for_each([&left](Connection& connection) { left.push_back(&connection); });
  std::sort(left.begin(), left.end(), [](const auto* a, const auto* b) { return a->mp_id < b->mp_id; });
  for (Connection* connection : left) end_connection(*connection, connection->extra.read().idle_since_ns, EndReason::kExit);
  for (const auto& detector : detectors_) detector->finish(*this);
  evidence_.finish();
  ControlCounters::set(counters_.connections, connections_.size());
}

Event Correlator::event_of(EventKind kind, const Subflow& subflow, const Record* record, std::uint64_t time_ns) {
  Event event{.kind = kind, .time_ns = time_ns, .tuple = subflow.tuple};
  event.subflow = &subflow;
  event.connection = connection_of(subflow);
  event.record = record;
  if (record != nullptr) event.from_opener = record->from_opener();
  return event;
}

void Correlator::emit(const Event& event) {
  // Of a twin its SYN was counted before it was known to be one; so its completion counts, and nothing else.
  if (event.subflow == nullptr || !event.subflow->twin || event.kind == EventKind::kJoinCompleted) {
    for (Detector* watcher : watchers_[static_cast<std::size_t>(event.kind)]) watcher->on_event(event, *this);
  }
  if (reporter_.wants_events()) reporter_.tell_event(event, sink_);
}

/// An event that says no more than its record, made only where somebody looks.
void Correlator::tell(EventKind kind, const Subflow& subflow, const Record& record) {
  if (is_wanted(kind)) emit(event_of(kind, subflow, &record, record.time_ns));
}

/// What was held back once is not told later: whether it is so will never be known.
void Correlator::on_absence(Notice&& notice, std::uint64_t since_ns) {
  if (gaps_.is_whole_since(since_ns)) return on_notice(std::move(notice));
  ControlCounters::add(counters_.notices_raised);
  ControlCounters::add(counters_.notices_held);
}

void Correlator::on_notice(Notice&& notice) {
  ControlCounters::add(counters_.notices_raised);
  if (!policy_.admit(notice)) return;
  evidence_.on_notice(notice);
  if (notice.connection) notice.connection = reporter_.name_of(notice.connection->mp_id);
  if (notice.source && notice.destination && notice.source->port != 0 && notice.destination->port != 0) {
    notice.community_id = Crypto::derive_community_id({*notice.source, *notice.destination});
  }
  sink_.on_report(std::move(notice));
}

}  // namespace mptap

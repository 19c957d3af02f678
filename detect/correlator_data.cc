// Correlator's data: what mappings, data ACKs and counters tell of a connection.
#include <algorithm>
#include <array>
#include <utility>

#include "detect/correlator.h"

namespace mptap {
namespace {

/// Moves a 64-bit number forward, never back; 0 is unset.
void raise(std::uint64_t& high, std::uint64_t value) {
  if (value != 0 && (high == 0 || Dsn{high}.before(Dsn{value}))) high = value;
}

/// Whether something was acknowledged that no mapping seen has sent. Only from then on it matters when subflows report.
bool is_acked_beyond(const Connection& connection) {
  return std::any_of(connection.hosts.begin(), connection.hosts.end(), [](const Host& host) {
    return host.acked_high != 0 && Dsn{host.dsn_high}.before(Dsn{host.acked_high});
  });
}

/// A number of which perhaps only the low half is known, by the highest so far, or else by the key; 0 where neither tells.
std::uint64_t widened(std::uint64_t value, bool is_low, std::uint64_t high, const Host& host) {
  if (value == 0 || !is_low) return value;
  if (high == 0 && !host.idsn()) return 0;
  return extend(high != 0 ? high : host.idsn()->value + 1, value);
}

}  // namespace

void Correlator::on_first_dss(Subflow& subflow, const Record& record) {
  subflow.set_first_dss(record.from_opener() ? 0 : 1);
  const DssBody& dss = record.dss;
  const bool has_mapping = (dss.flags & DssOption::kMapping) != 0;
  std::array<std::uint64_t, 2> dsn{};
  if (dss.dsn_known && has_mapping) dsn[record.from_opener() ? 0 : 1] = dss.dsn;
  if (dss.data_ack_known) dsn[record.from_opener() ? 1 : 0] = dss.data_ack;
  for (const bool sent_by_opener : {record.from_opener(), !record.from_opener()}) {
    const std::size_t end = sent_by_opener ? 0 : 1;
    if (dsn[end] != 0) on_dsn(subflow, sent_by_opener, dsn[end]);
    if (dsn[end] == 0) dsn[end] = subflow.extra.read().dsn[end];
  }
  if (subflow.midstream && !subflow.has_connection() && subflow.first_dss(0) && subflow.first_dss(1)) {
    make_partial(subflow, record);
  }
  if (Connection* connection = connection_of(subflow)) {
    connection->dss_seen = true;
    connection->data_mapped = connection->data_mapped || (has_mapping && dss.data_len != 0);
    for (const bool from_opener : {true, false}) {
      const Role role = subflow.role_of(from_opener);
      Host& host = connection->host(role);
      // Of what a host has sent its mappings tell, not its peer's data ACK.
      const bool mapped = has_mapping && dss.dsn_known && from_opener == record.from_opener();
      if (mapped && host.dsn_high == 0) host.dsn_high = dss.dsn;
      const std::uint64_t number = dsn[from_opener ? 0 : 1];
      if (!host.idsn() && !connection->rare_of(role).noted_dsn && number != 0) {
        connection->make_rare(role).noted_dsn = number;
        dsns_.add(number, {connection->self, role});
      }
    }
    if (!subflow.twin) {
      if (has_mapping) check_idsn(subflow, *connection, record);
      confirm(subflow, *connection, record);
    }
  }
  tell(EventKind::kFirstDss, subflow, record);
}

/// The first byte that a host sends has the number behind its IDSN, which its key gives (RFC 8684 section 3.1):
/// where that is not so, the key seen is not the key in use.
void Correlator::check_idsn(Subflow& subflow, Connection& connection, const Record& record) {
  const Role role = subflow.role_of(record.from_opener());
  Host& host = connection.host(role);
  const DssBody& dss = record.dss;
  // The first mapping, or that behind the one of MP_CAPABLE, which names no number.
  const bool is_first = dss.ssn == 1 || (dss.ssn == 1u + subflow.capable_data_len() && record.from_opener());
  const bool decides = subflow.matched_by == MatchedBy::kInitial && is_first && dss.data_len != 0;
  if (!host.idsn() || !host.key() || host.idsn_checked || !decides) return;
  // Others, seen or lost, may have carried the first data.
  const bool alone = connection.subflow_count == 1 && !is_gapped(connection);
  if (!alone && !dss.dsn_known) return;
  host.idsn_checked = true;
  // What stands behind the data of MP_CAPABLE may be a part of that data, sent again.
  const auto begins_after = [&dss, alone](Dsn idsn) {
    const std::uint64_t behind = idsn.value + dss.ssn - dss.dsn;
    if (!dss.dsn_known) return static_cast<std::uint32_t>(behind) < dss.ssn;
    return behind < dss.ssn || (!alone && std::uint64_t{0} - behind < DsnIndex::kNear);
  };
  if (begins_after(*host.idsn())) {
    confirm_key(connection, role);
    return;
  }
  if (const auto& other_key = connection.rare_of(role).other_key) {
    const auto digest = prover_.try_digest(*connection.version(), *other_key);
    if (!digest || begins_after(digest->idsn)) return;  // the contradiction has been told
  }
  tell_key_change(subflow, connection, role, record);
  distrust_key(connection, role);
}

void Correlator::confirm_key(Connection& connection, Role role) {
  if (connection.host(role).key_confirmed) return;
  connection.host(role).key_confirmed = true;
  if ((connection.in_doubt || is_gapped(connection)) && connection.keys_are_sure()) settle_doubt(connection);
}

/// Something is wrong by keys that stood in one packet only: perhaps that packet is what is wrong. The first data
/// tells, or nothing contradicts them in time.
void Correlator::note_doubt(Connection& connection) {
  if (connection.in_doubt || judging_) return;
  connection.in_doubt = true;
  if (doubts_.size() < kMaxDoubts) {
    doubts_.push_back({connection.self, now_ns_ + kDoubtNs});
  } else {
    settle_doubt(connection);
  }
}

/// Judges what waited, by the keys as they stand now. That nothing contradicted them says nothing where records were lost:
/// then they prove what is right, and not what is wrong.
void Correlator::settle_doubt(Connection& connection) {
  connection.in_doubt = false;
  judging_ = true;
  const bool is_sure = !is_gapped(connection);
  for (Host& host : connection.hosts) host.key_confirmed = host.key_confirmed || (is_sure && host.has_key());
  for (std::size_t i = 0; i < std::min(connection.subflows.size(), kMaxLooks); ++i) {
    Subflow* subflow = book_.find(connection.subflows[i]);
    if (subflow == nullptr) continue;
    take_early_addresses(*subflow);
  }
  verify_joins_of(connection);
  judging_ = false;
}

/// The key seen is not the one in use: it proves nothing, and its token is nobody's. From now on the host is found
/// by its addresses.
void Correlator::distrust_key(Connection& connection, Role role) {
  Host& host = connection.host(role);
  const HostRef self{connection.self, role};
  host.forget_key();
  if (host.token()) tokens_.remove(*host.token(), self);
  host.reset_token();
  if (connection.extra.is_made()) {
    HostExtra& extra = connection.make_rare(role);
    forget(extra.other_key);
    if (extra.other_token) tokens_.remove(*extra.other_token, self);
    extra.other_token.reset();
  }
  if (host.idsn()) dsns_.remove(host.idsn()->value, {connection.self, role});
  host.reset_idsn();  // it was that of the key
  for (const KnownAddress known : host.addresses) keyless_.add(known.address, {connection.self, role});
  if (connection.in_doubt) settle_doubt(connection);
}

/// A 64-bit DSN of what one end sends, from its mapping or from its peer's data ACK: where neither keys nor
/// addresses told the connection, it may.
void Correlator::on_dsn(Subflow& subflow, bool sent_by_opener, std::uint64_t dsn) {
  const Connection* known = connection_of(subflow);
  if (known == nullptr || !known->host(subflow.role_of(sent_by_opener)).idsn()) {
    subflow.make_rare().dsn[sent_by_opener ? 0 : 1] = dsn;
  }
  const bool unplaced = subflow.midstream || subflow.waiting;
  if (subflow.has_connection() || !unplaced) return;
  const HostRef sender = dsns_.find(dsn);
  Connection* connection = connections_.find(sender.connection);
  if (connection == nullptr) return;
  const Role opener_role = sent_by_opener ? sender.role : other(sender.role);
  const auto token = connection->host(other(opener_role)).token();
  if (subflow.syn_seen && token && (subflow.offer != Offer::kJoin || *token != subflow.token)) return;  // its token says otherwise
  attach(subflow, *connection, opener_role, MatchedBy::kDsn);
  if (subflow.offer == Offer::kJoin && subflow.syn_seen) {
    prove_join(subflow, *connection, std::max(now_ns_, subflow.syn_ack_ns()));
    tell_completed(subflow, std::max(now_ns_, subflow.syn_ack_ns()));
  }
}

void Correlator::on_data_fin(Subflow& subflow, const Record& record) {
  if (Connection* connection = connection_of(subflow)) {
    connection->set_data_fin(subflow.role_of(record.from_opener()));
  }
  tell(EventKind::kDataFin, subflow, record);
}

void Correlator::on_counters(Subflow& subflow, const Record& record) {
  const std::size_t end = record.from_opener() ? 0 : 1;
  const std::uint64_t mapped_before = subflow.counts(end).mapped_bytes;
  subflow.set_counts(end, {record.counters.payload_bytes, record.counters.mapped_bytes, record.counters.segments});
  Connection* connection = connection_of(subflow);
  if (connection == nullptr || subflow.twin) return;
  const Role role = subflow.role_of(record.from_opener());
  note_progress(subflow, *connection, record);
  if (is_acked_beyond(*connection)) subflow.make_rare().reported_ns[end] = record.time_ns;
  connection->set_mapped(role, connection->mapped(role) + record.counters.mapped_bytes - mapped_before);
  // Both directions are reported one behind the other.
  if (end == 1 && (subflow.segments(0) == 0 || subflow.segments(1) == 0)) connection->one_sided = true;
  Event event = event_of(EventKind::kProgress, subflow, &record, record.time_ns);
  event.role = role;
  event.reported_since_ns = reported_since(*connection);
  emit(event);
}

/// What one direction's counters tell of the connection's data.
void Correlator::note_progress(Subflow& subflow, Connection& connection, const Record& record) {
  const CountersBody& counters = record.counters;
  const std::size_t end = record.from_opener() ? 0 : 1;
  Host& host = connection.host(subflow.role_of(record.from_opener()));
  Host& peer = connection.host(other(subflow.role_of(record.from_opener())));
  const std::uint64_t dsn_high = widened(counters.dsn_high, record.has(record_flag::kDsnLow), host.dsn_high, host);
  raise(host.dsn_high, dsn_high);
  raise(peer.acked_high, widened(counters.data_ack, record.has(record_flag::kDataAckLow), peer.acked_high, peer));
  host.missed = host.missed || record.has(record_flag::kMissed);
  const bool unplaced = dsn_high == 0 && counters.mapped_bytes > (end == 0 ? subflow.capable_data_len() : 0u);
  if (unplaced != subflow.unplaced(end)) host.count_unplaced(unplaced);
  subflow.set_unplaced(end, unplaced);
  // Payload behind the last mapping, on the only path, and no data ACK for it: both ends have gone over to plain TCP.
  const bool plain = record.has(record_flag::kLast) && record.has(record_flag::kUnmapped) &&
                     subflow.matched_by == MatchedBy::kInitial && connection.subflow_count == 1 && !connection.partial;
  const bool acked = host.dsn_high != 0 && Dsn{host.dsn_high}.before(Dsn{host.acked_high}) && host.acked_high != 0;
  const bool finished = connection.data_fin(Role::kInitiator) || connection.data_fin(Role::kResponder);
  if (plain && !acked && !finished && !connection.fast_close && !is_gapped(connection)) {
    fall_back(connection, Fallback::kNoDss, event_of(EventKind::kFallback, subflow, &record, record.time_ns));
  }
}

/// Only where it is needed: where something acknowledged has not been mapped.
std::uint64_t Correlator::reported_since(const Connection& connection) {
  if (!is_acked_beyond(connection)) return 0;
  std::uint64_t since_ns = ~std::uint64_t{0};
  if (connection.subflows.size() > kMaxLooks) return 0;
  for (const SubflowHandle ref : connection.subflows) {
    const Subflow* path = book_.find(ref);
    if (path == nullptr) continue;
    const auto& reported_ns = path->extra.read().reported_ns;
    since_ns = std::min({since_ns, reported_ns[0], reported_ns[1]});
  }
  return since_ns == ~std::uint64_t{0} ? now_ns_ : since_ns;
}

}  // namespace mptap

#include "tests/fuzz/plausible_record.h"

#include <algorithm>

#include "dataplane/seeded_hash.h"
#include "tests/bench/micro/record_stream.h"
#include "tests/support/mptcp_crypto.h"

namespace mptap::fuzz {
namespace {

/// By bytes: a bool that holds neither 0 nor 1, or an enumerator that is none, may not even be read.
template <typename Field>
void fold(Field& field, unsigned count) {
  static_assert(sizeof field == 1);
  auto* const byte = reinterpret_cast<std::uint8_t*>(&field);
  *byte = static_cast<std::uint8_t>(*byte % count);
}
void fold(bool& field) { fold(field, 2); }

constexpr unsigned kKinds = static_cast<unsigned>(RecordKind::kClosed) + 1;
constexpr unsigned kOffers = static_cast<unsigned>(Offer::kMirrored) + 1;
constexpr unsigned kCauses = static_cast<unsigned>(CloseCause::kExit) + 1;
constexpr unsigned kAnomalies = static_cast<unsigned>(Anomaly::kInfiniteMapping) + 1;
constexpr unsigned kVersions = 2;
constexpr std::uint32_t kConnections = 3;

void fold_body(Record& record) {
  switch (record.kind) {
    case RecordKind::kOpened:
      fold(record.opened.syn.offer, kOffers - 1);  // a SYN mirrors nothing
      fold(record.opened.syn.version, kVersions);
      break;
    case RecordKind::kSynAck:
      fold(record.syn_ack.offer, kOffers);
      fold(record.syn_ack.version, kVersions);
      fold(record.syn_ack.blackhole);
      fold(record.syn_ack.syn_repeated);
      break;
    case RecordKind::kCapableAck:
      fold(record.capable_ack.version, kVersions);
      fold(record.capable_ack.has_data_len);
      fold(record.capable_ack.has_checksum);
      break;
    case RecordKind::kFirstDss:
    case RecordKind::kDataFin:
    case RecordKind::kDss:
      fold(record.dss.flags, 32);
      fold(record.dss.has_checksum);
      fold(record.dss.data_ack_known);
      fold(record.dss.dsn_known);
      break;
    case RecordKind::kAddAddr:
      fold(record.add_addr.version, kVersions);
      fold(record.add_addr.echo);
      fold(record.add_addr.has_port);
      fold(record.add_addr.has_hmac);
      break;
    case RecordKind::kRemoveAddr:
      fold(record.remove_addr.count, static_cast<unsigned>(record.remove_addr.address_ids.size()) + 1);
      break;
    case RecordKind::kPrio:
      fold(record.prio.backup);
      fold(record.prio.has_address_id);
      break;
    case RecordKind::kReset:
      fold(record.reset.has_reason);
      fold(record.reset.transient);
      fold(record.reset.before_answer);
      break;
    case RecordKind::kMalformed:
    case RecordKind::kOption:
      fold(record.malformed.error, kOptionErrors);
      fold(record.malformed.subtype, kSubtypes);
      break;
    case RecordKind::kAnomaly:
      fold(record.anomaly.kind, kAnomalies);
      fold(record.anomaly.subtype, kSubtypes);
      break;
    case RecordKind::kClosed:
      fold(record.closed.cause, kCauses);
      fold(record.closed.half_open);
      break;
    case RecordKind::kJoinNotStored:
      record.not_stored.stands_for = std::clamp(record.not_stored.stands_for, 1u, 1024u);
      break;
    case RecordKind::kNone:
    case RecordKind::kJoinAck:
    case RecordKind::kFail:
    case RecordKind::kFastClose:
    case RecordKind::kFin:
    case RecordKind::kCounters:
      break;
  }
}

/// The signals that RecordStream does not tell.
class Signals {
 public:
  Signals(std::vector<Record>& out, std::uint32_t connection) : out_(out), connection_(connection) {}

  void tell_all() {
    for (const bool from_opener : {true, false}) {
      Record& add = append(RecordKind::kAddAddr, from_opener);
      add.add_addr = AddAddrBody{};
      add.add_addr.version = 1;
      add.add_addr.address_id = AddressId{4};
      const auto address = testing::IpAddress::from_v4(0xc6336400 + connection_);
      add.add_addr.address = IpAddress::from_v4(address.octets.data());
      add.add_addr.has_hmac = true;
      const std::uint64_t keys[] = {mix64(2 * std::uint64_t{connection_} + 1),
                                    mix64(2 * std::uint64_t{connection_} + 2)};
      std::uint64_t hmac =
          testing::derive_addr_hmac(keys[from_opener ? 0 : 1], keys[from_opener ? 1 : 0], 4, address, 0);
      for (auto byte = add.add_addr.hmac.rbegin(); byte != add.add_addr.hmac.rend(); ++byte, hmac >>= 8) {
        *byte = static_cast<std::uint8_t>(hmac);
      }
      Record& remove = append(RecordKind::kRemoveAddr, from_opener);
      remove.remove_addr = RemoveAddrBody{};
      remove.remove_addr.address_ids = {4, 1, 2, 3};
      remove.remove_addr.count = 4;
      append(RecordKind::kPrio, from_opener).prio = {true, true, AddressId{1}};
      append(RecordKind::kFail, from_opener);
      append(RecordKind::kFastClose, from_opener).fast_close = {Key{keys[from_opener ? 1 : 0]}};
      append(RecordKind::kReset, from_opener).reset = {true, false, 1, true};
      Record& anomaly = append(RecordKind::kAnomaly, from_opener);
      anomaly.anomaly = AnomalyBody{};
      anomaly.anomaly.kind = Anomaly::kInfiniteMapping;
      append(RecordKind::kMalformed, from_opener);
      append(RecordKind::kJoinNotStored, from_opener).slot = Record::kNoSlot;
      append(RecordKind::kOpened).flags = record_flag::kMidstream;
    }
  }

 private:
  Record& append(RecordKind kind, bool from_opener = true) {
    Record record;
    record.time_ns = out_.empty() ? 0 : out_.back().time_ns + bench::RecordStream::kStepNs;
    record.slot = 2 * connection_;
    record.generation = 1;
    record.kind = kind;
    record.flags = from_opener ? std::uint8_t{0} : record_flag::kFromAcceptor;
    return out_.emplace_back(record);
  }
  std::vector<Record>& out_;
  const std::uint32_t connection_;
};

std::vector<Record> make_honest_records() {
  bench::RecordStream stream;
  for (std::uint32_t connection = 0; connection < kConnections; ++connection) {
    stream.establish(connection);
    stream.join(connection);
    stream.count(connection);
    Signals(stream.records(), connection).tell_all();
    stream.stray_join(connection + kConnections);
    stream.end_join(connection);
    stream.end(connection);
  }
  for (Record& record : stream.records()) make_plausible(record);
  return std::move(stream.records());
}

}  // namespace

void make_plausible(Record& record) {
  fold(record.kind, kKinds);
  const bool may_lack_slot =
      record.kind == RecordKind::kMalformed || record.kind == RecordKind::kJoinNotStored;
  if (!may_lack_slot || record.slot != Record::kNoSlot) record.slot %= kSlots;
  if (record.kind == RecordKind::kJoinNotStored) record.slot = Record::kNoSlot;
  fold_body(record);
}

std::span<const Record> honest_records() {
  static const std::vector<Record> records = make_honest_records();
  return records;
}

}  // namespace mptap::fuzz

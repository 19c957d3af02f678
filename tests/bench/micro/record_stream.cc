#include "tests/bench/micro/record_stream.h"

#include <algorithm>

#include "dataplane/seeded_hash.h"
#include "tests/support/mptcp_crypto.h"

namespace mptap::bench {
namespace {

constexpr std::uint32_t kServers = 64;
constexpr std::uint64_t kBytes = 100'000;

Key opener_key(std::uint32_t number) { return Key{mix64(2 * static_cast<std::uint64_t>(number) + 1)}; }
Key acceptor_key(std::uint32_t number) { return Key{mix64(2 * static_cast<std::uint64_t>(number) + 2)}; }
std::uint32_t opener_nonce(std::uint32_t number) { return number ^ 0x5a5a5a5a; }
std::uint32_t acceptor_nonce(std::uint32_t number) { return number ^ 0xa5a5a5a5; }

IpAddress address(std::uint8_t network, std::uint32_t host) {
  const std::uint8_t octets[4] = {network, static_cast<std::uint8_t>(host >> 16), static_cast<std::uint8_t>(host >> 8),
                                  static_cast<std::uint8_t>(host)};
  return IpAddress::from_v4(octets);
}
FourTuple tuple(std::uint8_t network, std::uint32_t number) {
  return {{address(network, number), static_cast<std::uint16_t>(1024 + number % 60'000)}, {address(198, number % kServers), 443}};
}
std::uint32_t initial_slot(std::uint32_t number) { return 2 * number; }
std::uint32_t join_slot(std::uint32_t number) { return 2 * number + 1; }

}  // namespace

Record& RecordStream::append(std::uint32_t slot, RecordKind kind, bool from_opener) {
  Record& record = records_.emplace_back();
  record.time_ns = kStartNs + records_.size() * kStepNs;
  record.slot = slot;
  record.generation = 1;
  record.kind = kind;
  record.flags = from_opener ? std::uint8_t{0} : record_flag::kFromAcceptor;
  return record;
}

void RecordStream::open(std::uint32_t slot, const FourTuple& ends, const SynOption& syn) {
  Record& record = append(slot, RecordKind::kOpened);
  record.flags = record_flag::kSynSeen;
  record.opened = OpenedBody{ends.opener.address, ends.acceptor.address, syn, ends.opener.port, ends.acceptor.port};
}

void RecordStream::establish(std::uint32_t number) {
  const std::uint32_t slot = initial_slot(number);
  SynOption syn{};
  syn.offer = Offer::kCapable;
  syn.version = 1;
  syn.flags = CapableOption::kHmacAlgorithm;
  open(slot, tuple(10, number), syn);
  Record& answer = append(slot, RecordKind::kSynAck, false);
  answer.syn_ack = SynAckBody{};
  answer.syn_ack.key = acceptor_key(number);
  answer.syn_ack.offer = Offer::kCapable;
  answer.syn_ack.version = 1;
  answer.syn_ack.flags = CapableOption::kHmacAlgorithm;
  Record& ack = append(slot, RecordKind::kCapableAck);
  ack.capable_ack = CapableAckBody{};
  ack.capable_ack.sender_key = opener_key(number);
  ack.capable_ack.receiver_key = acceptor_key(number);
  ack.capable_ack.version = 1;
  for (const bool from_opener : {true, false}) {
    const Key key = from_opener ? opener_key(number) : acceptor_key(number);
    Record& dss = append(slot, RecordKind::kFirstDss, from_opener);
    dss.dss = DssBody{};
    dss.dss.dsn = testing::derive_idsn(1, key.value) + 1;
    dss.dss.dsn_known = true;
    dss.dss.ssn = 1;
    dss.dss.data_len = 1000;
    dss.dss.payload_bytes = 1000;
    dss.dss.flags = DssOption::kMapping | DssOption::kDsn8;
  }
}

void RecordStream::join(std::uint32_t number) {
  const std::uint32_t slot = join_slot(number);
  const std::uint64_t opener = opener_key(number).value;
  const std::uint64_t acceptor = acceptor_key(number).value;
  SynOption syn{};
  syn.high = testing::derive_token(1, acceptor);
  syn.low = opener_nonce(number);
  syn.offer = Offer::kJoin;
  syn.address_id = AddressId{1};
  open(slot, tuple(11, number), syn);
  Record& answer = append(slot, RecordKind::kSynAck, false);
  answer.syn_ack = SynAckBody{};
  answer.syn_ack.offer = Offer::kJoin;
  answer.syn_ack.nonce = acceptor_nonce(number);
  const auto hmac = testing::derive_join_hmac(1, acceptor, opener, acceptor_nonce(number), opener_nonce(number));
  std::copy_n(hmac.begin(), 8, answer.syn_ack.hmac.begin());
  append(slot, RecordKind::kJoinAck).join_ack =
      JoinAckBody{testing::derive_join_hmac(1, opener, acceptor, opener_nonce(number), acceptor_nonce(number))};
}

void RecordStream::count(std::uint32_t number) {
  for (const bool from_opener : {true, false}) {
    const Key key = from_opener ? opener_key(number) : acceptor_key(number);
    Record& record = append(initial_slot(number), RecordKind::kCounters, from_opener);
    record.counters = CountersBody{};
    record.counters.segments = 100;
    record.counters.payload_bytes = record.counters.mapped_bytes = kBytes;
    record.counters.dsn_high = testing::derive_idsn(1, key.value) + 1 + kBytes;
    record.counters.last_mapped_ns = record.time_ns;
  }
}

void RecordStream::end(std::uint32_t number) {
  const std::uint32_t slot = initial_slot(number);
  for (const bool from_opener : {true, false}) append(slot, RecordKind::kDataFin, from_opener).dss = DssBody{};
  for (const bool from_opener : {true, false}) append(slot, RecordKind::kFin, from_opener);
  count(number);
  for (std::size_t i = records_.size() - 2; i < records_.size(); ++i) records_[i].flags |= record_flag::kLast;
  Record& closed = append(slot, RecordKind::kClosed);
  closed.closed = ClosedBody{CloseCause::kFin, false, closed.time_ns};
}

void RecordStream::end_join(std::uint32_t number) {
  Record& closed = append(join_slot(number), RecordKind::kClosed);
  closed.closed = ClosedBody{CloseCause::kFin, false, closed.time_ns};
}

void RecordStream::stray_join(std::uint32_t number) {
  SynOption syn{};
  syn.high = static_cast<std::uint32_t>(mix64(number));
  syn.low = number;
  syn.offer = Offer::kJoin;
  FourTuple ends = tuple(12, number);
  ends.acceptor = {address(198, kServers), 443};
  open(initial_slot(number), ends, syn);
  Record& closed = append(initial_slot(number), RecordKind::kClosed);
  closed.closed = ClosedBody{CloseCause::kUnanswered, false, closed.time_ns};
}

}  // namespace mptap::bench

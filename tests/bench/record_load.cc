#include "tests/bench/record_load.h"

#include <algorithm>

#include "dataplane/seeded_hash.h"
#include "tests/support/mptcp_crypto.h"

namespace mptap::bench {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint32_t kAcceptorNonce = 22;
constexpr std::uint16_t kServerPort = 443;
constexpr std::uint32_t kServers = 4'096;

IpAddress v4(std::uint8_t net, std::uint64_t host) {
  const std::array<std::uint8_t, 4> bytes{net, static_cast<std::uint8_t>(host >> 16), static_cast<std::uint8_t>(host >> 8),
                                          static_cast<std::uint8_t>(host)};
  return IpAddress::from_v4(bytes.data());
}

}  // namespace

Pair derive_pair(std::uint64_t number) {
  Pair pair{};
  for (std::uint64_t end = 0; end < 2; ++end) {
    pair.key[end] = mix64(number * 2 + end + 0x9e3779b97f4a7c15u);
    pair.idsn[end] = testing::derive_idsn(kVersion, pair.key[end]);
  }
  return pair;
}

Join derive_join(const Pair& pair, std::uint32_t opener_nonce) {
  return {Token{testing::derive_token(kVersion, pair.key[1])}, opener_nonce,
          testing::derive_join_hmac(kVersion, pair.key[1], pair.key[0], kAcceptorNonce, opener_nonce),
          testing::derive_join_hmac(kVersion, pair.key[0], pair.key[1], opener_nonce, kAcceptorNonce)};
}

Record RecordLoad::next(const Path& path, RecordKind kind, bool from_opener) {
  Record record;
  record.time_ns = now_ns;
  record.slot = path.slot;
  record.generation = path.generation;
  record.kind = kind;
  record.flags = from_opener ? std::uint8_t{0} : record_flag::kFromAcceptor;
  now_ns += step_ns_;
  return record;
}

Record RecordLoad::opened(const Path& path, const SynOption& syn) {
  Record record = next(path, RecordKind::kOpened, true);
  record.flags = record_flag::kSynSeen;
  const std::uint64_t number = path.number;
  record.opened = OpenedBody{v4(path.joined ? 11 : 10, number), v4(12, number % kServers), syn,
                             static_cast<std::uint16_t>(1024 + number % 60'000), kServerPort};
  return record;
}

Record RecordLoad::opened_capable(const Path& path) {
  SynOption syn{};
  syn.offer = Offer::kCapable;
  syn.version = kVersion;
  syn.flags = CapableOption::kHmacAlgorithm;
  return opened(path, syn);
}

Record RecordLoad::syn_ack_capable(const Path& path, const Pair& pair) {
  Record record = next(path, RecordKind::kSynAck, false);
  record.syn_ack = SynAckBody{};
  record.syn_ack.offer = Offer::kCapable;
  record.syn_ack.version = kVersion;
  record.syn_ack.flags = CapableOption::kHmacAlgorithm;
  record.syn_ack.key = Key{pair.key[1]};
  record.syn_ack.opener_isn = static_cast<std::uint32_t>(path.number * 3 + 1);
  record.syn_ack.acceptor_isn = static_cast<std::uint32_t>(path.number * 5 + 2);
  return record;
}

Record RecordLoad::capable_ack(const Path& path, const Pair& pair) {
  Record record = next(path, RecordKind::kCapableAck, true);
  record.capable_ack = CapableAckBody{};
  record.capable_ack.sender_key = Key{pair.key[0]};
  record.capable_ack.receiver_key = Key{pair.key[1]};
  record.capable_ack.version = kVersion;
  record.capable_ack.flags = CapableOption::kHmacAlgorithm;
  return record;
}

Record RecordLoad::opened_join(const Path& path, const Join& join) {
  SynOption syn{};
  syn.offer = Offer::kJoin;
  syn.high = join.token.value;
  syn.low = join.opener_nonce;
  syn.address_id = AddressId{1};
  return opened(path, syn);
}

Record RecordLoad::syn_ack_join(const Path& path, const Join& join) {
  Record record = next(path, RecordKind::kSynAck, false);
  record.syn_ack = SynAckBody{};
  record.syn_ack.offer = Offer::kJoin;
  record.syn_ack.nonce = kAcceptorNonce;
  record.syn_ack.opener_isn = static_cast<std::uint32_t>(path.number * 7 + 3);
  record.syn_ack.acceptor_isn = static_cast<std::uint32_t>(path.number * 9 + 4);
  std::copy_n(join.syn_ack_hmac.begin(), record.syn_ack.hmac.size(), record.syn_ack.hmac.begin());
  return record;
}

Record RecordLoad::join_ack(const Path& path, const Join& join) {
  Record record = next(path, RecordKind::kJoinAck, true);
  record.join_ack.hmac = join.ack_hmac;
  return record;
}

Record RecordLoad::first_dss(const Path& path, const Pair& pair, bool from_opener) {
  Record record = next(path, RecordKind::kFirstDss, from_opener);
  record.dss = DssBody{};
  record.dss.flags = DssOption::kMapping | DssOption::kDsn8 | DssOption::kDataAck | DssOption::kDataAck8;
  record.dss.dsn = pair.idsn[from_opener ? 0 : 1] + 1;
  record.dss.data_ack = pair.idsn[from_opener ? 1 : 0] + 1;
  record.dss.dsn_known = record.dss.data_ack_known = true;
  record.dss.ssn = 1;
  record.dss.data_len = 100;
  record.dss.payload_bytes = 100;
  return record;
}

Record RecordLoad::data_fin(const Path& path, bool from_opener) { return next(path, RecordKind::kDataFin, from_opener); }

Record RecordLoad::fin(const Path& path, bool from_opener) { return next(path, RecordKind::kFin, from_opener); }

Record RecordLoad::counters(const Path& path, const Pair& pair, bool from_opener, std::uint64_t bytes, bool last) {
  Record record = next(path, RecordKind::kCounters, from_opener);
  if (last) record.flags |= record_flag::kLast;
  record.counters = CountersBody{};
  record.counters.segments = static_cast<std::uint32_t>(3 + bytes / 1400);
  record.counters.payload_bytes = bytes;
  record.counters.mapped_bytes = bytes;
  record.counters.dsn_high = pair.idsn[from_opener ? 0 : 1] + 1 + bytes;
  record.counters.data_ack = pair.idsn[from_opener ? 1 : 0] + 1;
  record.counters.last_mapped_ns = record.time_ns;
  return record;
}

Record RecordLoad::closed(const Path& path) {
  Record record = next(path, RecordKind::kClosed, true);
  record.closed = ClosedBody{CloseCause::kFin, false, record.time_ns};
  return record;
}

}  // namespace mptap::bench

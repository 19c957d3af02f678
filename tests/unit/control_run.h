// A correlator fed with records made by hand, its reports gathered.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "detect/correlator.h"
#include "tests/support/mptcp_crypto.h"
#include "tests/unit/catch.h"

namespace mptap::test {

constexpr std::uint64_t kSecondNs = kNsPerSecond;
constexpr std::uint64_t kBaseNs = 1'700'000'000 * kSecondNs;

inline IpAddress ip(const char* text) {
  const auto address = testing::IpAddress::parse(text);
  return address.is_v6 ? IpAddress::from_v6(address.octets.data()) : IpAddress::from_v4(address.octets.data());
}
inline FourTuple tuple_of(const char* opener, std::uint16_t opener_port, const char* acceptor, std::uint16_t acceptor_port) {
  return {{ip(opener), opener_port}, {ip(acceptor), acceptor_port}};
}

/// A slot of a worker.
struct Slot {
  std::uint16_t worker = 0;
  std::uint32_t slot = 0;
  std::uint16_t generation = 1;
  FourTuple tuple{};
};

/// What both ends of a connection know.
struct Secrets {
  std::uint8_t version = 1;
  std::uint64_t initiator_key = 0x37b95a4ac08368cf;
  std::uint64_t responder_key = 0x372e3a5f8a21bd39;
  [[nodiscard]] Token token(Role role) const {
    return Token{testing::derive_token(version, role == Role::kInitiator ? initiator_key : responder_key)};
  }
};

class ControlRun : public ReportSink {
 public:
  explicit ControlRun(const CorrelatorOptions& options = {}, const DetectorOptions& detectors_wanted = {}, std::size_t workers = 4)
      : detectors(detectors_wanted),
        correlator_(std::make_unique<Correlator>(options, detectors, notice_options, workers, 77, *this, counters)) {}

  void on_report(Report&& report) override {
    if (const auto* it = std::get_if<SubflowReport>(&report)) subflows.push_back(*it);
    if (const auto* it = std::get_if<ConnectionReport>(&report)) connections.push_back(*it);
    if (const auto* it = std::get_if<Notice>(&report)) notices.push_back(*it);
    if (const auto* it = std::get_if<EventReport>(&report)) events.push_back(*it);
    if (const auto* it = std::get_if<EvidencePacket>(&report)) evidence.push_back(*it);
  }

  /// A slot that was not used before.
  Slot slot(const FourTuple& tuple, std::uint16_t worker = 0) { return {worker, next_slot_++, 1, tuple}; }
  Slot slot() { return slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80)); }

  void advance(double at_s) { correlator_->advance(ns(at_s)); }
  void finish() { correlator_->finish(); }
  Correlator& correlator() { return *correlator_; }
  static std::uint64_t ns(double at_s) { return kBaseNs + static_cast<std::uint64_t>(std::llround(at_s * 1e6)) * 1000; }

  Record record(const Slot& of, double at_s, RecordKind kind, bool from_opener = true) const {
    Record record;
    record.time_ns = ns(at_s);
    record.slot = of.slot;
    record.generation = of.generation;
    record.kind = kind;
    record.flags = from_opener ? std::uint8_t{0} : record_flag::kFromAcceptor;
    return record;
  }
  void send(const Slot& of, const Record& record) {
    correlator_->on_record(of.worker, record);
    correlator_->advance(record.time_ns);
  }

  void opened(const Slot& of, double at_s, const SynOption& syn, std::uint8_t flags = record_flag::kSynSeen) {
    Record it = record(of, at_s, RecordKind::kOpened);
    it.flags = flags;
    it.opened = OpenedBody{of.tuple.opener.address, of.tuple.acceptor.address, syn, of.tuple.opener.port, of.tuple.acceptor.port};
    send(of, it);
  }
  void midstream(const Slot& of, double at_s) { opened(of, at_s, SynOption{}, record_flag::kMidstream); }
  void unseen(const Slot& of, double at_s) { opened(of, at_s, SynOption{}, 0); }
  void syn_capable(const Slot& of, double at_s, const Secrets& secrets, std::uint8_t flags = 1) {
    SynOption syn{};
    syn.offer = Offer::kCapable;
    syn.version = secrets.version;
    syn.flags = flags;
    if (secrets.version == 0) {
      syn.high = static_cast<std::uint32_t>(secrets.initiator_key >> 32);
      syn.low = static_cast<std::uint32_t>(secrets.initiator_key);
    }
    opened(of, at_s, syn);
  }
  void syn_join(const Slot& of, double at_s, Token token, std::uint32_t nonce = 11, std::uint8_t id = 1, bool backup = false) {
    SynOption syn{};
    syn.offer = Offer::kJoin;
    syn.high = token.value;
    syn.low = nonce;
    syn.address_id = AddressId{id};
    syn.flags = backup ? 1 : 0;
    opened(of, at_s, syn);
  }
  void answer(const Slot& of, double at_s, Offer offer, bool blackhole = false) {
    Record it = record(of, at_s, RecordKind::kSynAck, false);
    it.syn_ack = SynAckBody{};
    it.syn_ack.offer = offer;
    it.syn_ack.blackhole = blackhole;
    send(of, it);
  }
  void syn_ack_capable(const Slot& of, double at_s, const Secrets& secrets, std::uint8_t flags = 1) {
    Record it = record(of, at_s, RecordKind::kSynAck, false);
    it.syn_ack = SynAckBody{};
    it.syn_ack.offer = Offer::kCapable;
    it.syn_ack.version = secrets.version;
    it.syn_ack.flags = flags;
    it.syn_ack.key = Key{secrets.responder_key};
    send(of, it);
  }
  void capable_ack(const Slot& of, double at_s, const Secrets& secrets) {
    Record it = record(of, at_s, RecordKind::kCapableAck);
    it.capable_ack = CapableAckBody{};
    it.capable_ack.sender_key = Key{secrets.initiator_key};
    it.capable_ack.receiver_key = Key{secrets.responder_key};
    it.capable_ack.version = secrets.version;
    send(of, it);
  }
  void syn_ack_join(const Slot& of, double at_s, const std::array<std::uint8_t, 20>& hmac, std::uint32_t nonce = 22, std::uint8_t id = 0) {
    Record it = record(of, at_s, RecordKind::kSynAck, false);
    it.syn_ack = SynAckBody{};
    it.syn_ack.offer = Offer::kJoin;
    it.syn_ack.nonce = nonce;
    it.syn_ack.address_id = AddressId{id};
    std::copy_n(hmac.begin(), 8, it.syn_ack.hmac.begin());
    send(of, it);
  }
  void join_ack(const Slot& of, double at_s, const std::array<std::uint8_t, 20>& hmac) {
    Record it = record(of, at_s, RecordKind::kJoinAck);
    it.join_ack = JoinAckBody{hmac};
    send(of, it);
  }
  void dss(const Slot& of, double at_s, bool from_opener, std::uint64_t dsn) {
    Record it = record(of, at_s, RecordKind::kFirstDss, from_opener);
    it.dss = DssBody{};
    it.dss.dsn = dsn;
    it.dss.dsn_known = true;
    it.dss.flags = DssOption::kMapping | DssOption::kDsn8;
    send(of, it);
  }
  void data_fin(const Slot& of, double at_s, bool from_opener) {
    Record it = record(of, at_s, RecordKind::kDataFin, from_opener);
    it.dss = DssBody{};
    send(of, it);
  }
  void add_addr(const Slot& of, double at_s, bool from_opener, std::uint8_t id, const char* address, std::uint8_t version = 1,
                std::uint16_t port = 0, bool echo = false) {
    Record it = record(of, at_s, RecordKind::kAddAddr, from_opener);
    it.add_addr = AddAddrBody{};
    it.add_addr.address = ip(address);
    it.add_addr.address_id = AddressId{id};
    it.add_addr.version = version;
    it.add_addr.port = port;
    it.add_addr.has_port = port != 0;
    it.add_addr.echo = echo;
    send(of, it);
  }
  void remove_addr(const Slot& of, double at_s, bool from_opener, std::uint8_t id) {
    Record it = record(of, at_s, RecordKind::kRemoveAddr, from_opener);
    it.remove_addr = RemoveAddrBody{};
    it.remove_addr.address_ids[0] = id;
    it.remove_addr.count = 1;
    send(of, it);
  }
  void reset(const Slot& of, double at_s, bool from_opener, bool before_answer) {
    Record it = record(of, at_s, RecordKind::kReset, from_opener);
    it.reset = ResetBody{};
    it.reset.before_answer = before_answer;
    send(of, it);
  }
  void fast_close(const Slot& of, double at_s) {
    Record it = record(of, at_s, RecordKind::kFastClose);
    it.fast_close = FastCloseBody{Key{Secrets{}.responder_key}};
    send(of, it);
  }
  void count(const Slot& of, double at_s, bool from_opener, std::uint64_t segments, std::uint64_t bytes) {
    Record it = record(of, at_s, RecordKind::kCounters, from_opener);
    it.counters = CountersBody{static_cast<std::uint32_t>(segments), 0, bytes, bytes, 0, 0, 0};
    send(of, it);
  }
  void close(const Slot& of, double at_s, CloseCause cause = CloseCause::kFin) {
    Record it = record(of, at_s, RecordKind::kClosed);
    it.closed = ClosedBody{cause, false, it.time_ns};
    send(of, it);
  }

  /// A whole handshake of 30 ms.
  void connect(const Slot& of, double at_s, const Secrets& secrets) {
    syn_capable(of, at_s, secrets);
    syn_ack_capable(of, at_s + 0.01, secrets);
    capable_ack(of, at_s + 0.02, secrets);
    capable_ack(of, at_s + 0.03, secrets);  // as with the first data: nothing is in doubt
  }
  /// HMACs of a join; `acceptor` says which host accepts it.
  static std::array<std::uint8_t, 20> syn_ack_hmac(const Secrets& s, Role acceptor, std::uint32_t opener_nonce = 11, std::uint32_t acceptor_nonce = 22) {
    const bool to_responder = acceptor == Role::kResponder;
    return testing::derive_join_hmac(s.version, to_responder ? s.responder_key : s.initiator_key,
                                     to_responder ? s.initiator_key : s.responder_key, acceptor_nonce, opener_nonce);
  }
  static std::array<std::uint8_t, 20> ack_hmac(const Secrets& s, Role acceptor, std::uint32_t opener_nonce = 11, std::uint32_t acceptor_nonce = 22) {
    const bool to_responder = acceptor == Role::kResponder;
    return testing::derive_join_hmac(s.version, to_responder ? s.initiator_key : s.responder_key,
                                     to_responder ? s.responder_key : s.initiator_key, opener_nonce, acceptor_nonce);
  }
  void join(const Slot& of, double at_s, const Secrets& secrets, Role acceptor = Role::kResponder) {
    syn_join(of, at_s, secrets.token(acceptor));
    syn_ack_join(of, at_s + 0.01, syn_ack_hmac(secrets, acceptor));
    join_ack(of, at_s + 0.02, ack_hmac(secrets, acceptor));
  }

  [[nodiscard]] std::size_t noticed(const std::string& note) const {
    return static_cast<std::size_t>(std::count_if(notices.begin(), notices.end(), [&](const Notice& it) { return it.note == note; }));
  }
  /// The row of a subflow, of which there must be one.
  [[nodiscard]] const SubflowReport& row_of(const Slot& of) const {
    std::vector<const SubflowReport*> found;
    for (const SubflowReport& row : subflows) {
      if (row.tuple == of.tuple) found.push_back(&row);
    }
    REQUIRE(found.size() == 1);
    return *found.front();
  }

  ControlCounters counters;
  DetectorOptions detectors;
  NoticeOptions notice_options;
  std::vector<SubflowReport> subflows;
  std::vector<ConnectionReport> connections;
  std::vector<Notice> notices;
  std::vector<EventReport> events;
  std::vector<EvidencePacket> evidence;

 private:
  std::uint32_t next_slot_ = 0;
  std::unique_ptr<Correlator> correlator_;
};

}  // namespace mptap::test

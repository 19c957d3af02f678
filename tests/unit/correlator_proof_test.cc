// What the keys prove, what contradicts them, and what happens when there is no time to look.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

std::array<std::uint8_t, 8> bytes_of(std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * (7 - i)));
  return bytes;
}

/// An ADD_ADDR by the responder, signed with these keys.
Record signed_address(const ControlRun& run, const Slot& of, double at_s, const Secrets& by, testing::AddrHmacForm form) {
  Record record = run.record(of, at_s, RecordKind::kAddAddr, false);
  record.add_addr = AddAddrBody{};
  record.add_addr.address = ip("10.0.0.9");
  record.add_addr.address_id = AddressId{3};
  record.add_addr.version = 1;
  record.add_addr.has_hmac = true;
  record.add_addr.hmac = bytes_of(testing::derive_addr_hmac(by.responder_key, by.initiator_key, 3,
                                                            testing::IpAddress::parse("10.0.0.9"), 0, form));
  return record;
}

constexpr auto kAddAddr = static_cast<std::size_t>(HmacKind::kAddAddr);

TEST_CASE("who opened a join is known as proven once both its HMACs are right, and not before", "[correlator]") {
  const Secrets secrets;
  for (const bool right : {true, false}) {
    INFO("the third ACK's HMAC is right: " << right);
    const auto proven = std::make_unique<ProvenSources>(3);
    ControlRun run;
    run.correlator().note_proven_in(*proven);
    run.connect(run.slot(), 0, secrets);
    const auto is_proven = [&](const char* address) { return proven->find(ip(address), ControlRun::ns(1.1)).has_value(); };
    CHECK_FALSE(is_proven("10.0.0.1"));  // a connection alone is no join
    const Slot join = run.slot(tuple_of("10.0.0.5", 50000, "10.0.0.2", 80));
    run.syn_join(join, 1, secrets.token(Role::kResponder));
    run.syn_ack_join(join, 1.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
    CHECK_FALSE(is_proven("10.0.0.5"));
    run.join_ack(join, 1.02, right ? ControlRun::ack_hmac(secrets, Role::kResponder) : std::array<std::uint8_t, 20>{4, 5, 6});
    run.finish();  // what was in doubt is settled
    CHECK(run.row_of(join).hmac_synack == Proof::kValid);
    CHECK(run.row_of(join).hmac_ack == (right ? Proof::kValid : Proof::kInvalid));
    CHECK(is_proven("10.0.0.5") == right);
    CHECK_FALSE(is_proven("10.0.0.2"));
  }
}

TEST_CASE("an ADD_ADDR's HMAC is right in any of its three forms", "[proof]") {
  for (const auto form : {testing::AddrHmacForm::kLast8of32, testing::AddrHmacForm::kLast8of20, testing::AddrHmacForm::kFirst8}) {
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{});
    run.send(first, signed_address(run, first, 1, Secrets{}, form));
    CHECK(run.counters.hmacs[kAddAddr][static_cast<std::size_t>(Proof::kValid)] == 1);
    CHECK(run.notices.empty());
    run.close(first, 2);
    run.finish();
    REQUIRE(run.connections.size() == 1);
    CHECK(run.connections[0].responder_addresses == 2);
  }
}

TEST_CASE("of each forged ADD_ADDR, repeated or not, somebody is told at once, but for senders that are allowed", "[proof]") {
  struct Told : WrongAddressSink {
    void on_wrong_address(const Event& event) override {
      told += std::to_string(event.record->add_addr.hmac[0]) + (event.subflow->self().slot == slot && !event.from_opener ? " " : "? ");
    }
    std::string told;
    std::uint32_t slot = 0;
  } it;
  ControlRun run;
  run.correlator().tell_wrong_addresses_to(it);
  const Slot first = run.slot();
  it.slot = first.slot;
  run.connect(first, 0, Secrets{});
  run.send(first, signed_address(run, first, 1, Secrets{}, testing::AddrHmacForm::kLast8of32));
  CHECK(it.told.empty());
  Record forged = signed_address(run, first, 1, Secrets{}, testing::AddrHmacForm::kLast8of32);
  for (const std::uint8_t octet : std::array<std::uint8_t, 3>{1, 1, 2}) {
    forged.add_addr.hmac[0] = octet;
    run.send(first, forged);
  }
  CHECK(it.told == "1 1 2 ");
  CHECK(run.notices.size() == 2);
  run.notice_options.allow = {Prefix{first.tuple.acceptor.address, 128}};
  forged.add_addr.hmac[0] = 3;
  run.send(first, forged);
  CHECK(it.told == "1 1 2 ");
}

TEST_CASE("a forged ADD_ADDR changes nothing", "[proof]") {
  ControlRun run;
  const Slot first = run.slot();
  run.connect(first, 0, Secrets{});
  for (std::size_t bit = 0; bit < 64; ++bit) {
    Record forged = signed_address(run, first, 1, Secrets{}, testing::AddrHmacForm::kLast8of32);
    forged.add_addr.hmac[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    run.send(first, forged);
  }
  CHECK(run.counters.hmacs[kAddAddr][static_cast<std::size_t>(Proof::kInvalid)] == 64);
  run.close(first, 2);
  run.finish();
  CHECK(run.connections[0].responder_addresses == 1);  // the initial subflow's
}

TEST_CASE("an ADD_ADDR is not judged where a key is missing", "[proof]") {
  ControlRun run;
  const Slot first = run.slot();
  run.syn_capable(first, 0, Secrets{});
  run.syn_ack_capable(first, 0.01, Secrets{});  // v1: the initiator's key would come with the third ACK
  run.send(first, signed_address(run, first, 1, Secrets{.initiator_key = 5}, testing::AddrHmacForm::kLast8of32));
  CHECK(run.counters.hmacs[kAddAddr][static_cast<std::size_t>(Proof::kUnverified)] == 1);
  CHECK(run.notices.empty());
}

TEST_CASE("where two keys contradict each other, either may prove a join", "[proof]") {
  const Secrets real;
  const Secrets shown{.initiator_key = real.initiator_key, .responder_key = real.responder_key ^ 1};
  ControlRun run;
  const Slot first = run.slot();
  run.syn_capable(first, 0, real);
  run.syn_ack_capable(first, 0.01, shown);  // one bit was changed on the way
  run.capable_ack(first, 0.02, real);
  CHECK(run.noticed("key_change") == 1);
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.join(join, 1, real);
  run.close(join, 2);
  run.close(first, 2);
  run.finish();
  CHECK(run.notices.size() == 1);
  CHECK(run.row_of(join).matched_by == MatchedBy::kHmac);
  CHECK(run.row_of(join).hmac_ack == Proof::kValid);
  CHECK(run.row_of(join).connection->mp_id == 0);
}

struct FirstData {
  const char* what;
  std::uint64_t offset;  // from the number behind the IDSN
  std::uint32_t ssn;
  bool noticed;
};

TEST_CASE("the first byte's number tells whether the key seen is the key in use", "[proof]") {
  const FirstData rows[] = {
      {"right", 0, 1, false},
      {"wrong by one", 1, 1, true},
      {"wrong altogether", 0x123456789abcdef, 1, true},
      {"not the first mapping: proves nothing", 0x123456789abcdef, 2, false},
  };
  for (const bool by_initiator : {true, false}) {
    for (const FirstData& row : rows) {
      INFO(row.what);
      ControlRun run;
      const Secrets secrets;
      const Slot first = run.slot();
      run.connect(first, 0, secrets);
      Record record = run.record(first, 1, RecordKind::kFirstDss, by_initiator);
      record.dss = DssBody{};
      record.dss.flags = DssOption::kMapping | DssOption::kDsn8;
      record.dss.dsn_known = true;
      record.dss.ssn = row.ssn;
      record.dss.data_len = 10;
      record.dss.dsn =
          testing::derive_idsn(1, by_initiator ? secrets.initiator_key : secrets.responder_key) + 1 + row.offset;
      run.send(first, record);
      CHECK(run.noticed("key_change") == (row.noticed ? 1u : 0u));
      if (row.noticed) CHECK(std::string(run.notices[0].cause) == (by_initiator ? "initiator" : "responder"));
      // A key that is not in use proves nothing, and disproves nothing.
      const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
      run.join(join, 2, Secrets{.initiator_key = 77, .responder_key = secrets.responder_key});
      run.close(join, 3);
      CHECK(run.row_of(join).hmac_ack == (row.noticed ? Proof::kUnverified : Proof::kInvalid));
    }
  }
}

TEST_CASE("beyond the budget nothing is proven, nothing guessed, all counted", "[proof]") {
  CorrelatorOptions options;
  options.crypto_per_second = 3;  // two keys, one HMAC
  ControlRun run(options);
  const Slot first = run.slot();
  run.connect(first, 0, Secrets{});
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.join(join, 0.1, Secrets{});
  run.close(join, 0.5);
  const SubflowReport& row = run.row_of(join);
  CHECK(row.connection->mp_id == 0);  // its token tells
  CHECK(row.hmac_synack == Proof::kValid);
  CHECK(row.hmac_ack == Proof::kUnverified);
  CHECK(row.unverified == Unverified::kBudget);
  CHECK(run.counters.crypto_shed == 1);
  CHECK(run.notices.empty());
  const Slot later = run.slot(tuple_of("10.0.0.4", 40001, "10.0.0.2", 80));
  run.join(later, 1.5, Secrets{});  // another second
  run.close(later, 1.8);
  CHECK(run.row_of(later).hmac_ack == Proof::kValid);
}

TEST_CASE("a fast close with another key than its receiver's ends nothing", "[proof]") {
  for (const std::uint64_t wrong : {0ull, 1ull}) {
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{});
    Record record = run.record(first, 1, RecordKind::kFastClose);
    record.fast_close = FastCloseBody{Key{Secrets{}.responder_key ^ wrong}};
    run.send(first, record);
    run.close(first, 2);
    run.finish();
    CHECK((run.connections[0].close == ConnectionClose::kFastClose) == (wrong == 0));
  }
}

TEST_CASE("the same key twice at one host is no twin where both ends' numbers differ", "[proof]") {
  ControlRun run;
  const Secrets one;
  const Secrets two{.initiator_key = 99, .responder_key = one.responder_key};
  const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
  const Slot second = run.slot(tuple_of("10.0.0.7", 40000, "10.0.0.2", 80));
  run.connect(first, 0, one);
  run.syn_capable(second, 0.1, two);
  Record answer = run.record(second, 0.11, RecordKind::kSynAck, false);
  answer.syn_ack = SynAckBody{};
  answer.syn_ack.offer = Offer::kCapable;
  answer.syn_ack.version = 1;
  answer.syn_ack.flags = 1;
  answer.syn_ack.key = Key{two.responder_key};
  answer.syn_ack.opener_isn = 1000;
  answer.syn_ack.acceptor_isn = 2000;
  run.send(second, answer);
  run.capable_ack(second, 0.12, two);
  run.close(first, 1);
  run.close(second, 1);
  run.finish();
  CHECK(run.connections.size() == 2);
  CHECK(run.counters.twin_subflows == 0);
}

}  // namespace
}  // namespace mptap

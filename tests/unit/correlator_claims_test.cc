// What rows claim of a connection where proofs fail, lack, or are not computed.
#include <utility>

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

const KnownAddress* find_id(const AddressReports& list, std::uint8_t id, KnownAddress& out) {
  for (const AddressReport& it : list) {
    if (it.id != AddressId{id}) continue;
    out = KnownAddress{.id = it.id, .address = it.address, .removed = it.removed, .used = it.used};
    return &out;
  }
  return nullptr;
}

TEST_CASE("a join that comes to nothing is no subflow of the victim, and its address none of the victim's", "[claims]") {
  struct Row {
    const char* what;
    bool wrong_ack;
    bool half_open;
    std::uint32_t subflows;
  };
  const Row rows[] = {{"completed", false, false, 2}, {"a wrong HMAC", true, false, 1}, {"half open", false, true, 1}};
  for (const Row& row : rows) {
    INFO(row.what);
    ControlRun run;
    const Secrets secrets;
    const Slot first = run.slot();
    run.connect(first, 0, secrets);
    const Slot join = run.slot(tuple_of("10.0.0.66", 41000, "10.0.0.2", 80));
    run.syn_join(join, 1, secrets.token(Role::kResponder), 11, 66);
    run.syn_ack_join(join, 1.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
    auto hmac = ControlRun::ack_hmac(secrets, Role::kResponder);
    hmac[0] ^= row.wrong_ack ? 1 : 0;
    if (!row.half_open) run.join_ack(join, 1.02, hmac);
    Record closed = run.record(join, 80, RecordKind::kClosed);
    closed.closed = ClosedBody{CloseCause::kTimeout, row.half_open, closed.time_ns};
    run.send(join, closed);
    run.close(first, 90);
    run.finish();
    REQUIRE(run.connections.size() == 1);
    CHECK(run.connections[0].subflows == row.subflows);
    KnownAddress known;
    CHECK((find_id(run.connections[0].initiator_address_list, 66, known) != nullptr) == (row.subflows == 2));
  }
}

TEST_CASE("an ID that was removed names the address that uses it next", "[claims]") {
  ControlRun run;
  const Secrets secrets{.version = 0};
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  run.add_addr(first, 1, true, 3, "10.0.4.1", 0);
  run.remove_addr(first, 2, true, 3);
  const Slot join = run.slot(tuple_of("10.0.4.11", 41000, "10.0.0.2", 80));
  run.syn_join(join, 3, secrets.token(Role::kResponder), 11, 3);
  run.syn_ack_join(join, 3.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.join_ack(join, 3.02, ControlRun::ack_hmac(secrets, Role::kResponder));
  run.finish();
  KnownAddress known;
  REQUIRE(find_id(run.connections[0].initiator_address_list, 3, known) != nullptr);
  CHECK(known.address == ip("10.0.4.11"));
  CHECK_FALSE(known.removed);
  CHECK(known.used);
}

TEST_CASE("what a disproved key would say of the data is not said", "[claims]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  run.dss(first, 1, true, 77);  // not what the initiator's key gives
  Record dss = run.record(first, 1, RecordKind::kFirstDss);
  dss.dss = DssBody{};
  dss.dss.dsn = 77;
  dss.dss.ssn = 1;
  dss.dss.data_len = 100;
  dss.dss.dsn_known = true;
  dss.dss.flags = DssOption::kMapping | DssOption::kDsn8;
  run.send(first, dss);
  REQUIRE(run.noticed("key_change") == 1);
  Record counters = run.record(first, 2, RecordKind::kCounters, false);
  counters.counters = CountersBody{2, 0, 0, 0, 0, 177, 0};
  run.send(first, counters);
  run.close(first, 3);
  run.finish();
  CHECK_FALSE(run.connections[0].initiator_acked_bytes);
}

TEST_CASE("a key that was replaced in third ACK and first data alike is disproved by the next mapping", "[claims]") {
  // Behind the first data; the first data, or its end, sent again; anywhere else.
  for (const auto& [from_first, right] : {std::pair{151, true}, std::pair{1, true}, std::pair{150, true}, std::pair{0, false},
                                          std::pair{152, false}, std::pair{1'000'151, false}}) {
    ControlRun run;
    const Secrets secrets;
    const Slot first = run.slot();
    run.syn_capable(first, 0, secrets);
    run.syn_ack_capable(first, 0.01, secrets);
    Record ack = run.record(first, 0.02, RecordKind::kCapableAck);
    ack.capable_ack = CapableAckBody{};
    ack.capable_ack.sender_key = Key{secrets.initiator_key};
    ack.capable_ack.receiver_key = Key{secrets.responder_key};
    ack.capable_ack.version = 1;
    ack.capable_ack.has_data_len = true;
    ack.capable_ack.data_len = 150;
    run.send(first, ack);
    Record dss = run.record(first, 0.03, RecordKind::kFirstDss);
    dss.dss = DssBody{};
    dss.dss.dsn = testing::derive_idsn(1, secrets.initiator_key) + static_cast<std::uint64_t>(from_first);
    dss.dss.ssn = 151;
    dss.dss.data_len = 10;
    dss.dss.dsn_known = true;
    dss.dss.flags = DssOption::kMapping | DssOption::kDsn8;
    run.send(first, dss);
    CHECK(run.noticed("key_change") == (right ? 0 : 1));
  }
}

TEST_CASE("what the budget did not allow is unverified for that reason, and nothing is guessed", "[claims]") {
  CorrelatorOptions options;
  options.crypto_per_second = 1;
  ControlRun run(options);
  const Secrets secrets;
  const Slot first = run.slot();
  run.connect(first, 0, secrets);  // three digests
  const std::uint64_t start = testing::derive_idsn(1, secrets.responder_key) + 1;
  const Slot join = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
  run.join(join, 0.5, secrets);
  run.dss(first, 0.6, false, start);
  run.dss(join, 0.7, false, start + 100);
  run.close(join, 1);
  run.finish();
  CHECK(run.counters.crypto_shed > 0);
  CHECK(run.row_of(join).unverified == Unverified::kBudget);
  CHECK(run.notices.empty());
}

TEST_CASE("the event of an ADD_ADDR says whether its HMAC is valid, and which form it has", "[claims]") {
  ControlRun run;
  const Secrets secrets;
  run.correlator().choose_events({"mp_add_addr"});
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  Record add = run.record(first, 1, RecordKind::kAddAddr, false);
  add.add_addr = AddAddrBody{};
  add.add_addr.address = ip("10.0.2.2");
  add.add_addr.address_id = AddressId{1};
  add.add_addr.version = 1;
  add.add_addr.has_hmac = true;
  const std::uint8_t hmac[] = {0xc3, 0x96, 0x86, 0xd1, 0xf7, 0x01, 0x50, 0x91};  // a real one of Linux 6.18
  std::copy(std::begin(hmac), std::end(hmac), add.add_addr.hmac.begin());
  run.send(first, add);
  REQUIRE(run.events.size() == 1);
  CHECK(run.events[0].proof == Proof::kValid);
  CHECK(run.events[0].detail == "last_8_of_32");
  CHECK(run.events[0].length == 16);
  CHECK(run.events[0].ip_version == 4);
}

TEST_CASE("a join with a token in use, answered at a strange address by a wrong HMAC, is unknown", "[claims]") {
  ControlRun run;
  const Secrets secrets;
  run.connect(run.slot(), 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.66", 41000, "10.0.0.99", 80));
  run.syn_join(join, 1, secrets.token(Role::kResponder));
  run.syn_ack_join(join, 1.01, {});
  run.advance(5);
  CHECK(run.noticed("unknown_join") == 1);
}

TEST_CASE("bytes sent twice by one path are no re-injection", "[claims]") {
  for (const bool by_two : {false, true}) {
    ControlRun run;
    const Secrets secrets;
    const Slot first = run.slot();
    run.connect(first, 0, secrets);
    const Slot second = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
    run.join(second, 0.5, secrets);
    const std::uint64_t end = testing::derive_idsn(1, secrets.initiator_key) + 1 + 1000;
    const auto report = [&](const Slot& of, std::uint64_t mapped) {
      for (const bool from_opener : {true, false}) {
        Record counters = run.record(of, 1, RecordKind::kCounters, from_opener);
        counters.counters = from_opener ? CountersBody{9, 0, mapped, mapped, end, 0, 0} : CountersBody{9, 0, 0, 0, 0, end, 0};
        run.send(of, counters);
      }
    };
    report(first, 1200);
    report(second, by_two ? 500 : 0);
    run.close(first, 2);
    run.close(second, 2);
    run.finish();
    CHECK(run.connections[0].initiator_reinjected_bytes == (by_two ? 500u : 0u));
  }
}

}  // namespace
}  // namespace mptap

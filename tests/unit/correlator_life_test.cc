// What is known of a connection's life: round trips, NAT, priorities, fallbacks, data that was sent twice; and what of
// it where only a part was seen.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

TEST_CASE("round trips of handshakes, unless a SYN or its answer was repeated", "[life]") {
  for (const char* what : {"", "SYN", "SYN/ACK"}) {
    INFO("repeated: " << what);
    const bool repeated = *what != 0;
    ControlRun run;
    const Slot first = run.slot();
    run.syn_capable(first, 0, Secrets{});
    Record answer = run.record(first, 0.03, RecordKind::kSynAck, false);
    answer.syn_ack = SynAckBody{};
    answer.syn_ack.offer = Offer::kCapable;
    answer.syn_ack.version = 1;
    answer.syn_ack.flags = 1;
    answer.syn_ack.key = Key{Secrets{}.responder_key};
    answer.syn_ack.syn_repeated = std::string_view(what) == "SYN";
    run.send(first, answer);
    Record ack = run.record(first, 0.05, RecordKind::kCapableAck);
    if (std::string_view(what) == "SYN/ACK") ack.flags |= record_flag::kRepeated;
    ack.capable_ack = CapableAckBody{};
    ack.capable_ack.sender_key = Key{Secrets{}.initiator_key};
    ack.capable_ack.receiver_key = Key{Secrets{}.responder_key};
    ack.capable_ack.version = 1;
    run.send(first, ack);
    run.close(first, 1);
    const SubflowReport& row = run.row_of(first);
    CHECK(row.handshake_rtt_ns.has_value() == !repeated);
    if (repeated) continue;
    CHECK(row.acceptor_rtt_ns == 30'000'000u);
    CHECK(row.handshake_rtt_ns == 50'000'000u);
  }
}

TEST_CASE("NAT: a join from another address than its ID was advertised with", "[life]") {
  struct Row {
    const char* what;
    const char* advertised;  // nullptr: not
    std::uint8_t id;
    bool nat;
  };
  const Row rows[] = {
      {"not advertised", nullptr, 1, false},
      {"advertised as it is seen", "10.0.0.3", 1, false},
      {"advertised as another", "192.168.1.3", 1, true},
      {"another ID was", "192.168.1.3", 2, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ControlRun run;
    const Secrets secrets{.version = 0};  // v0 advertises without a proof
    const Slot first = run.slot();
    run.connect(first, 0, secrets);
    if (row.advertised != nullptr) run.add_addr(first, 0.5, true, row.id, row.advertised, 0);
    const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
    run.join(join, 1, secrets);
    run.close(join, 2);
    run.close(first, 2);
    run.finish();
    CHECK(run.row_of(join).nat == row.nat);
    CHECK(run.connections[0].nat == row.nat);
  }
}

Record prio(const ControlRun& run, const Slot& of, double at_s, bool from_opener, bool backup, int address_id = -1) {
  Record record = run.record(of, at_s, RecordKind::kPrio, from_opener);
  record.prio = PrioBody{backup, address_id >= 0, AddressId{static_cast<std::uint8_t>(std::max(address_id, 0))}};
  return record;
}

TEST_CASE("priorities over time, also of a path that another names", "[life]") {
  ControlRun run;
  const Secrets secrets{.version = 0};
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.join(join, 1, secrets);
  run.send(join, prio(run, join, 2, true, true));
  run.send(join, prio(run, join, 3, true, false));
  run.send(first, prio(run, first, 4, true, true, 1));  // address ID 1 is the join's
  run.close(join, 5);
  run.close(first, 5);
  const auto& changes = run.row_of(join).priority_changes;
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].after_ns == kSecondNs);
  CHECK(changes[0].backup);
  CHECK_FALSE(changes[1].backup);
  CHECK(changes[2].backup);
  CHECK(run.row_of(join).backup_at_end);
  CHECK_FALSE(run.row_of(join).backup);  // the handshake's
  CHECK(run.row_of(first).priority_changes.empty());
}

TEST_CASE("why attempts and connections fall back", "[life]") {
  constexpr auto count = [](const ControlRun& run, Fallback cause) {
    return run.counters.fallbacks[static_cast<std::size_t>(cause)].load();
  };
  {
    ControlRun run;
    const Slot first = run.slot();
    run.syn_capable(first, 0, Secrets{});
    run.answer(first, 0.1, Offer::kNone);
    run.close(first, 1);
    CHECK(run.row_of(first).fallback == Fallback::kNoOption);
    CHECK(count(run, Fallback::kNoOption) == 1);
  }
  {  // the same acceptor spoke MPTCP before
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{});
    const Slot second = run.slot(tuple_of("10.0.0.5", 1, "10.0.0.2", 80));
    run.syn_capable(second, 1, Secrets{});
    run.answer(second, 1.1, Offer::kNone);
    run.close(second, 2);
    CHECK(run.row_of(second).fallback == Fallback::kStripped);
    CHECK(std::string(run.notices.at(0).cause) == "stripped");
  }
  {  // SYN of v1, SYN/ACK of v0
    ControlRun run;
    const Slot first = run.slot();
    run.syn_capable(first, 0, Secrets{});
    run.syn_ack_capable(first, 0.1, Secrets{.version = 0});
    run.close(first, 1);
    run.finish();
    CHECK(run.row_of(first).state == SubflowState::kDenied);
    CHECK(run.row_of(first).fallback == Fallback::kVersion);
    CHECK(run.connections.empty());
  }
  {  // data without a DSS
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{});
    run.count(first, 1, true, 5, 100);
    run.close(first, 2);
    run.finish();
    CHECK(run.connections[0].fallback == Fallback::kNoDss);
    CHECK(run.connections[0].outcome == Outcome::kFallback);
  }
  {  // the infinite mapping; the first cause counts
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{});
    Record record = run.record(first, 1, RecordKind::kAnomaly);
    record.anomaly = AnomalyBody{};
    record.anomaly.kind = Anomaly::kInfiniteMapping;
    run.send(first, record);
    record.kind = RecordKind::kFail;
    record.fail = FailBody{1};
    run.send(first, record);
    run.close(first, 2);
    run.finish();
    CHECK(run.connections[0].fallback == Fallback::kInfiniteMapping);
    CHECK(count(run, Fallback::kInfiniteMapping) == 1);
    CHECK(count(run, Fallback::kFail) == 0);
  }
}

Record counters(const ControlRun& run, const Slot& of, double at_s, bool from_opener, std::uint64_t mapped,
                std::uint64_t dsn_high, std::uint64_t data_ack) {
  Record record = run.record(of, at_s, RecordKind::kCounters, from_opener);
  record.counters = CountersBody{5, 0, mapped, mapped, dsn_high, data_ack, record.time_ns};
  return record;
}

TEST_CASE("bytes that two subflows mapped, and bytes acknowledged", "[life]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.join(join, 1, secrets);
  const std::uint64_t start = testing::derive_idsn(1, secrets.initiator_key) + 1;
  const std::uint64_t other_start = testing::derive_idsn(1, secrets.responder_key) + 1;
  run.send(first, counters(run, first, 2, true, 1000, start + 1000, other_start));
  run.send(first, counters(run, first, 2, false, 0, 0, start + 1300));
  run.send(join, counters(run, join, 2, true, 500, start + 1300, other_start));  // 200 of them again
  run.send(join, counters(run, join, 2, false, 0, 0, start + 1301));             // a DATA_FIN is no byte
  run.close(join, 3);
  run.close(first, 3);
  run.finish();
  CHECK(run.connections[0].initiator_reinjected_bytes == 200u);
  CHECK(run.connections[0].initiator_acked_bytes == 1300u);
  CHECK_FALSE(run.connections[0].responder_reinjected_bytes);
}

TEST_CASE("a tap that hears the opener only: a partial connection, found by its token", "[life]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.syn_capable(first, 0, secrets);
  run.capable_ack(first, 0.02, secrets);  // both keys
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.syn_join(join, 1, secrets.token(Role::kResponder));
  run.join_ack(join, 1.02, ControlRun::ack_hmac(secrets, Role::kResponder));
  run.advance(10);
  run.close(join, 11);
  run.close(first, 11);
  run.finish();
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].outcome == Outcome::kPartial);
  CHECK(run.connections[0].responder_token == secrets.token(Role::kResponder));
  CHECK(run.row_of(first).state == SubflowState::kPartial);
  CHECK(run.row_of(join).state == SubflowState::kPartial);
  CHECK(run.row_of(join).matched_by == MatchedBy::kToken);
  CHECK(run.row_of(join).unverified == Unverified::kHandshake);
  CHECK(run.notices.empty());
}

TEST_CASE("a tap that hears the acceptor only: nothing is called unknown", "[life]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.unseen(first, 0);
  run.syn_ack_capable(first, 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.9", 80));
  run.unseen(join, 1);
  run.syn_ack_join(join, 1, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.advance(10);
  run.close(join, 11);
  run.close(first, 11);
  run.finish();
  CHECK(run.notices.empty());
  CHECK(run.counters.joins_unknown == 1);
  CHECK(run.row_of(join).state == SubflowState::kEstablished);
}

TEST_CASE("a subflow seen from its middle is found by its data's numbers, keys or no keys", "[life]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  const Slot middle = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.midstream(middle, 5);
  run.dss(middle, 5, true, testing::derive_idsn(1, secrets.initiator_key) + 5000);
  run.close(middle, 6);
  run.close(first, 6);
  run.finish();
  CHECK(run.connections.size() == 1);
  CHECK(run.row_of(middle).matched_by == MatchedBy::kDsn);
  CHECK(run.row_of(middle).connection->mp_id == 0);
}

TEST_CASE("addresses of both hosts: advertised, used, removed", "[life]") {
  ControlRun run;
  const Secrets secrets{.version = 0};
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  run.add_addr(first, 1, false, 4, "10.0.0.9", 0, 8080);
  run.remove_addr(first, 2, false, 4);
  run.close(first, 3);
  run.finish();
  const auto& own = run.connections[0].initiator_address_list;
  const auto& peer = run.connections[0].responder_address_list;
  REQUIRE(own.size() == 1);
  CHECK(own[0].used);
  CHECK_FALSE(own[0].advertised);
  REQUIRE(peer.size() == 2);
  CHECK(peer[1].id == AddressId{4});
  CHECK(peer[1].port == 8080);
  CHECK(peer[1].advertised);
  CHECK(peer[1].removed);
  CHECK_FALSE(peer[1].used);
}

}  // namespace
}  // namespace mptap

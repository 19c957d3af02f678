// Connections: how they begin, what their rows say, how they end.
#include <set>

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

TEST_CASE("a connection from its handshake to its end, in both versions", "[correlator]") {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    ControlRun run;
    const Secrets secrets{.version = version};
    const Slot first = run.slot();
    run.connect(first, 0, secrets);
    run.dss(first, 1, true, 100);
    run.dss(first, 1, false, 200);
    run.count(first, 2, true, 10, 1000);
    run.count(first, 2, false, 20, 2000);
    run.data_fin(first, 3, true);
    run.data_fin(first, 3.1, false);
    run.close(first, 4);
    REQUIRE(run.connections.size() == 1);  // at once: it said that it ends
    const ConnectionReport& row = run.connections[0];
    CHECK(row.name.mp_id == 0);
    CHECK(row.version == version);
    CHECK(row.tuple == first.tuple);
    CHECK(row.start_ns == ControlRun::ns(0));
    CHECK(row.end_ns == ControlRun::ns(4));
    CHECK(row.initiator_token == secrets.token(Role::kInitiator));
    CHECK(row.responder_token == secrets.token(Role::kResponder));
    CHECK(row.close == ConnectionClose::kDataFin);
    CHECK(row.outcome == Outcome::kEstablished);
    CHECK(row.subflows == 1);
    CHECK(row.from_initiator.segments == 10);
    CHECK(row.from_responder.payload_bytes == 2000);
    CHECK_FALSE(row.checksums);
    const SubflowReport& subflow = run.row_of(first);
    CHECK(subflow.is_initial);
    CHECK(subflow.matched_by == MatchedBy::kInitial);
    CHECK(subflow.state == SubflowState::kEstablished);
    CHECK(subflow.close == CloseCause::kFin);
    CHECK(subflow.connection->uid() == row.name.uid());
    run.finish();
    CHECK(run.connections.size() == 1);
    CHECK(run.subflows.size() == 1);
    CHECK(run.counters.connections_established == 1);
    CHECK(run.counters.connections_closed == 1);
    CHECK(run.counters.connections == 0);
  }
}

TEST_CASE("how a connection is said to have ended", "[correlator]") {
  struct Row {
    const char* what;
    void (*play)(ControlRun&, const Slot&);
    ConnectionClose close;
    bool at_once;
  };
  const Row rows[] = {
      {"DATA_FIN both ways", [](ControlRun& run, const Slot& of) { run.data_fin(of, 1, true); run.data_fin(of, 1, false); run.close(of, 2); },
       ConnectionClose::kDataFin, true},
      {"one DATA_FIN", [](ControlRun& run, const Slot& of) { run.data_fin(of, 1, true); run.close(of, 2); },
       ConnectionClose::kLastSubflowGone, false},
      {"fast close", [](ControlRun& run, const Slot& of) { run.fast_close(of, 1); run.reset(of, 1, true, false); run.close(of, 1, CloseCause::kReset); },
       ConnectionClose::kFastClose, true},
      {"RST", [](ControlRun& run, const Slot& of) { run.reset(of, 1, true, false); run.close(of, 1, CloseCause::kReset); },
       ConnectionClose::kReset, false},
      {"silence", [](ControlRun& run, const Slot& of) { run.close(of, 3700, CloseCause::kTimeout); }, ConnectionClose::kTimeout, false},
      {"the last subflow's FIN", [](ControlRun& run, const Slot& of) { run.close(of, 2); }, ConnectionClose::kLastSubflowGone, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{});
    row.play(run, first);
    CHECK(run.connections.size() == (row.at_once ? 1u : 0u));
    run.advance(5000);
    REQUIRE(run.connections.size() == 1);
    CHECK(run.connections[0].close == row.close);
  }
}

TEST_CASE("what is open when the sensor stops is told as open, once", "[correlator]") {
  ControlRun run;
  const Secrets a{.initiator_key = 1, .responder_key = 2};
  const Secrets b{.initiator_key = 3, .responder_key = 4};
  const Secrets c{.initiator_key = 5, .responder_key = 6};
  const Slot one = run.slot(tuple_of("10.0.0.1", 1, "10.0.0.2", 80));
  const Slot two = run.slot(tuple_of("10.0.0.1", 2, "10.0.0.2", 80));
  const Slot three = run.slot(tuple_of("10.0.0.1", 3, "10.0.0.2", 80));
  const Slot attempt = run.slot(tuple_of("10.0.0.1", 4, "10.0.0.2", 80));
  run.connect(one, 0, a);
  run.connect(two, 1, b);
  run.connect(three, 2, c);
  run.syn_capable(attempt, 3, Secrets{});
  run.close(two, 4);                     // lingers
  run.close(three, 5, CloseCause::kExit);  // the worker's last word
  run.finish();
  REQUIRE(run.connections.size() == 3);
  std::set<std::uint64_t> ids;
  for (const ConnectionReport& row : run.connections) {
    ids.insert(row.name.mp_id);
    CHECK(row.close == (row.name.mp_id == 1 ? ConnectionClose::kLastSubflowGone : ConnectionClose::kOpen));
  }
  CHECK(ids == std::set<std::uint64_t>{0, 1, 2});
  CHECK(run.subflows.size() == 4);
  CHECK(run.row_of(attempt).state == SubflowState::kAttempted);
  CHECK_FALSE(run.row_of(attempt).connection);
  CHECK(run.row_of(one).close == CloseCause::kExit);
  run.finish();
  CHECK(run.connections.size() == 3);
  CHECK(run.subflows.size() == 4);
}

TEST_CASE("MP_ID counts connections in the order of their establishment", "[correlator]") {
  ControlRun run;
  const Secrets a{.initiator_key = 1, .responder_key = 2};
  const Secrets b{.initiator_key = 3, .responder_key = 4};
  const Slot slow = run.slot(tuple_of("10.0.0.1", 1, "10.0.0.2", 80));
  const Slot denied = run.slot(tuple_of("10.0.0.1", 9, "10.0.0.2", 80));
  const Slot fast = run.slot(tuple_of("10.0.0.1", 2, "10.0.0.2", 80));
  run.syn_capable(slow, 0, a);
  run.syn_capable(denied, 0.1, a);
  run.syn_capable(fast, 0.5, b);
  run.answer(denied, 0.55, Offer::kNone);
  run.syn_ack_capable(fast, 0.6, b);
  run.syn_ack_capable(slow, 0.9, a);
  run.finish();
  CHECK(run.row_of(fast).connection->mp_id == 0);
  CHECK(run.row_of(slow).connection->mp_id == 1);
  CHECK_FALSE(run.row_of(denied).connection);
  CHECK(run.row_of(fast).connection->uid() != run.row_of(slow).connection->uid());
}

TEST_CASE("a connection without a subflow lingers, and a join may bring it back", "[correlator]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  run.close(first, 10);
  run.advance(69);
  CHECK(run.connections.empty());
  const Slot join = run.slot(tuple_of("10.0.0.1", 50000, "10.0.0.2", 80));
  run.join(join, 69.5, secrets);
  run.advance(500);
  CHECK(run.connections.empty());
  run.close(join, 600);
  run.advance(659);
  CHECK(run.connections.empty());
  run.advance(661);
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].subflows == 2);
  CHECK(run.connections[0].end_ns == ControlRun::ns(600));
  const Slot late = run.slot(tuple_of("10.0.0.1", 50001, "10.0.0.2", 80));
  run.join(late, 670, secrets);  // its token is gone, but remembered for a while
  run.advance(680);
  CHECK(run.counters.joins_unknown == 1);
  CHECK(run.noticed("unknown_join") == 0);
  const Slot other = run.slot(tuple_of("10.0.0.1", 50003, "10.0.0.3", 80));
  run.connect(other, 700, Secrets{.initiator_key = 1, .responder_key = 2});
  run.close(other, 701);
  run.advance(770);  // as others end, those before are forgotten
  run.join(run.slot(tuple_of("10.0.0.1", 50002, "10.0.0.2", 80)), 780, secrets);
  run.advance(790);
  CHECK(run.noticed("unknown_join") == 1);
}

TEST_CASE("the idle one that waits longest makes room for another connection", "[correlator]") {
  CorrelatorOptions options;
  options.max_connections = 2;
  ControlRun run(options);
  const auto secrets_of = [](std::uint64_t i) { return Secrets{.initiator_key = i * 2 + 1, .responder_key = i * 2 + 2}; };
  std::vector<Slot> slots;
  for (std::uint16_t i = 0; i < 4; ++i) slots.push_back(run.slot(tuple_of("10.0.0.1", static_cast<std::uint16_t>(i + 1), "10.0.0.2", 80)));
  run.connect(slots[0], 0, secrets_of(0));
  run.connect(slots[1], 1, secrets_of(1));
  run.connect(slots[2], 2, secrets_of(2));  // none idles
  CHECK(run.counters.connections_not_stored == 1);
  CHECK(run.connections.empty());
  run.close(slots[1], 3);
  run.connect(slots[3], 4, secrets_of(3));
  CHECK(run.counters.connections_evicted == 1);
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].name.mp_id == 1);
  run.finish();
  CHECK(run.connections.size() == 3);
  CHECK_FALSE(run.row_of(slots[2]).connection);
  CHECK(run.row_of(slots[2]).state == SubflowState::kEstablished);
}

TEST_CASE("fallback: data, but none of it mapped", "[correlator]") {
  ControlRun run;
  const Slot first = run.slot();
  run.connect(first, 0, Secrets{});
  run.count(first, 1, true, 10, 1000);
  run.close(first, 2);
  run.finish();
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].outcome == Outcome::kFallback);
}

TEST_CASE("checksums are negotiated where either side asks", "[correlator]") {
  for (const int which : {0, 1, 2, 3}) {
    ControlRun run;
    const Slot first = run.slot();
    run.syn_capable(first, 0, Secrets{}, (which & 1) != 0 ? 0x81 : 0x01);
    run.syn_ack_capable(first, 0.1, Secrets{}, (which & 2) != 0 ? 0x81 : 0x01);
    run.finish();
    CHECK(run.connections[0].checksums == (which != 0));
  }
}

TEST_CASE("a slot of another generation closes the one before; its late records are stale", "[correlator]") {
  ControlRun run;
  Slot first = run.slot();
  run.connect(first, 0, Secrets{});
  Slot second = first;
  second.generation = 2;
  second.tuple = tuple_of("10.0.0.5", 5, "10.0.0.6", 6);
  run.syn_capable(second, 1, Secrets{.initiator_key = 8, .responder_key = 9});
  CHECK(run.row_of(first).close == CloseCause::kReplaced);
  run.count(first, 2, true, 99, 99);
  run.close(first, 2);
  CHECK(run.counters.records_stale == 2);
  run.finish();
  CHECK(run.subflows.size() == 2);
}

TEST_CASE("mid-stream: a connection from an ACK with both keys, or from DSS both ways", "[correlator]") {
  ControlRun run;
  const Secrets secrets;
  const Slot keyed = run.slot(tuple_of("10.0.0.1", 1, "10.0.0.2", 80));
  run.midstream(keyed, 0);
  run.capable_ack(keyed, 0, secrets);
  const Slot join = run.slot(tuple_of("172.16.0.1", 1, "172.16.0.2", 80));
  run.join(join, 1, secrets);  // both keys are known now
  const Slot one_way = run.slot(tuple_of("10.0.1.1", 1, "10.0.1.2", 80));
  run.midstream(one_way, 2);
  run.dss(one_way, 2, true, 12345);
  run.finish();
  CHECK(run.row_of(join).matched_by == MatchedBy::kHmac);
  CHECK_FALSE(run.row_of(one_way).connection);
  CHECK(run.row_of(one_way).state == SubflowState::kPartial);
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].outcome == Outcome::kPartial);
  CHECK(run.connections[0].responder_token == secrets.token(Role::kResponder));
  CHECK(run.counters.connections_partial == 1);
  CHECK(run.counters.connections_established == 0);
}

TEST_CASE("a connection that made room says so", "[correlator]") {
  CorrelatorOptions options;
  options.max_connections = 1;
  ControlRun run(options);
  const Slot first = run.slot(tuple_of("10.0.0.1", 1, "10.0.0.2", 80));
  run.connect(first, 0, Secrets{});
  run.close(first, 1);
  run.connect(run.slot(tuple_of("10.0.0.1", 2, "10.0.0.2", 80)), 2, Secrets{.initiator_key = 5, .responder_key = 6});
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].close == ConnectionClose::kEvicted);
}

}  // namespace
}  // namespace mptap

// One subflow seen on both sides of a NAT or balancer: it is told once, and is no attack.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

TEST_CASE("a handshake seen on both sides of a NAT is one connection, whichever side is seen first", "[correlator]") {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (const bool inside_first : {true, false}) {
      ControlRun run;
      const Secrets secrets{.version = version};
      const Slot inside = run.slot(tuple_of("192.168.1.5", 40000, "10.0.0.2", 80), 0);
      const Slot outside = run.slot(tuple_of("203.0.113.1", 61000, "10.0.0.2", 80), 1);
      // The SYN passes the inside first, the SYN/ACK the outside. Control may get them in any order of workers.
      const auto play = [&](const Slot& of, double late) {
        run.syn_capable(of, 0 + late, secrets);
        run.syn_ack_capable(of, 0.1 - late, secrets);
        run.capable_ack(of, 0.2 + late, secrets);
      };
      if (inside_first) {
        play(inside, 0);
        play(outside, 0.001);
      } else {
        play(outside, 0.001);
        play(inside, 0);
      }
      run.close(inside, 1);
      run.close(outside, 1.001);
      run.finish();
      INFO("v" << int{version} << (inside_first ? " inside first" : " outside first"));
      REQUIRE(run.connections.size() == 1);
      CHECK(run.connections[0].tuple == inside.tuple);  // nearer to the opener
      CHECK(run.connections[0].subflows == 1);
      REQUIRE(run.subflows.size() == 1);
      CHECK(run.subflows[0].tuple == inside.tuple);
      CHECK(run.counters.twin_subflows == 1);
      CHECK(run.counters.token_collisions == 0);
      CHECK(run.notices.empty());
    }
  }
}

TEST_CASE("a join seen on both sides is one join", "[correlator]") {
  for (const bool inside_first : {true, false}) {
    ControlRun run;
    const Secrets secrets;
    run.connect(run.slot(), 0, secrets);
    const Slot inside = run.slot(tuple_of("192.168.1.6", 40001, "10.0.0.2", 80), 0);
    const Slot outside = run.slot(tuple_of("203.0.113.1", 61001, "10.0.0.2", 80), 1);
    if (inside_first) {
      run.join(inside, 1, secrets);
      run.join(outside, 1.001, secrets);
    } else {
      run.join(outside, 1.001, secrets);
      run.join(inside, 1, secrets);
    }
    run.close(inside, 2);
    run.close(outside, 2.001);
    run.finish();
    CHECK(run.row_of(inside).matched_by == MatchedBy::kHmac);
    CHECK(run.row_of(inside).hmac_synack == Proof::kValid);
    CHECK(std::none_of(run.subflows.begin(), run.subflows.end(), [&](const auto& row) { return row.tuple == outside.tuple; }));
    REQUIRE(run.connections.size() == 1);
    CHECK(run.connections[0].subflows == 2);
    CHECK(run.counters.twin_subflows == 1);
    CHECK(run.counters.joins_matched == 2);  // both were answered and matched
  }
}

TEST_CASE("of two sightings that which was answered counts as established, if it is nearer", "[correlator]") {
  for (const bool inside_first : {true, false}) {
    ControlRun run;
    const Secrets secrets;
    const Slot answered = run.slot(tuple_of("192.168.1.5", 40000, "10.0.0.2", 80), 0);
    const Slot half_heard = run.slot(tuple_of("203.0.113.1", 61000, "10.0.0.2", 80), 1);
    run.syn_capable(half_heard, 0.01, secrets);
    run.capable_ack(half_heard, 0.02, secrets);
    run.advance(60);  // its word is taken: a partial connection
    REQUIRE(run.counters.connections_partial == 1);
    run.syn_capable(answered, inside_first ? 0 : 0.015, secrets);  // by a worker that is late
    run.syn_ack_capable(answered, 0.1, secrets);
    run.close(answered, 61);
    run.close(half_heard, 61);
    run.finish();
    REQUIRE(run.subflows.size() == 1);
    CHECK(run.counters.twin_subflows == 1);
    const bool is_established = run.subflows[0].state == SubflowState::kEstablished;
    CHECK(is_established == inside_first);
    CHECK(run.counters.subflows_established == (is_established ? 1 : 0));
  }
}

TEST_CASE("the same keys much later are another connection", "[correlator]") {
  ControlRun run;
  const Secrets secrets;
  run.connect(run.slot(tuple_of("192.168.1.5", 40000, "10.0.0.2", 80)), 0, secrets);
  run.connect(run.slot(tuple_of("203.0.113.1", 61000, "10.0.0.2", 80)), 10, secrets);
  run.finish();
  CHECK(run.connections.size() == 2);
  CHECK(run.counters.twin_subflows == 0);
}

TEST_CASE("other keys at the same time are another connection", "[correlator]") {
  ControlRun run;
  const Secrets one{.version = 0, .initiator_key = 1, .responder_key = 9};
  const Secrets two{.version = 0, .initiator_key = 2, .responder_key = 9};
  run.connect(run.slot(tuple_of("192.168.1.5", 40000, "10.0.0.2", 80)), 0, one);
  run.connect(run.slot(tuple_of("203.0.113.1", 61000, "10.0.0.2", 80)), 0.1, two);
  run.finish();
  CHECK(run.connections.size() == 2);
}

TEST_CASE("a twin of the initial subflow is found where a join came first in the list", "[correlator]") {
  ControlRun run;
  const Secrets secrets{.version = 0};
  const Slot inside = run.slot(tuple_of("192.168.1.5", 40000, "10.0.0.2", 80), 0);
  const Slot outside = run.slot(tuple_of("203.0.113.1", 61000, "10.0.0.2", 80), 1);
  run.connect(inside, 0, secrets);
  const Slot join = run.slot(tuple_of("192.168.1.6", 40001, "10.0.0.2", 80), 0);
  run.join(join, 0.1, secrets);
  run.close(inside, 0.3);
  run.connect(outside, 0.0005, secrets);  // the other worker is late
  run.close(outside, 0.3005);
  run.close(join, 1);
  run.finish();
  CHECK(run.connections.size() == 1);
  CHECK(run.subflows.size() == 2);  // none for the second sighting, whose first has ended
  CHECK(run.counters.twin_subflows == 1);
  CHECK(run.row_of(join).matched_by == MatchedBy::kHmac);
  CHECK(run.row_of(inside).connection->mp_id == 0);
}

}  // namespace
}  // namespace mptap

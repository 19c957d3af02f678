// Joins: which connection they belong to, how that is proven, and when they are called unknown.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

TEST_CASE("a join is matched by its token and proven by its HMACs, from either host, in both versions", "[correlator]") {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (const Role acceptor : {Role::kResponder, Role::kInitiator}) {
      ControlRun run;
      const Secrets secrets{.version = version};
      run.connect(run.slot(), 0, secrets);
      const Slot join = run.slot(tuple_of("172.16.0.1", 50000, "172.16.0.2", 60000));  // addresses say nothing
      run.join(join, 1, secrets, acceptor);
      run.finish();
      INFO(int{version});
      const SubflowReport& row = run.row_of(join);
      CHECK(row.state == SubflowState::kEstablished);
      CHECK(row.matched_by == MatchedBy::kHmac);
      CHECK(row.hmac_synack == Proof::kValid);
      CHECK(row.hmac_ack == Proof::kValid);
      CHECK_FALSE(row.is_initial);
      REQUIRE(row.connection);
      CHECK(row.connection->mp_id == 0);
      CHECK(row.token == secrets.token(acceptor));
      CHECK(run.counters.joins_matched == 1);
      CHECK(run.counters.joins_unknown == 0);
      CHECK(run.counters.hmac_valid == 2);
      REQUIRE(run.connections.size() == 1);
      CHECK(run.connections[0].subflows == 2);
      CHECK(run.connections[0].responder_token == secrets.token(Role::kResponder));
      CHECK(run.connections[0].initiator_token == secrets.token(Role::kInitiator));
      CHECK(run.notices.empty());
    }
  }
}

TEST_CASE("a wrong HMAC is told where the addresses say that the join is meant", "[correlator]") {
  ControlRun run;
  const Secrets secrets;
  run.connect(run.slot(), 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.1", 50000, "10.0.0.2", 80));
  run.syn_join(join, 1, secrets.token(Role::kResponder));
  run.syn_ack_join(join, 1.01, {1, 2, 3});
  run.join_ack(join, 1.02, {4, 5, 6});
  run.finish();
  CHECK(run.row_of(join).matched_by == MatchedBy::kToken);
  CHECK(run.row_of(join).hmac_synack == Proof::kInvalid);
  CHECK(run.row_of(join).hmac_ack == Proof::kInvalid);
  CHECK(run.counters.hmac_invalid == 2);
}

TEST_CASE("both tokens of a connection whose key changed are nobody's once it has ended", "[correlator]") {
  const Secrets old_ones{.initiator_key = 111, .responder_key = 42};
  const Secrets changed{.initiator_key = 111, .responder_key = 43};
  for (const Secrets& asked : {old_ones, changed}) {
    INFO("key " << asked.responder_key);
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, old_ones);
    run.capable_ack(first, 0.1, changed);
    REQUIRE(run.noticed("key_change") == 1);
    run.close(first, 1);
    run.advance(62);
    REQUIRE(run.counters.connections_closed == 1);
    run.connect(run.slot(tuple_of("10.0.0.1", 40001, "10.0.0.2", 80)), 63, {.initiator_key = 7, .responder_key = 8});  // in its place
    const Slot join = run.slot(tuple_of("10.0.0.1", 50000, "10.0.0.2", 80));
    run.syn_join(join, 64, asked.token(Role::kResponder));
    run.syn_ack_join(join, 64.01, {1, 2, 3});
    run.join_ack(join, 64.02, {4, 5, 6});
    run.finish();
    CHECK(run.counters.joins_unknown == 1);
    CHECK(run.counters.joins_matched == 0);
    CHECK(run.noticed("join_hmac") == 0);
  }
}

TEST_CASE("two connections with one token: the HMAC decides", "[correlator]") {
  for (const bool second : {false, true}) {
    ControlRun run;
    // Same responder key, hence the same token at both: only the initiators' keys tell them apart.
    const Secrets one{.initiator_key = 111, .responder_key = 42};
    const Secrets two{.initiator_key = 222, .responder_key = 42};
    run.connect(run.slot(tuple_of("10.0.0.1", 1, "10.0.0.2", 80)), 0, one);
    run.connect(run.slot(tuple_of("10.0.1.1", 1, "10.0.1.2", 80)), 5, two);
    CHECK(run.counters.token_collisions == 1);
    const Slot join = run.slot(tuple_of("10.9.0.1", 1, "10.9.0.2", 80));
    run.join(join, 6, second ? two : one);
    run.finish();
    REQUIRE(run.row_of(join).connection);
    CHECK(run.row_of(join).connection->mp_id == (second ? 1u : 0u));
    CHECK(run.row_of(join).matched_by == MatchedBy::kHmac);
  }
}

TEST_CASE("a join waits for its handshake, within its grace time and no longer", "[correlator]") {
  for (const double handshake_s : {0.5, 1.5, 1.9, 2.5, 10.0}) {
    ControlRun run;
    const Secrets secrets;
    const Slot join = run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.2", 80), 1);
    run.join(join, 0, secrets);
    CHECK(run.counters.joins_waiting == 1);
    run.connect(run.slot(), handshake_s, secrets);
    run.finish();
    INFO(handshake_s);
    const bool in_time = handshake_s < 2;
    CHECK(run.noticed("unknown_join") == (in_time ? 0u : 1u));
    CHECK(run.counters.joins_matched == (in_time ? 1u : 0u));
    CHECK(run.counters.joins_unknown == (in_time ? 0u : 1u));
    CHECK(run.counters.joins_waiting == 0);
    CHECK((run.row_of(join).matched_by == MatchedBy::kHmac) == in_time);
    if (in_time) CHECK(run.row_of(join).hmac_ack == Proof::kValid);
  }
}

TEST_CASE("an unknown join: told once, by its acceptor, at the end of its grace time", "[correlator]") {
  ControlRun run;
  const Slot join = run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.2", 80));
  run.join(join, 0, Secrets{});
  run.advance(1.9);
  CHECK(run.notices.empty());
  run.advance(100);
  REQUIRE(run.notices.size() == 1);
  const Notice& notice = run.notices[0];
  CHECK(std::string(notice.note) == "unknown_join");
  CHECK(notice.severity == Severity::kInfo);
  CHECK_FALSE(notice.connection);
  CHECK(notice.time_ns == ControlRun::ns(2.01));
  CHECK(notice.source == Endpoint{ip("10.0.0.2"), 80});
  run.close(join, 101);
  run.finish();
  CHECK(run.notices.size() == 1);
  CHECK(run.row_of(join).state == SubflowState::kEstablished);
  CHECK(run.row_of(join).matched_by == MatchedBy::kNone);
}

TEST_CASE("joins that are not answered with MPTCP are never unknown", "[correlator]") {
  ControlRun run;
  const Slot silent = run.slot(tuple_of("10.0.0.3", 1, "10.0.0.2", 80));
  const Slot denied = run.slot(tuple_of("10.0.0.3", 2, "10.0.0.2", 80));
  const Slot refused = run.slot(tuple_of("10.0.0.3", 3, "10.0.0.2", 80));
  for (const Slot& slot : {silent, denied, refused}) run.syn_join(slot, 0, Token{1});
  run.answer(denied, 0.1, Offer::kNone);
  run.reset(refused, 0.1, false, true);
  run.close(refused, 0.1, CloseCause::kReset);
  run.advance(50);
  run.close(silent, 75, CloseCause::kUnanswered);
  run.finish();
  CHECK(run.notices.empty());
  CHECK(run.row_of(silent).state == SubflowState::kAttempted);
  CHECK(run.row_of(denied).state == SubflowState::kDenied);
  CHECK(run.row_of(refused).state == SubflowState::kRefused);
  CHECK(run.counters.joins_unknown == 0);
  CHECK(run.counters.subflows_refused == 1);
  CHECK(run.counters.subflows_denied == 1);
}

TEST_CASE("without keys, addresses decide, and the log says so", "[correlator]") {
  ControlRun run;
  const Slot first = run.slot();
  run.midstream(first, 0);
  run.dss(first, 0.1, true, 0x1000);
  run.dss(first, 0.2, false, 0x2000);
  CHECK(run.counters.connections_partial == 1);
  const Slot join = run.slot(tuple_of("10.0.0.77", 50000, "10.0.0.2", 80));
  run.join(join, 1, Secrets{});
  const Slot again = run.slot(tuple_of("10.0.0.78", 50000, "10.99.0.2", 80));  // no address that is known: the token learned
  run.syn_join(again, 2, Secrets{}.token(Role::kResponder), 3333);
  run.syn_ack_join(again, 2.01, {}, 4444);
  run.finish();
  CHECK(run.row_of(join).matched_by == MatchedBy::kAddress);
  CHECK(run.row_of(join).hmac_synack == Proof::kUnverified);
  CHECK(run.row_of(again).matched_by == MatchedBy::kToken);
  CHECK(run.row_of(first).state == SubflowState::kPartial);
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].outcome == Outcome::kPartial);
  CHECK(run.connections[0].subflows == 3);
  CHECK(run.notices.empty());
}

TEST_CASE("an address advertised while a join waits explains it", "[correlator]") {
  ControlRun run;
  const Slot first = run.slot();
  run.midstream(first, 0);
  run.dss(first, 0.1, true, 0x1000);
  run.dss(first, 0.2, false, 0x2000);
  const Slot join = run.slot(tuple_of("10.0.0.1", 50000, "10.77.0.2", 80), 1);
  run.join(join, 1, Secrets{});
  CHECK(run.counters.joins_waiting == 1);
  run.add_addr(first, 1.5, false, 4, "10.77.0.2");
  run.advance(5);
  run.finish();
  CHECK(run.row_of(join).matched_by == MatchedBy::kAddress);
  CHECK(run.noticed("unknown_join") == 0);
}

TEST_CASE("a SYN/ACK in front of its SYN: the token comes late and counts", "[correlator]") {
  ControlRun run;
  const Secrets secrets;
  run.connect(run.slot(), 0, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.4", 80));
  run.unseen(join, 1);
  run.syn_ack_join(join, 1, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.syn_join(join, 1.001, secrets.token(Role::kResponder));
  run.join_ack(join, 1.02, ControlRun::ack_hmac(secrets, Role::kResponder));
  run.finish();
  CHECK(run.row_of(join).matched_by == MatchedBy::kHmac);
  CHECK(run.row_of(join).hmac_ack == Proof::kValid);
  CHECK(run.counters.joins_matched == 1);
  CHECK(run.counters.joins_waiting == 0);
}

TEST_CASE("a keyless sibling is found by its data sequence numbers", "[correlator]") {
  ControlRun run;
  const Slot first = run.slot();
  run.midstream(first, 0);
  run.dss(first, 0.1, true, 0x5000'0000'0000'0000);
  run.dss(first, 0.2, false, 0x6000'0000'0000'0000);
  const Slot sibling = run.slot(tuple_of("172.16.0.1", 1, "172.16.0.2", 2));
  run.midstream(sibling, 1);
  run.dss(sibling, 1.1, true, 0x5000'0000'0000'1000);
  run.finish();
  CHECK(run.row_of(sibling).matched_by == MatchedBy::kDsn);
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].subflows == 2);
}

TEST_CASE("a short join waits its grace time, too, before it is called unknown", "[correlator]") {
  ControlRun run;
  const Secrets secrets;
  const Slot join = run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.2", 80), 1);
  run.join(join, 0, secrets);
  run.close(join, 0.5);
  run.connect(run.slot(), 1, secrets);  // another worker's records come later
  run.advance(10);
  CHECK(run.noticed("unknown_join") == 0);
  CHECK(run.counters.joins_matched == 1);
}

}  // namespace
}  // namespace mptap

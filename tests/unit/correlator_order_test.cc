// Answers that come late, twice, or say otherwise: a subflow is answered once, and stays in its connection.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;

/// Every answered join is matched, unknown or waiting; every connection that began has ended once.
void check_sums(const ControlRun& run, std::uint64_t joins_answered) {
  const ControlCounters& sum = run.counters;
  CHECK(sum.joins_matched + sum.joins_unknown + sum.joins_waiting == joins_answered);
  CHECK(sum.connections_established + sum.connections_partial == sum.connections_closed);
  CHECK(run.connections.size() == sum.connections_closed);
  CHECK(sum.connections == 0);
}

TEST_CASE("a SYN/ACK that comes after its opener was taken at its word leaves the subflow where it is",
          "[order]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.syn_capable(first, 0, secrets);
  run.capable_ack(first, 0.02, secrets);
  run.advance(5);  // nobody was heard to answer: the third ACK's word is taken
  REQUIRE(run.counters.connections_partial == 1);
  run.syn_ack_capable(first, 5, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.syn_join(join, 6, secrets.token(Role::kResponder));
  run.join_ack(join, 6.02, ControlRun::ack_hmac(secrets, Role::kResponder));
  run.advance(11);
  run.syn_ack_join(join, 11, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.close(join, 12);
  run.close(first, 12);
  run.advance(100);
  run.finish();
  REQUIRE(run.connections.size() == 1);
  CHECK(run.connections[0].subflows == 2);
  CHECK(run.row_of(first).state == SubflowState::kEstablished);
  CHECK(run.row_of(first).matched_by == MatchedBy::kInitial);
  CHECK(run.row_of(join).state == SubflowState::kEstablished);
  CHECK(run.row_of(join).hmac_synack == Proof::kValid);
  CHECK(run.row_of(join).hmac_ack == Proof::kValid);
  CHECK(run.row_of(join).matched_by == MatchedBy::kHmac);
  CHECK(run.notices.empty());
  check_sums(run, 1);
}

TEST_CASE("a late SYN/ACK with another key than its opener acknowledged is told", "[order]") {
  ControlRun run;
  const Secrets secrets;
  Secrets other = secrets;
  other.responder_key ^= 1;
  const Slot first = run.slot();
  run.syn_capable(first, 0, secrets);
  run.capable_ack(first, 0.02, secrets);
  run.advance(5);
  run.syn_ack_capable(first, 5, other);
  run.close(first, 6);
  run.finish();
  CHECK(run.noticed("key_change") == 1);
  check_sums(run, 0);
}

TEST_CASE("an answer that is told twice counts once", "[order]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.connect(first, 0, secrets);
  run.syn_ack_capable(first, 0.05, secrets);
  const Slot join = run.slot(tuple_of("10.0.0.3", 40001, "10.0.0.2", 80));
  run.join(join, 1, secrets);
  run.syn_ack_join(join, 1.05, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.close(join, 2);
  run.close(first, 2);
  run.advance(100);  // nothing of them is left in their connection, which ends
  CHECK(run.connections.size() == 1);
  run.finish();
  CHECK(run.counters.subflows_established == 2);
  check_sums(run, 1);
}

TEST_CASE("a SYN that contradicts the answer before it was not the one answered", "[order]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();  // a connection without keys: addresses tell what belongs to it
  run.midstream(first, 0);
  run.dss(first, 0.1, true, 0x5000'0000'0000'0000);
  run.dss(first, 0.2, false, 0x6000'0000'0000'0000);
  const Slot join = run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.4", 80));
  run.unseen(join, 1);
  run.syn_ack_join(join, 1, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.syn_capable(join, 1.001, secrets);
  run.add_addr(first, 1.5, false, 7, "10.0.0.4", 0);  // explains the join, which waits
  run.advance(10);
  run.finish();
  CHECK(run.counters.joins_matched == 1);
  CHECK(run.row_of(join).matched_by == MatchedBy::kAddress);
  CHECK_FALSE(run.row_of(join).is_initial);
  check_sums(run, 1);
}

TEST_CASE("an answer of another kind than what was asked is none", "[order]") {
  ControlRun run;
  const Secrets secrets;
  const Slot join = run.slot();
  run.syn_join(join, 0, Token{1});
  run.syn_ack_capable(join, 0.01, secrets);
  run.close(join, 1);
  run.finish();
  CHECK(run.row_of(join).state == SubflowState::kDenied);
  CHECK(run.counters.joins_denied == 1);
  CHECK(run.connections.empty());
  check_sums(run, 0);
}

TEST_CASE("a reset that would refuse a subflow in its connection refuses nothing", "[order]") {
  ControlRun run;
  const Secrets secrets;
  const Slot first = run.slot();
  run.syn_capable(first, 0, secrets);
  run.capable_ack(first, 0.02, secrets);
  run.advance(5);
  run.reset(first, 6, false, true);  // no SYN/ACK was heard; the third ACK was
  run.close(first, 6, CloseCause::kReset);
  run.finish();
  CHECK(run.row_of(first).state == SubflowState::kPartial);
  CHECK(run.noticed("rejected") == 0);
  check_sums(run, 0);
}

}  // namespace
}  // namespace mptap

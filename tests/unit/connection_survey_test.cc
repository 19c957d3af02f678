// What is told of live connections: sums, filters, bounds, steps.
#include "detect/connection_survey.h"

#include <string>

#include "tests/unit/catch.h"
#include "tests/unit/control_run.h"

namespace mptap::test {
namespace {

ConnectionSurvey asked(ControlRun& run, const SurveyFilter& filter = {}, std::size_t most = 100) {
  ConnectionSurvey survey;
  survey.filter = filter;
  survey.most = most;
  while (!run.correlator().survey(survey)) {
  }
  return survey;
}

Secrets secrets_of(std::uint64_t number) {
  Secrets secrets;
  secrets.initiator_key += number;
  secrets.responder_key += 3 * number;
  return secrets;
}

Slot establish(ControlRun& run, const Secrets& secrets, const char* opener, std::uint16_t port = 40000) {
  const Slot slot = run.slot(tuple_of(opener, port, "10.9.0.2", 80));
  run.syn_capable(slot, 1, secrets);
  run.syn_ack_capable(slot, 1.01, secrets);
  run.capable_ack(slot, 1.02, secrets);
  return slot;
}

TEST_CASE("a survey of nothing ends at once", "[survey]") {
  ControlRun run;
  ConnectionSurvey survey;
  CHECK(run.correlator().survey(survey));
  CHECK(survey.matching == 0);
  CHECK(survey.found.empty());
}

TEST_CASE("a survey tells what lives, with the bytes of living subflows in the sums", "[survey]") {
  ControlRun run;
  const Slot slot = establish(run, secrets_of(0), "10.0.0.1");
  run.count(slot, 2, true, 5, 700);
  run.count(slot, 2, false, 9, 9'000);
  run.advance(5);
  const ConnectionSurvey survey = asked(run);
  REQUIRE(survey.found.size() == 1);
  const SurveyedConnection& seen = survey.found[0];
  CHECK(seen.connection.from_initiator.payload_bytes == 700);
  CHECK(seen.connection.from_responder.payload_bytes == 9'000);
  CHECK(seen.connection.close == ConnectionClose::kOpen);
  CHECK(seen.connection.end_ns - seen.connection.start_ns == 4 * kSecondNs);
  CHECK(seen.live_subflows == 1);
  REQUIRE(seen.subflows.size() == 1);
  CHECK(seen.subflows[0].is_initial);
  CHECK(seen.subflows[0].from_opener.payload_bytes == 700);
  run.close(slot, 6);
  run.finish();
  CHECK(run.connections.at(0).from_initiator.payload_bytes == 700);  // asking changed nothing
}

TEST_CASE("a survey obeys token and prefix", "[survey]") {
  ControlRun run;
  (void)establish(run, secrets_of(0), "10.0.0.1");
  (void)establish(run, secrets_of(1), "10.0.1.1");
  const Slot third = establish(run, secrets_of(2), "2001:db8::7");
  run.add_addr(third, 2, true, 4, "192.0.2.7");
  struct Row {
    SurveyFilter filter;
    std::uint64_t matching;
  };
  const Row rows[] = {
      {{{}, {}}, 3},
      {{secrets_of(1).token(Role::kInitiator), {}}, 1},
      {{secrets_of(1).token(Role::kResponder), {}}, 1},
      {{Token{7}, {}}, 0},
      {{{}, Prefix{ip("10.0.0.1")}}, 1},
      {{{}, Prefix{ip("10.0.0.0"), 96 + 23}}, 2},
      {{{}, Prefix{ip("10.9.0.2")}}, 3},  // the responder of all
      {{{}, Prefix{ip("192.0.2.7")}}, 1},  // told by ADD_ADDR
      {{{}, Prefix{ip("192.0.2.8")}}, 0},
      {{secrets_of(0).token(Role::kInitiator), Prefix{ip("10.0.1.1")}}, 0},
  };
  for (const Row& row : rows) CHECK(asked(run, row.filter).matching == row.matching);
}

TEST_CASE("a survey reports no more than was asked for, counts the rest, and goes in steps", "[survey]") {
  ControlRun run;
  constexpr std::uint64_t kConnections = ConnectionSurvey::kStep + 10;
  for (std::uint64_t i = 0; i < kConnections; ++i) {
    (void)establish(run, secrets_of(i), ("10.1." + std::to_string(i / 200) + "." + std::to_string(i % 200 + 1)).c_str());
  }
  ConnectionSurvey survey;
  survey.most = 5;
  CHECK_FALSE(run.correlator().survey(survey));
  CHECK(survey.matching == ConnectionSurvey::kStep / 2);  // each has a subflow
  CHECK_FALSE(run.correlator().survey(survey));
  CHECK(run.correlator().survey(survey));
  CHECK(survey.matching == kConnections);
  CHECK(survey.found.size() == 5);
}

TEST_CASE("a survey shows a bounded number of subflows", "[survey]") {
  ControlRun run;
  const Secrets secrets = secrets_of(0);
  (void)establish(run, secrets, "10.0.0.1");
  constexpr std::uint16_t kJoins = SurveyedConnection::kMaxSubflows + 20;
  for (std::uint16_t i = 0; i < kJoins; ++i) {
    const Slot join = run.slot(tuple_of("10.0.3.1", static_cast<std::uint16_t>(1'000 + i), "10.9.0.2", 80));
    run.syn_join(join, 2, secrets.token(Role::kResponder), 100u + i, static_cast<std::uint8_t>(i % 200 + 1));
    run.syn_ack_join(join, 2.1, {});
  }
  const ConnectionSurvey survey = asked(run);
  REQUIRE(survey.found.size() == 1);
  CHECK(survey.found[0].subflows.size() == SurveyedConnection::kMaxSubflows);
  CHECK(survey.found[0].live_subflows == kJoins + 1);
}

}  // namespace
}  // namespace mptap::test

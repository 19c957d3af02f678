// The detectors that the thesis described: when each fires, and when it stays silent. detector_test.cc and
// join_flood_test.cc look at what their notices hold.
#include "tests/unit/detector_cases.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, detector_cases.h

TEST_CASE("duplicate_add_addr: another address, or the same again", "[detectors]") {
  /// Two ADD_ADDR of the responder on address ID 1, perhaps with a REMOVE_ADDR in between.
  const auto twice = [](ControlRun& run, std::uint8_t version, const char* second, std::uint16_t port, bool removed) {
    const Slot first = connect(run, Secrets{.version = version});
    run.add_addr(first, 1, false, 1, "10.0.0.3", version);
    if (removed) run.remove_addr(first, 2, false, 1);
    run.add_addr(first, 3, false, 1, second, version, port);
  };
  const char* same = "10.0.0.3";
  const char* other = "10.0.0.4";
  check_cases({
      {"another address, v0", "duplicate_add_addr", "other_address", 1, [=](ControlRun& run) { twice(run, 0, other, 0, false); }},
      {"another address, v1", "duplicate_add_addr", "other_address", 1, [=](ControlRun& run) { twice(run, 1, other, 0, false); }},
      {"another address, the first removed", "duplicate_add_addr", "", 0, [=](ControlRun& run) { twice(run, 0, other, 0, true); }},
      {"the same again, v0", "duplicate_add_addr", "repeated", 1, [=](ControlRun& run) { twice(run, 0, same, 0, false); }},
      {"the same again, v1, as until it is echoed", "duplicate_add_addr", "", 0, [=](ControlRun& run) { twice(run, 1, same, 0, false); }},
      {"the same with another port", "duplicate_add_addr", "", 0, [=](ControlRun& run) { twice(run, 0, same, 99, false); }},
      {"the same again, of which the user wants no word", "duplicate_add_addr", "", 0,
       [=](ControlRun& run) {
         run.detectors.duplicate_add_addr.repeats = false;
         twice(run, 0, same, 0, false);
       }},
  });
}

TEST_CASE("key_change: of the initiator, or of the responder", "[detectors]") {
  const auto play = [](ControlRun& run, const Secrets& repeated, bool syn_seen) {
    const Secrets said{.version = 0};
    const Slot first = run.slot();
    if (syn_seen) run.syn_capable(first, 0, said);
    else run.unseen(first, 0);
    run.syn_ack_capable(first, 0.1, said);
    run.capable_ack(first, 0.2, repeated);
  };
  const Secrets right{.version = 0};
  const Secrets own{.version = 0, .initiator_key = 1, .responder_key = right.responder_key};
  const Secrets echoed{.version = 0, .initiator_key = right.initiator_key, .responder_key = 2};
  check_cases({
      {"the initiator's own", "key_change", "initiator", 1, [=](ControlRun& run) { play(run, own, true); }},
      {"the responder's, echoed", "key_change", "responder", 1, [=](ControlRun& run) { play(run, echoed, true); }},
      {"both as they were", "key_change", "", 0, [=](ControlRun& run) { play(run, right, true); }},
      {"the first appearance was not seen", "key_change", "", 0, [=](ControlRun& run) { play(run, own, false); }},
  });
}

TEST_CASE("unknown_join", "[detectors]") {
  enum class End { kAnswered, kDenied, kReset, kNothing };
  const auto play = [](ControlRun& run, End end, bool syn_seen = true) {
    const Slot slot = run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.2", 80));
    if (syn_seen) run.syn_join(slot, 0, Token{7});
    else run.unseen(slot, 0);
    if (end == End::kAnswered) run.syn_ack_join(slot, 0.01, {});
    if (end == End::kDenied) run.answer(slot, 0.01, Offer::kNone);
    if (end == End::kReset) run.reset(slot, 0.01, false, true);
    run.advance(100);
    run.finish();
  };
  check_cases({
      {"answered", "unknown_join", "", 1, [=](ControlRun& run) { play(run, End::kAnswered); }},
      {"never answered", "unknown_join", "", 0, [=](ControlRun& run) { play(run, End::kNothing); }},
      {"answered without MPTCP", "unknown_join", "", 0, [=](ControlRun& run) { play(run, End::kDenied); }},
      {"answered by RST", "unknown_join", "", 0, [=](ControlRun& run) { play(run, End::kReset); }},
      {"its SYN was not seen, and so no token", "unknown_join", "", 0, [=](ControlRun& run) { play(run, End::kAnswered, false); }},
      {"its connection is known in time", "unknown_join", "", 0,
       [](ControlRun& run) {
         const Secrets secrets;
         run.join(run.slot(tuple_of("10.0.0.3", 50000, "10.0.0.2", 80)), 0, secrets);
         run.connect(run.slot(), 1.5, secrets);
         run.finish();
       }},
  });
}

TEST_CASE("rejected, by what came back", "[detectors]") {
  const auto play = [](ControlRun& run, Offer offer, bool blackhole = false, bool spoke = false) {
    if (spoke) connect(run);
    const Slot slot = run.slot(tuple_of("10.0.0.5", 40001, "10.0.0.2", 80));
    run.syn_capable(slot, 1, Secrets{});
    run.answer(slot, 1.1, offer, blackhole);
  };
  check_cases({
      {"no MPTCP", "rejected", "no_option", 1, [=](ControlRun& run) { play(run, Offer::kNone); }},
      {"no MPTCP, of one that spoke it", "rejected", "stripped", 1, [=](ControlRun& run) { play(run, Offer::kNone, false, true); }},
      {"the SYN's own option", "rejected", "mirrored", 1, [=](ControlRun& run) { play(run, Offer::kMirrored); }},
      {"something, once the SYN was plain", "rejected", "blackhole", 1, [=](ControlRun& run) { play(run, Offer::kNone, true); }},
      {"another version", "rejected", "version", 1,
       [](ControlRun& run) {
         const Slot slot = run.slot();
         run.syn_capable(slot, 0, Secrets{});
         run.syn_ack_capable(slot, 0.1, Secrets{.version = 0});
       }},
      {"MPTCP", "rejected", "", 0, [](ControlRun& run) { connect(run); }},
      {"a RST", "rejected", "", 0,
       [](ControlRun& run) {
         const Slot slot = run.slot();
         run.syn_capable(slot, 0, Secrets{});
         run.reset(slot, 0.1, false, true);
         run.close(slot, 0.1, CloseCause::kReset);
         run.finish();
       }},
      {"nothing", "rejected", "", 0,
       [](ControlRun& run) {
         run.syn_capable(run.slot(), 0, Secrets{});
         run.finish();
       }},
      {"no MPTCP, to a join", "rejected", "", 0,
       [](ControlRun& run) {
         const Slot slot = run.slot();
         run.syn_join(slot, 0, Token{1});
         run.answer(slot, 0.1, Offer::kNone);
       }},
  });
}

/// Joins to one receiver, ten a second, with a threshold of 50 of any and 20 with a known token in 10 s.
void flood(ControlRun& run, double seconds, bool known, bool completed = false) {
  const Secrets secrets;
  run.detectors.join_flood.threshold = 50;
  run.detectors.join_flood.known_token_threshold = 20;
  connect(run, secrets);
  for (int i = 0; i < static_cast<int>(seconds * 10); ++i) {
    const auto nonce = static_cast<std::uint16_t>(i + 1);
    const double at_s = 1 + i * 0.1;
    const Slot slot = run.slot(tuple_of("198.51.100.1", nonce, "10.0.0.2", 80));
    run.syn_join(slot, at_s, known ? secrets.token(Role::kResponder) : Token{7}, nonce);
    if (!completed) continue;
    run.syn_ack_join(slot, at_s + 0.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder, nonce));
    run.join_ack(slot, at_s + 0.02, ControlRun::ack_hmac(secrets, Role::kResponder, nonce));
  }
}

TEST_CASE("join_flood and its stages", "[detectors]") {
  check_cases({
      {"more than the threshold", "join_flood", "joins", 1, [](ControlRun& run) { flood(run, 5.1, false); }},
      {"as many as the threshold", "join_flood", "", 0, [](ControlRun& run) { flood(run, 5, false); }},
      {"with a known token", "join_flood", "known_token", 1, [](ControlRun& run) { flood(run, 2.1, true); }},
      {"as many with a known token as its threshold", "join_flood", "", 0, [](ControlRun& run) { flood(run, 2, true); }},
      {"completed", "join_flood", "", 0, [](ControlRun& run) { flood(run, 30, true, true); }},
      {"it goes on for two intervals", "join_flood_status", "joins", 2, [](ControlRun& run) { flood(run, 26, false); }},
      {"it ends within the first", "join_flood_status", "", 0,
       [](ControlRun& run) {
         flood(run, 6, false);
         run.advance(100);
       }},
      {"an interval after it", "join_flood_end", "", 1,
       [](ControlRun& run) {
         flood(run, 6, false);
         run.advance(30);
       }},
      {"it goes on", "join_flood_end", "", 0, [](ControlRun& run) { flood(run, 26, false); }},
  });
}

}  // namespace
}  // namespace mptap

// Detectors of joins: when each fires, and when it stays silent.
#include "tests/unit/detector_cases.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, detector_cases.h

std::array<std::uint8_t, 20> altered(std::array<std::uint8_t, 20> hmac) {
  hmac[3] ^= 0x10;
  return hmac;
}

void play_join(ControlRun& run, bool wrong_syn_ack, bool wrong_ack, const Secrets& held = {}) {
  const Secrets real;
  connect(run, held);
  const Slot slot = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
  const auto syn_ack = ControlRun::syn_ack_hmac(real, Role::kResponder);
  const auto ack = ControlRun::ack_hmac(real, Role::kResponder);
  run.syn_join(slot, 1, held.token(Role::kResponder));
  run.syn_ack_join(slot, 1.01, wrong_syn_ack ? altered(syn_ack) : syn_ack);
  run.join_ack(slot, 1.02, wrong_ack ? altered(ack) : ack);
  run.advance(5);
}

/// A join whose third ACK is wrong by keys that stood in one packet only; perhaps they are said once more.
void play_unsure(ControlRun& run, bool confirmed) {
  const Secrets secrets;
  const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
  run.syn_capable(first, 0, secrets);
  run.syn_ack_capable(first, 0.01, secrets);
  run.capable_ack(first, 0.02, secrets);
  const Slot slot = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
  run.syn_join(slot, 0.05, secrets.token(Role::kResponder));
  run.syn_ack_join(slot, 0.06, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  run.join_ack(slot, 0.07, {});
  CHECK(run.notices.empty());
  if (confirmed) run.capable_ack(first, 0.08, secrets);
  run.advance(5);
  if (confirmed) run.capable_ack(first, 6, secrets);
}

TEST_CASE("join_hmac", "[detectors]") {
  check_cases({
      {"both right", "join_hmac", "", 0, [](ControlRun& run) { play_join(run, false, false); }},
      {"the SYN/ACK's", "join_hmac", "syn_ack", 1, [](ControlRun& run) { play_join(run, true, false); }},
      {"the third ACK's", "join_hmac", "ack", 1, [](ControlRun& run) { play_join(run, false, true); }},
      {"a key was not seen", "join_hmac", "", 0,
       [](ControlRun& run) {
         const Secrets secrets;
         const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
         run.syn_capable(first, 0, secrets);
         run.syn_ack_capable(first, 0.01, secrets);
         run.dss(first, 0.5, true, 77);
         const Slot slot = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
         run.syn_join(slot, 1, secrets.token(Role::kResponder));
         run.syn_ack_join(slot, 1.01, {});
         run.join_ack(slot, 1.02, {});
         run.advance(5);
       }},
      {"the keys were said once, and confirmed later", "join_hmac", "ack", 1, [](ControlRun& run) { play_unsure(run, true); }},
      {"the keys were said once, and nothing contradicts them", "join_hmac", "ack", 1, [](ControlRun& run) { play_unsure(run, false); }, true},
  });
}

/// A join answered by RST: with this MP_TCPRST reason, or -1 for none.
void refuse(ControlRun& run, double at_s, std::uint16_t n, Token token, int reason) {
  const Slot slot = run.slot(tuple_of("198.51.100.1", static_cast<std::uint16_t>(2000 + n), "10.0.0.2", 80));
  run.syn_join(slot, at_s, token, n);
  Record record = run.record(slot, at_s + 0.01, RecordKind::kReset, false);
  record.reset = ResetBody{reason >= 0, false, static_cast<std::uint8_t>(std::max(reason, 0)), true};
  run.send(slot, record);
}

void guess(ControlRun& run, std::uint16_t count, int reason, double gap_s) {
  connect(run);
  for (std::uint16_t i = 0; i < count; ++i) refuse(run, 1 + i * gap_s, i, Token{i + 1u}, reason);
}

TEST_CASE("token_guessing", "[detectors]") {
  check_cases({
      {"nine", "token_guessing", "", 0, [](ControlRun& run) { guess(run, 9, 1, 0.1); }},
      {"ten", "token_guessing", "", 1, [](ControlRun& run) { guess(run, 10, 1, 0.1); }},
      {"ten without a reason, as in v0", "token_guessing", "", 1, [](ControlRun& run) { guess(run, 10, -1, 0.1); }},
      {"once an interval", "token_guessing", "", 1, [](ControlRun& run) { guess(run, 400, 1, 0.1); }},
      {"over more than an interval", "token_guessing", "", 0, [](ControlRun& run) { guess(run, 30, 1, 9); }},
      {"refused for another reason", "token_guessing", "", 0, [](ControlRun& run) { guess(run, 50, 3, 0.1); }},
      {"the token is known: refused by policy", "token_guessing", "", 0,
       [](ControlRun& run) {
         connect(run);
         for (std::uint16_t i = 0; i < 50; ++i) refuse(run, 1 + i * 0.1, i, Secrets{}.token(Role::kResponder), -1);
       }},
      {"most of the source's joins are let in", "token_guessing", "", 0,
       [](ControlRun& run) {
         const Secrets secrets;
         connect(run, secrets);
         for (std::uint16_t i = 0; i < 30; ++i) {
           refuse(run, 1 + i, i, Token{i + 1u}, 1);
           const Slot slot = run.slot(tuple_of("198.51.100.1", static_cast<std::uint16_t>(5000 + i), "10.0.0.2", 80));
           run.syn_join(slot, 1.1 + i, secrets.token(Role::kResponder), i);
           run.syn_ack_join(slot, 1.2 + i, ControlRun::syn_ack_hmac(secrets, Role::kResponder, i));
           run.join_ack(slot, 1.3 + i, ControlRun::ack_hmac(secrets, Role::kResponder, i));
         }
       }},
  });
}

void play_half_open(ControlRun& run, bool half_open, CloseCause cause, double closed_s) {
  const Secrets secrets;
  connect(run, secrets);
  const Slot slot = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80));
  run.syn_join(slot, 1, secrets.token(Role::kResponder));
  run.syn_ack_join(slot, 1.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder));
  Record record = run.record(slot, closed_s, RecordKind::kClosed);
  record.closed = ClosedBody{cause, half_open, ControlRun::ns(1.01)};
  run.send(slot, record);
}

TEST_CASE("half_open_join", "[detectors]") {
  check_cases({
      {"timed out", "half_open_join", "", 1, [](ControlRun& run) { play_half_open(run, true, CloseCause::kTimeout, 40); }},
      {"the end, long after", "half_open_join", "", 1, [](ControlRun& run) { play_half_open(run, true, CloseCause::kExit, 3); }},
      {"the end, too early to tell", "half_open_join", "", 0, [](ControlRun& run) { play_half_open(run, true, CloseCause::kExit, 1.5); }},
      {"it went on", "half_open_join", "", 0, [](ControlRun& run) { play_half_open(run, false, CloseCause::kTimeout, 40); }},
      {"reset", "half_open_join", "", 0, [](ControlRun& run) { play_half_open(run, true, CloseCause::kReset, 3); }},
  });
}

/// @param join_s, ack_s  When the join's SYN and the third ACK were seen; the records come in the order join, ACK.
void play_premature(ControlRun& run, double join_s, double ack_s, bool syn_seen = true) {
  const Secrets secrets;
  const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
  if (syn_seen) run.syn_capable(first, 0, secrets);
  else run.unseen(first, 0);
  run.syn_ack_capable(first, 0.01, secrets);
  const Slot slot = run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80), 1);
  run.syn_join(slot, join_s, secrets.token(Role::kResponder));
  if (ack_s > 0) run.capable_ack(first, ack_s, secrets);
  run.advance(join_s + 2);
}

TEST_CASE("premature_join", "[detectors]") {
  check_cases({
      {"before the third ACK", "premature_join", "", 1, [](ControlRun& run) { play_premature(run, 0.02, 0.03); }},
      {"the ACK, a little late", "premature_join", "", 0, [](ControlRun& run) { play_premature(run, 0.02, 0.024); }},
      {"the ACK was missed: data comes", "premature_join", "", 0,
       [](ControlRun& run) {
         const Secrets secrets;
         const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
         run.syn_capable(first, 0, secrets);
         run.syn_ack_capable(first, 0.01, secrets);
         run.syn_join(run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80)), 0.1, secrets.token(Role::kResponder));
         run.dss(first, 0.2, true, testing::derive_idsn(1, secrets.initiator_key) + 1);
         run.advance(3);
       }},
      {"the ACK was missed, but an ADD_ADDR came before", "premature_join", "", 0,
       [](ControlRun& run) {
         const Secrets secrets{.version = 0};
         const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
         run.syn_capable(first, 0, secrets);
         run.syn_ack_capable(first, 0.01, secrets);
         run.add_addr(first, 0.05, false, 3, "10.0.0.3", 0);
         run.syn_join(run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.3", 80)), 0.1, secrets.token(Role::kResponder));
         run.advance(3);
       }},
      {"the ACK was seen before the SYN/ACK", "premature_join", "", 0,
       [](ControlRun& run) {
         const Secrets secrets;
         const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
         run.syn_capable(first, 0, secrets);
         run.capable_ack(first, 0.009, secrets);
         run.syn_ack_capable(first, 0.01, secrets);
         run.syn_join(run.slot(tuple_of("10.0.0.11", 41000, "10.0.0.2", 80)), 0.1, secrets.token(Role::kResponder));
         run.advance(3);
       }},
      {"the ACK never comes", "premature_join", "", 1, [](ControlRun& run) { play_premature(run, 0.02, 0); }},
      {"the ACK's record comes late, from another worker", "premature_join", "", 0, [](ControlRun& run) { play_premature(run, 0.04, 0.03); }},
      {"the handshake was not seen whole", "premature_join", "", 0, [](ControlRun& run) { play_premature(run, 0.02, 0.03, false); }},
      {"after it", "premature_join", "", 0,
       [](ControlRun& run) {
         connect(run);
         join(run, 1, 1);
         run.advance(3);
       }},
  });
}

void play_c_flag(ControlRun& run, std::uint8_t version, std::uint8_t responder_flags, const char* to, std::uint16_t port) {
  const Secrets secrets{.version = version};
  const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
  run.syn_capable(first, 0, secrets);
  run.syn_ack_capable(first, 0.01, secrets, responder_flags);
  run.capable_ack(first, 0.02, secrets);
  const Slot slot = run.slot(tuple_of("10.0.0.11", 41000, to, port));
  run.syn_join(slot, 1, secrets.token(Role::kResponder));
}

TEST_CASE("join_after_c_flag", "[detectors]") {
  check_cases({
      {"to the initial address", "join_after_c_flag", "", 1, [](ControlRun& run) { play_c_flag(run, 1, 0x21, "10.0.0.2", 80); }},
      {"to another address", "join_after_c_flag", "", 0, [](ControlRun& run) { play_c_flag(run, 1, 0x21, "10.0.0.9", 80); }},
      {"to another port", "join_after_c_flag", "", 0, [](ControlRun& run) { play_c_flag(run, 1, 0x21, "10.0.0.2", 81); }},
      {"without flag C", "join_after_c_flag", "", 0, [](ControlRun& run) { play_c_flag(run, 1, 0x01, "10.0.0.2", 80); }},
      {"v0 has no flag C", "join_after_c_flag", "", 0, [](ControlRun& run) { play_c_flag(run, 0, 0x21, "10.0.0.2", 80); }},
  });
}

/// Two connections to one host; ends of the first before the second begins where `ended`.
void play_reuse(ControlRun& run, const Secrets& one, const Secrets& two, const char* second_host, bool ended) {
  const Slot first = run.slot(tuple_of("10.0.0.1", 40000, "10.0.0.2", 80));
  run.connect(first, 0, one);
  if (ended) run.close(first, 1);
  const Slot second = run.slot(tuple_of("10.0.0.7", 40000, second_host, 80));
  run.connect(second, 10, two);  // later than any twin
}

TEST_CASE("token_reuse", "[detectors]") {
  const Secrets one;
  const Secrets same{.initiator_key = 5, .responder_key = one.responder_key};
  const Secrets other{.initiator_key = 5, .responder_key = 6};
  const Secrets left{.initiator_key = 7, .responder_key = 50799};
  const Secrets right{.initiator_key = 8, .responder_key = 58968};
  REQUIRE(left.token(Role::kResponder) == right.token(Role::kResponder));  // keys that were looked for
  check_cases({
      {"one key twice", "token_reuse", "key", 1, [=](ControlRun& run) { play_reuse(run, one, same, "10.0.0.2", false); }},
      {"two keys, one token", "token_reuse", "token", 1, [=](ControlRun& run) { play_reuse(run, left, right, "10.0.0.2", false); }},
      {"two keys, one token, another host", "token_reuse", "", 0, [=](ControlRun& run) { play_reuse(run, left, right, "10.0.0.3", false); }},
      {"the first has ended", "token_reuse", "", 0, [=](ControlRun& run) { play_reuse(run, one, same, "10.0.0.2", true); }},
      {"another host", "token_reuse", "", 0, [=](ControlRun& run) { play_reuse(run, one, same, "10.0.0.3", false); }},
      {"another key", "token_reuse", "", 0, [=](ControlRun& run) { play_reuse(run, one, other, "10.0.0.2", false); }},
  });
}

}  // namespace
}  // namespace mptap

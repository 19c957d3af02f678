// Each detector: the rows in which it fires, and those in which it stays silent.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

TEST_CASE("duplicate_add_addr", "[detectors]") {
  struct Step {
    std::uint8_t id;
    const char* address;  // nullptr: REMOVE_ADDR
    std::uint16_t port = 0;
    bool echo = false;
    bool from_opener = false;
  };
  struct Row {
    const char* what;
    std::uint8_t version;
    std::vector<Step> steps;
    const char* cause;  // nullptr: silent
  };
  const Row rows[] = {
      {"another address on a used ID, v0", 0, {{1, "10.0.0.3"}, {1, "10.0.0.4"}}, "other_address"},
      {"another address on a used ID, v1", 1, {{1, "10.0.0.3"}, {1, "10.0.0.4"}}, "other_address"},
      {"another family on a used ID", 1, {{1, "10.0.0.3"}, {1, "2001:db8::1"}}, "other_address"},
      {"the initial subflow's ID for another address", 1, {{0, "10.0.0.9"}}, "other_address"},
      {"a repeat of v0", 0, {{1, "10.0.0.3"}, {1, "10.0.0.3"}}, "repeated"},
      {"a repeat of v0 with its port", 0, {{1, "10.0.0.3", 99}, {1, "10.0.0.3", 99}}, "repeated"},
      {"a repeat of v1 is normal", 1, {{1, "10.0.0.3"}, {1, "10.0.0.3"}, {1, "10.0.0.3"}}, nullptr},
      {"another port", 0, {{1, "10.0.0.3", 1}, {1, "10.0.0.3", 2}}, nullptr},
      {"removed in between", 0, {{1, "10.0.0.3"}, {1, nullptr}, {1, "10.0.0.4"}}, nullptr},
      {"an echo", 1, {{1, "10.0.0.3"}, {1, "10.0.0.4", 0, true, true}}, nullptr},
      {"each host has IDs of its own", 1, {{2, "10.0.0.3"}, {2, "10.0.0.4", 0, false, true}}, nullptr},
      {"two IDs", 0, {{1, "10.0.0.3"}, {2, "10.0.0.3"}}, nullptr},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ControlRun run;
    const Slot first = run.slot();
    run.connect(first, 0, Secrets{.version = row.version});
    double at_s = 1;
    for (const Step& step : row.steps) {
      if (step.address == nullptr) {
        run.remove_addr(first, at_s++, step.from_opener, step.id);
      } else {
        run.add_addr(first, at_s++, step.from_opener, step.id, step.address, row.version, step.port, step.echo);
      }
    }
    REQUIRE(run.notices.size() == (row.cause == nullptr ? 0u : 1u));
    if (row.cause == nullptr) continue;
    const Notice& notice = run.notices[0];
    CHECK(std::string(notice.note) == "duplicate_add_addr");
    CHECK(std::string(notice.cause) == row.cause);
    CHECK(notice.severity == (std::string(row.cause) == "repeated" ? Severity::kInfo : Severity::kMedium));
    CHECK(notice.address == ip(row.steps.back().address));
    CHECK(notice.address_id == AddressId{row.steps.back().id});
    CHECK(notice.source == first.tuple.acceptor);
    REQUIRE(notice.connection);
    CHECK(notice.connection->mp_id == 0);
    CHECK_FALSE(notice.connection->uid().empty());
  }
}

TEST_CASE("duplicate_add_addr obeys its settings, also while it runs", "[detectors]") {
  ControlRun run;
  const Slot first = run.slot();
  run.connect(first, 0, Secrets{.version = 0});
  run.detectors.duplicate_add_addr.repeats = false;
  run.add_addr(first, 1, false, 1, "10.0.0.3", 0);
  run.add_addr(first, 2, false, 1, "10.0.0.3", 0);
  CHECK(run.notices.empty());
  run.add_addr(first, 3, false, 1, "10.0.0.4", 0);
  CHECK(run.notices.size() == 1);
  run.detectors.duplicate_add_addr.enabled = false;
  run.add_addr(first, 4, false, 1, "10.0.0.5", 0);
  CHECK(run.notices.size() == 1);
}

TEST_CASE("key_change: a repeated key that differs, once for each of the two", "[detectors]") {
  const Secrets right;
  const Secrets other_initiator{.initiator_key = 1, .responder_key = right.responder_key};
  const Secrets other_responder{.initiator_key = right.initiator_key, .responder_key = 2};
  const Secrets both{.initiator_key = 1, .responder_key = 2};
  struct Row {
    const char* what;
    std::uint8_t version;
    std::vector<Secrets> acks;
    std::vector<std::string> causes;
  };
  const Row rows[] = {
      {"right", 1, {right, right}, {}},
      {"right, v0", 0, {right, right}, {}},
      {"the responder's, in the ACK", 1, {other_responder}, {"responder"}},
      {"the responder's, v0", 0, {other_responder}, {"responder"}},
      {"the initiator's, v0: the SYN had it", 0, {other_initiator}, {"initiator"}},
      {"the initiator's first appearance in v1 is its ACK", 1, {other_initiator}, {}},
      {"the initiator's, in the first data", 1, {right, other_initiator}, {"initiator"}},
      {"both", 0, {both}, {"initiator", "responder"}},
      {"once each", 0, {both, both, other_initiator, other_responder}, {"initiator", "responder"}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ControlRun run;
    Secrets secrets = right;
    secrets.version = row.version;
    const Slot first = run.slot();
    run.syn_capable(first, 0, secrets);
    run.syn_ack_capable(first, 0.1, secrets);
    double at_s = 1;
    for (Secrets ack : row.acks) {
      ack.version = row.version;
      run.capable_ack(first, at_s++, ack);
    }
    std::vector<std::string> causes;
    for (const Notice& notice : run.notices) {
      CHECK(std::string(notice.note) == "key_change");
      CHECK(notice.severity == Severity::kHigh);
      CHECK(notice.connection);
      causes.emplace_back(notice.cause);
    }
    CHECK(causes == row.causes);
  }
}

TEST_CASE("key_change needs the key's first appearance", "[detectors]") {
  ControlRun run;
  const Slot first = run.slot();
  run.midstream(first, 0);
  run.capable_ack(first, 0, Secrets{});
  CHECK(run.notices.empty());
}

TEST_CASE("rejected", "[detectors]") {
  struct Row {
    const char* what;
    bool join;
    Offer answer;
    bool blackhole;
    const char* cause;
  };
  const Row rows[] = {
      {"without an option", false, Offer::kNone, false, "no_option"},
      {"mirrored", false, Offer::kMirrored, false, "mirrored"},
      {"blackhole", false, Offer::kNone, true, "blackhole"},
      {"a join", true, Offer::kNone, false, nullptr},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ControlRun run;
    const Slot first = run.slot();
    if (row.join) {
      run.syn_join(first, 0, Token{1});
    } else {
      run.syn_capable(first, 0, Secrets{});
    }
    run.answer(first, 0.1, row.answer, row.blackhole);
    REQUIRE(run.notices.size() == (row.cause == nullptr ? 0u : 1u));
    if (row.cause == nullptr) continue;
    CHECK(std::string(run.notices[0].note) == "rejected");
    CHECK(std::string(run.notices[0].cause) == row.cause);
    CHECK(run.notices[0].severity == Severity::kInfo);
    CHECK(run.notices[0].source == first.tuple.opener);
    CHECK(run.notices[0].destination == first.tuple.acceptor);
  }
  ControlRun run;
  const Slot reset = run.slot();
  run.syn_capable(reset, 0, Secrets{});
  run.reset(reset, 0.1, false, true);
  run.close(reset, 0.1, CloseCause::kReset);
  run.finish();
  CHECK(run.notices.empty());
  CHECK(run.row_of(reset).state == SubflowState::kReset);
}

TEST_CASE("no report holds a key, whatever is chosen", "[detectors]") {
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    ControlRun run;
    run.correlator().choose_events({"mp_capable", "mp_join", "mp_dss", "mp_add_addr", "mp_remove_addr", "mp_prio", "mp_fail",
                                    "mp_fastclose", "mp_tcprst", "mp_error", "mptcp", "connection", "subflow"});
    const Secrets secrets{.version = version};
    const Slot first = run.slot();
    run.connect(first, 0, secrets);
    run.capable_ack(first, 0.5, Secrets{.version = version, .initiator_key = 0x1111111111111111, .responder_key = 0x2222222222222222});
    Record fast = run.record(first, 1, RecordKind::kFastClose);
    fast.fast_close = FastCloseBody{Key{secrets.responder_key}};
    run.join(run.slot(tuple_of("10.0.0.3", 1, "10.0.0.2", 80)), 0.7, secrets);
    run.send(first, fast);
    run.finish();
    CHECK(run.events.size() > 5);
    CHECK(run.notices.size() >= 1);
    const std::uint64_t keys[] = {secrets.initiator_key, secrets.responder_key, 0x1111111111111111, 0x2222222222222222};
    for (const std::uint64_t key : keys) {
      char hex[17];
      std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(key));
      const std::string half(hex, 8), other_half(hex + 8), decimal = std::to_string(key);
      const auto is_clean = [&](const std::string& text) {
        return text.find(half) == std::string::npos && text.find(other_half) == std::string::npos && text.find(decimal) == std::string::npos;
      };
      for (const Notice& notice : run.notices) CHECK(is_clean(notice.message));
      for (const EventReport& event : run.events) {
        CHECK(is_clean(event.detail));
        for (const auto& number : {event.data_ack, event.dsn}) CHECK((!number || *number != key));
        for (const auto& number : {event.nonce, event.ssn}) {
          CHECK((!number || (*number != static_cast<std::uint32_t>(key) && *number != static_cast<std::uint32_t>(key >> 32))));
        }
        if (event.token) CHECK((event.token->value != static_cast<std::uint32_t>(key) && event.token->value != static_cast<std::uint32_t>(key >> 32)));
      }
    }
  }
}

}  // namespace
}  // namespace mptap

// join_flood: its threshold, its sliding window, completion, suppression and bounds.
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

DetectorOptions options_of(std::uint32_t threshold, double interval_s = 10) {
  DetectorOptions options;
  options.join_flood.threshold = threshold;
  options.join_flood.interval_ns = static_cast<std::uint64_t>(interval_s * 1e9);
  return options;
}

struct Flood : ControlRun {
  explicit Flood(const DetectorOptions& wanted) : ControlRun({}, wanted) {}
  Slot attempt(double at_s, const char* receiver = "10.0.0.2", const char* source = "198.51.100.1") {
    const Slot join = slot(tuple_of(source, static_cast<std::uint16_t>(++port_), receiver, 80));
    ++port_;
    syn_join(join, at_s, Token{port_}, port_);
    return join;
  }
  void complete(const Slot& join, double at_s) {
    syn_ack_join(join, at_s, {}, ++port_);
    join_ack(join, at_s, {});
  }

 private:
  std::uint32_t port_ = 0;
};

TEST_CASE("more than the threshold, not as many", "[detectors]") {
  for (const std::uint32_t threshold : {1u, 20u, 1000u}) {
    Flood run(options_of(threshold));
    for (std::uint32_t i = 0; i < threshold; ++i) run.attempt(i * 0.001);
    CHECK(run.noticed("join_flood") == 0);
    run.attempt(1.5);
    REQUIRE(run.noticed("join_flood") == 1);
    const Notice& notice = run.notices[0];
    CHECK(notice.severity == Severity::kHigh);
    CHECK(notice.count == threshold + 1);
    CHECK(notice.destination->address == ip("10.0.0.2"));
    CHECK(notice.destination->port == 0);
    CHECK_FALSE(notice.source);
    CHECK_FALSE(notice.connection);
    CHECK(notice.time_ns == ControlRun::ns(1.5));
  }
}

TEST_CASE("an attack: its start once, its course once an interval, its end", "[detectors]") {
  Flood run(options_of(100));
  for (int i = 0; i < 3000; ++i) {
    run.attempt(i * 0.01);  // 30 s, a thousand an interval
    run.attempt(i * 0.01, "10.0.0.3");
  }
  CHECK(run.noticed("join_flood") == 2);
  CHECK(run.noticed("join_flood_status") == 4);
  CHECK(run.noticed("join_flood_end") == 0);
  run.advance(39.5);
  CHECK(run.noticed("join_flood_end") == 0);  // not a whole interval yet
  run.advance(45);
  CHECK(run.noticed("join_flood_end") == 2);
  for (const Notice& notice : run.notices) {
    if (std::string(notice.note) == "join_flood_end") {
      CHECK(notice.severity == Severity::kInfo);
      CHECK(notice.time_ns == ControlRun::ns(45));
    }
  }
  run.advance(100);
  CHECK(run.notices.size() == 8);
  for (int i = 0; i < 200; ++i) run.attempt(200 + i * 0.01);  // another attack
  CHECK(run.noticed("join_flood") == 3);
}

TEST_CASE("joins with a token in use have a threshold of their own", "[detectors]") {
  DetectorOptions options = options_of(1000);
  options.join_flood.known_token_threshold = 50;
  for (const bool known : {false, true}) {
    Flood run(options);
    const Secrets secrets;
    run.connect(run.slot(tuple_of("10.0.0.1", 1, "10.0.0.2", 80)), 0, secrets);
    for (std::uint16_t i = 0; i < 60; ++i) {
      const Slot join = run.slot(tuple_of("198.51.100.1", static_cast<std::uint16_t>(1000 + i), "10.0.0.2", 80));
      run.syn_join(join, 1 + i * 0.01, known ? secrets.token(Role::kResponder) : Token{7}, i);
    }
    REQUIRE(run.noticed("join_flood") == (known ? 1u : 0u));
    if (!known) continue;
    const Notice& notice = run.notices[0];
    CHECK(std::string(notice.cause) == "known_token");
    CHECK(notice.known_count == 51u);
    CHECK(notice.count == 51u);
  }
}

TEST_CASE("the window slides: what lies an interval back no longer counts", "[detectors]") {
  struct Row {
    const char* what;
    double first_s;
    double second_s;
    bool fires;
  };
  const Row rows[] = {
      {"at once", 100, 100, true},
      {"over the edge of a fixed interval", 109.5, 110.5, true},
      {"nearly an interval apart", 101, 109.9, true},
      {"more than an interval apart", 101, 111.1, false},
      {"days apart", 100, 300'000, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Flood run(options_of(100));
    for (int i = 0; i < 60; ++i) run.attempt(row.first_s);
    for (int i = 0; i < 60; ++i) run.attempt(row.second_s);
    CHECK(run.noticed("join_flood") == (row.fires ? 1u : 0u));
  }
}

TEST_CASE("joins slow enough never fire", "[detectors]") {
  Flood run(options_of(100));
  for (int i = 0; i < 5000; ++i) run.attempt(i * 0.11);  // 91 in ten seconds
  CHECK(run.noticed("join_flood") == 0);
}

TEST_CASE("time that stands still, or goes back a little", "[detectors]") {
  Flood still(options_of(100));
  for (int i = 0; i < 101; ++i) still.attempt(5);
  CHECK(still.noticed("join_flood") == 1);
  Flood back(options_of(100));
  for (int i = 0; i < 101; ++i) back.attempt(i % 2 == 0 ? 105 : 104.2);  // two workers
  CHECK(back.noticed("join_flood") == 1);
}

TEST_CASE("completed joins do not count, however many", "[detectors]") {
  Flood run(options_of(50));
  for (int i = 0; i < 5000; ++i) {
    const Slot join = run.attempt(i * 0.001);
    run.complete(join, i * 0.001 + 0.0005);
  }
  CHECK(run.noticed("join_flood") == 0);
  std::vector<Slot> open;
  for (int i = 0; i < 50; ++i) open.push_back(run.attempt(6 + i * 0.001));
  CHECK(run.noticed("join_flood") == 0);
  for (const Slot& join : open) run.complete(join, 7);
  for (int i = 0; i < 50; ++i) run.attempt(8);
  CHECK(run.noticed("join_flood") == 0);
  run.attempt(8);
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("a join completed after its interval takes nothing from the next", "[detectors]") {
  Flood run(options_of(50));
  std::vector<Slot> old;
  for (int i = 0; i < 50; ++i) old.push_back(run.attempt(100));
  for (int i = 0; i < 50; ++i) run.attempt(115);
  for (const Slot& join : old) run.complete(join, 115.1);
  run.attempt(115.2);
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("a third ACK with a wrong HMAC completes nothing", "[detectors]") {
  Flood run(options_of(50));
  const Secrets secrets;
  run.connect(run.slot(), 0, secrets);
  for (std::uint16_t i = 0; i <= 50; ++i) {
    const Slot join = run.slot(tuple_of("10.0.0.1", i, "10.0.0.2", 80));
    run.syn_join(join, 1, secrets.token(Role::kResponder), i);
    run.syn_ack_join(join, 1.1, ControlRun::syn_ack_hmac(secrets, Role::kResponder, i));
    run.join_ack(join, 1.2, {1, 2, 3});
  }
  CHECK(run.counters.hmac_invalid == 51);
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("joins that found no place count as others do", "[detectors]") {
  ControlRun run({}, options_of(10));
  for (std::uint16_t i = 0; i <= 10; ++i) {
    Record record;
    record.time_ns = ControlRun::ns(1);
    record.kind = RecordKind::kJoinNotStored;
    record.not_stored = NotStoredBody{ip("198.51.100.1"), ip("10.0.0.2"), Token{}, 1, i, 80};
    run.correlator().on_record(0, record);
  }
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("a join that stands for others counts for all of them", "[detectors]") {
  const auto noticed_after = [](std::uint16_t joins) {
    ControlRun run({}, options_of(160));
    for (std::uint16_t i = 0; i < joins; ++i) {
      Record record;
      record.time_ns = ControlRun::ns(1);
      record.kind = RecordKind::kJoinNotStored;
      record.not_stored = NotStoredBody{ip("198.51.100.1"), ip("10.0.0.2"), Token{}, 16, i, 80};
      run.correlator().on_record(0, record);
    }
    return run.noticed("join_flood");
  };
  CHECK(noticed_after(10) == 0);
  CHECK(noticed_after(11) == 1);
}

TEST_CASE("a crowd of honest joins that was told by samples cancels out once it is completed", "[detectors]") {
  ControlRun run({}, options_of(350));
  const auto refuse = [&](std::uint16_t port, std::uint32_t stands_for) {
    Record record;
    record.time_ns = ControlRun::ns(1);
    record.kind = RecordKind::kJoinNotStored;
    record.not_stored = NotStoredBody{ip("10.0.0.1"), ip("10.0.0.2"), Token{1}, stands_for, port, 80};
    run.correlator().on_record(0, record);
  };
  for (std::uint16_t i = 0; i < 320; i += 16) refuse(i, 16);
  for (std::uint16_t i = 0; i < 320; ++i) {
    const Slot join = run.slot(tuple_of("10.0.0.1", i, "10.0.0.2", 80));
    const std::uint8_t told = i % 16 == 0 ? record_flag::kToldBefore : record_flag::kSampledOut;
    run.opened(join, 1.01, make_syn_option(1, i, Offer::kJoin, 0, 0, AddressId{0}), record_flag::kSynSeen | told);
    run.syn_ack_join(join, 1.01, {}, i);
    run.join_ack(join, 1.02, {});
  }
  CHECK(run.noticed("join_flood") == 0);
  for (std::uint16_t i = 0; i < 350; ++i) refuse(static_cast<std::uint16_t>(1000 + i), 1);
  CHECK(run.noticed("join_flood") == 0);
  refuse(2000, 1);
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("the busiest sources are named, as many as asked for", "[detectors]") {
  DetectorOptions options = options_of(600);
  options.join_flood.top_sources = 3;
  Flood run(options);
  char text[32];
  for (int i = 0; i < 1000; ++i) {
    const int source = i % 10 < 5 ? 1 : i % 10 < 8 ? 2 : i % 10 == 8 ? 3 : 4 + i % 40;
    std::snprintf(text, sizeof text, "198.51.100.%d", source);
    run.attempt(1, "10.0.0.2", text);
  }
  REQUIRE(run.noticed("join_flood") == 1);
  const auto& sources = run.notices[0].top_sources;
  REQUIRE(sources.size() == 3);
  CHECK(sources[0].address == ip("198.51.100.1"));
  CHECK(sources[1].address == ip("198.51.100.2"));
  CHECK(sources[2].address == ip("198.51.100.3"));
  CHECK(sources[0].count > sources[1].count);
  std::uint64_t sum = 0;
  for (const SourceCount& source : sources) sum += source.count;
  CHECK(sum <= run.notices[0].count);
}

TEST_CASE("receivers are bounded; the one under flood is not the one forgotten", "[detectors]") {
  DetectorOptions options = options_of(100);
  options.join_flood.max_receivers = 16;
  Flood run(options);
  char text[32];
  for (int i = 0; i < 2000; ++i) {
    std::snprintf(text, sizeof text, "10.1.%d.%d", i / 250, i % 250 + 1);
    run.attempt(i * 0.002, text);
    if (i % 10 == 0) run.attempt(i * 0.002, "10.0.0.2");
  }
  CHECK(run.counters.receivers_watched <= 16);
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("switched off it is silent; a new threshold counts at once", "[detectors]") {
  Flood run(options_of(10));
  run.detectors.join_flood.enabled = false;
  for (int i = 0; i < 100; ++i) run.attempt(1);
  CHECK(run.notices.empty());
  run.detectors.join_flood.enabled = true;
  run.detectors.join_flood.threshold = 50;
  for (int i = 0; i < 50; ++i) run.attempt(2);
  CHECK(run.notices.empty());
  run.attempt(2);
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("the third ACK that stands before the SYN/ACK completes the join once that comes", "[detectors]") {
  ControlRun run({}, options_of(50));
  for (std::uint16_t i = 0; i <= 60; ++i) {
    const Slot join = run.slot(tuple_of("10.0.0.1", i, "10.0.0.2", 80));
    run.syn_join(join, 1, Token{1}, i);
    run.join_ack(join, 1.001, {});
    run.syn_ack_join(join, 1.002, {}, i);
  }
  CHECK(run.noticed("join_flood") == 0);
}

TEST_CASE("a third ACK without an answer completes no join: SYN and a made-up ACK are a flood", "[detectors]") {
  ControlRun run({}, options_of(50));
  for (std::uint16_t i = 0; i <= 100; ++i) {
    const Slot join = run.slot(tuple_of("198.51.100.1", i, "10.0.0.2", 80));
    run.syn_join(join, 1, Token{i}, i);
    run.join_ack(join, 1, {1, 2, 3});
  }
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("a join is completed once, however many third ACKs differ", "[detectors]") {
  ControlRun run({}, options_of(50));
  const Slot busy = run.slot(tuple_of("198.51.100.1", 60000, "10.0.0.2", 80));
  run.syn_join(busy, 1, Token{1});
  run.syn_ack_join(busy, 1, {});
  for (std::uint16_t i = 0; i <= 60; ++i) {
    run.syn_join(run.slot(tuple_of("198.51.100.1", i, "10.0.0.2", 80)), 1, Token{i}, i);
    run.join_ack(busy, 1, {static_cast<std::uint8_t>(i), 2, 3});
  }
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("a join whose SYN was not seen completes no other's attempt", "[detectors]") {
  ControlRun run({}, options_of(50));
  for (std::uint16_t i = 0; i <= 60; ++i) {
    run.syn_join(run.slot(tuple_of("198.51.100.1", i, "10.0.0.2", 80)), 1, Token{i}, i);
    const Slot unseen = run.slot(tuple_of("10.0.0.1", static_cast<std::uint16_t>(i + 1000), "10.0.0.2", 80));
    run.unseen(unseen, 1);
    run.syn_ack_join(unseen, 1, {}, i);
    run.join_ack(unseen, 1, {});
  }
  CHECK(run.noticed("join_flood") == 1);
}

TEST_CASE("completed joins seen on both sides of a NAT are no flood, and are verified once", "[detectors]") {
  ControlRun run({}, options_of(50));
  const Secrets secrets;
  run.connect(run.slot(), 0, secrets);
  for (std::uint16_t i = 0; i < 100; ++i) {
    const Slot inside = run.slot(tuple_of("192.168.1.6", static_cast<std::uint16_t>(i + 1), "10.0.0.2", 80), 0);
    const Slot outside = run.slot(tuple_of("203.0.113.1", static_cast<std::uint16_t>(i + 1), "10.0.0.2", 80), 1);
    for (const Slot& of : {inside, outside}) run.syn_join(of, 1, secrets.token(Role::kResponder), i);
    for (const Slot& of : {inside, outside}) run.syn_ack_join(of, 1.01, ControlRun::syn_ack_hmac(secrets, Role::kResponder, i));
    for (const Slot& of : {inside, outside}) run.join_ack(of, 1.02, ControlRun::ack_hmac(secrets, Role::kResponder, i));
  }
  CHECK(run.noticed("join_flood") == 0);
  CHECK(run.counters.hmac_valid == 200);
}

TEST_CASE("a join told as not stored and stored once it was answered is one attempt", "[detectors]") {
  ControlRun run({}, options_of(50));
  for (std::uint16_t i = 0; i < 100; ++i) {
    const Slot join = run.slot(tuple_of("10.0.0.1", i, "10.0.0.2", 80));
    Record refused = run.record(join, 1, RecordKind::kJoinNotStored);
    refused.slot = Record::kNoSlot;
    refused.not_stored = NotStoredBody{join.tuple.opener.address, join.tuple.acceptor.address, Token{1}, 1, i, 80};
    run.send(join, refused);
    const SynOption syn = make_syn_option(1, i, Offer::kJoin, 0, 0, AddressId{0});
    run.opened(join, 1.01, syn, record_flag::kSynSeen | record_flag::kToldBefore);  // as the worker tells it again when the SYN/ACK comes
    run.syn_ack_join(join, 1.01, {}, i);
    run.join_ack(join, 1.02, {});
  }
  CHECK(run.noticed("join_flood") == 0);
}

TEST_CASE("the sources are named for small thresholds, too", "[detectors]") {
  ControlRun run({}, options_of(5));
  for (std::uint16_t i = 0; i <= 5; ++i) run.syn_join(run.slot(tuple_of("198.51.100.1", i, "10.0.0.2", 80)), 1, Token{i}, i);
  REQUIRE(run.noticed("join_flood") == 1);
  REQUIRE(run.notices[0].top_sources.size() == 1);
  CHECK(run.notices[0].top_sources[0].address == ip("198.51.100.1"));
  CHECK(run.notices[0].top_sources[0].count == 6);
}

}  // namespace
}  // namespace mptap

// How subflows end, and who may not end them: FIN, RST, spoofed ones, reused ports, silence.
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h

constexpr std::uint32_t kO = kOpenerIsn + 1;
constexpr std::uint32_t kA = kAcceptorIsn + 1;

TEST_CASE("FIN both ways", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  run.send(30, From::kOpener, kAckFlag, kO, kA, {}, 100);
  run.send(40, From::kAcceptor, kAckFlag, kA, kO + 100, {}, 50);
  (void)run.take();
  run.send(50, From::kOpener, kFinAck, kO + 100, kA + 50);
  CHECK(words_of(run.take()) == "fin");
  run.send(60, From::kAcceptor, kFinAck, kA + 50, kO + 101);
  CHECK(words_of(run.take()) == "fin");
  run.send(70, From::kOpener, kAckFlag, kO + 101, kA + 51);
  const auto records = run.take();
  REQUIRE(words_of(records) == "counters counters closed");
  CHECK(records[0].from_opener());
  CHECK(records[0].has(record_flag::kLast));
  CHECK(records[0].counters.payload_bytes == 100);
  CHECK(records[0].counters.segments == 5);
  CHECK(records[1].counters.payload_bytes == 50);
  CHECK(records[1].counters.segments == 3);
  CHECK(records[2].closed.cause == CloseCause::kFin);
  CHECK(records[2].closed.last_seen_ns == kStartNs + 70 * kMs);
  CHECK(run.tally().subflows == 0);
  CHECK(run.finish().empty());  // told once
}

TEST_CASE("a FIN in front of its data counts once it is acknowledged", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  run.send(30, From::kOpener, kFinAck, kO + 100, kA);  // overtook 100 bytes
  CHECK(words_of(run.take()) == "");
  run.send(31, From::kOpener, kAckFlag, kO, kA, {}, 100);
  run.send(40, From::kAcceptor, kAckFlag, kA, kO + 101);
  CHECK(words_of(run.take()) == "fin");
  run.send(50, From::kAcceptor, kFinAck, kA, kO + 101);
  run.send(60, From::kOpener, kAckFlag, kO + 101, kA + 1);
  CHECK(words_of(run.take()) == "fin counters counters closed");
}

TEST_CASE("spoofed FINs and RSTs end nothing", "[tracker]") {
  struct Row {
    From from;
    std::uint8_t flags;
    std::uint32_t seq;
  };
  const Row rows[] = {
      {From::kOpener, kRstAck, kO - 1000},          {From::kOpener, kRstAck, kO + 100'000},
      {From::kOpener, tcp_flag::kRst, 0},           {From::kAcceptor, kRstAck, kA + 1'000'000},
      {From::kAcceptor, kRstAck, kA - 1},           {From::kAcceptor, tcp_flag::kRst, 0x80000000},
      {From::kOpener, kRstAck, kO + 1},             {From::kAcceptor, kRstAck, kA + 1},
      {From::kOpener, kRstAck, kO - 1},             {From::kOpener, kFinAck, kO + 0x20000000},
  };
  for (const Row& row : rows) {
    WorkerRun run;
    run.open_v1();
    run.send(25, From::kAcceptor, kAckFlag, kA, kO);
    (void)run.take();
    run.send(30, row.from, row.flags, row.seq, row.from == From::kOpener ? kA : kO);
    INFO(row.seq);
    CHECK(words_of(run.take()) == "");
    CHECK(run.tally().out_of_sequence + run.tally().strangers == 1);
    run.send(40, From::kOpener, kAckFlag, kO, kA, {}, 10);
    run.send(50, From::kAcceptor, kRstAck, kA, kO + 10);
    CHECK(words_of(run.take()) == "reset counters counters closed");
  }
}

TEST_CASE("a RST anywhere between what is acknowledged and what was sent counts", "[tracker]") {
  for (const std::uint32_t offset : {0u, 500u, 1000u}) {
    WorkerRun run;
    run.open_v1();
    run.send(30, From::kAcceptor, kAckFlag, kA, kO);
    run.send(31, From::kOpener, kAckFlag, kO, kA, {}, 1000);  // not acknowledged
    (void)run.take();
    run.send(40, From::kOpener, kRstAck, kO + offset, kA, ts::encode_mp_tcprst(3, true));
    const auto records = run.take();
    INFO(offset);
    REQUIRE(words_of(records) == "reset counters counters closed");
    CHECK_FALSE(records[0].reset.before_answer);
    CHECK(records[0].reset.transient);
    CHECK(records[0].reset.reason == 3);
    CHECK(records[3].closed.cause == CloseCause::kReset);
  }
}

TEST_CASE("late copies of a closed subflow open nothing", "[tracker]") {
  WorkerRun run;
  const ts::Bytes syn = run.send(0, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_capable({.version = 1}));
  run.send(10, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kO, ts::encode_mp_capable({.version = 1, .sender_key = 1}));
  run.send(20, From::kOpener, kRstAck, kO, kA);
  (void)run.take();
  run.show(1000, syn);
  run.send(1001, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kO, ts::encode_mp_capable({.version = 1, .sender_key = 1}));
  run.send(1002, From::kOpener, kAckFlag, kO, kA, ts::encode_dss({.data_ack = 5}));
  run.send(1003, From::kOpener, kRstAck, kO, kA);
  run.send(1004, From::kOpener, kSynFlag, 77);  // plain TCP on the old ports
  CHECK(words_of(run.finish()) == "");
  CHECK(run.tally().subflows_opened == 1);
}

TEST_CASE("closed subflows hold their share of a live table, the oldest leave first", "[tracker]") {
  WorkerOptions options = small_options();
  options.table.capacity = 1'100;  // 2,048 places
  options.table.closed_share = 8;
  const std::uint32_t share = 2'048 / 8;
  for (const bool live : {true, false}) {
    WorkerRun run(options, 1, live);
    const std::uint32_t count = 1'300;
    for (std::uint32_t i = 0; i < count; ++i) {
      run.ends.opener = ts::endpoint("10.0.0.1", static_cast<std::uint16_t>(2'000 + i));
      run.open_v1();
      run.send(25, From::kOpener, kRstAck, kO, kA);
    }
    (void)run.take();
    std::string opened;
    for (std::uint32_t i = 0; i < count; ++i) {
      run.ends.opener = ts::endpoint("10.0.0.1", static_cast<std::uint16_t>(2'000 + i));
      run.send(30, From::kOpener, kAckFlag, kO, kA, ts::encode_dss({.data_ack = 5}));
      opened += run.take().empty() ? '.' : 'x';
    }
    CHECK(opened == (live ? std::string(count - share, 'x') + std::string(share, '.') : std::string(count, '.')));
  }
}

TEST_CASE("ports used again begin a new subflow", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  run.send(25, From::kOpener, kRstAck, kO, kA);
  const auto first = run.take();
  run.syn_join(100, 777'000);
  run.syn_ack_join(110, 777'000);
  const auto second = run.take();
  REQUIRE(words_of(second) == "opened syn_ack");
  CHECK((second[0].slot != first[0].slot || second[0].generation != first[0].generation));
  CHECK(run.tally().joins_seen == 1);
}

TEST_CASE("a SYN with another ISN on a live subflow counts only once it is answered", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  const auto first = run.take();
  run.send(100, From::kOpener, kSynFlag, 99'000, 0, ts::encode_mp_capable({.version = 1}));
  run.send(1100, From::kOpener, kSynFlag, 99'000, 0, ts::encode_mp_capable({.version = 1}));
  CHECK(words_of(run.take()) == "");
  run.send(1200, From::kOpener, kAckFlag, kO, kA, ts::encode_dss({.data_ack = 7}));
  CHECK(words_of(run.take()) == "first_dss");  // it lives on
  run.send(1300, From::kAcceptor, kSynAckFlags, 88'000, 99'001, ts::encode_mp_capable({.version = 1, .sender_key = 42}));
  const auto second = run.take();
  REQUIRE(words_of(second) == "counters counters closed opened syn_ack");
  CHECK(second[2].closed.cause == CloseCause::kReplaced);
  CHECK(second[2].generation == first[0].generation);
  CHECK(second[3].has(record_flag::kSynSeen));
  CHECK((second[3].slot != first[0].slot || second[3].generation != first[0].generation));
  CHECK(second[4].syn_ack.key.value == 42);
  CHECK(second[4].syn_ack.opener_isn == 99'000);
}

TEST_CASE("a live subflow gives way to plain TCP, too, once that is answered", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  run.send(100, From::kOpener, kSynFlag, 99'000);
  run.send(110, From::kAcceptor, kSynAckFlags, 88'000, 99'001);
  CHECK(words_of(run.take()) == "counters counters closed");
  run.send(120, From::kOpener, kAckFlag, 99'001, 88'001, {}, 500);
  CHECK(run.finish().empty());
}

TEST_CASE("a join with another ISN is seen once and costs nothing unanswered", "[tracker]") {
  WorkerRun run;
  run.open_join();
  (void)run.take();
  for (const double ms : {100.0, 1100.0, 3100.0}) run.syn_join(ms, 99'000);
  CHECK(words_of(run.take()) == "join_not_stored");
  CHECK(run.tally().joins_seen == 2);
  CHECK(run.tally().subflows == 1);
}

TEST_CASE("silence ends subflows, each kind in its own time", "[tracker]") {
  struct Row {
    const char* what;
    double silent_s;
    CloseCause cause;
    void (*play)(WorkerRun&);
  };
  const Row rows[] = {
      {"unanswered", 75, CloseCause::kUnanswered, [](WorkerRun& run) { run.syn_join(0); }},
      {"answered, no third ACK", 75, CloseCause::kTimeout,
       [](WorkerRun& run) { run.syn_join(0); run.syn_ack_join(0); }},
      {"mid-stream", 120, CloseCause::kTimeout,
       [](WorkerRun& run) { run.send(0, From::kOpener, kAckFlag, 5, 6, ts::encode_dss({.data_ack = 7})); }},
      {"confirmed", 3600, CloseCause::kTimeout, [](WorkerRun& run) { run.open_join(-20); }},
      {"denied", 3600, CloseCause::kTimeout,
       [](WorkerRun& run) {
         run.syn_join(0);
         run.send(0, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1);
       }},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    WorkerRun run;
    row.play(run);
    (void)run.take();
    run.tick((row.silent_s - 1) * 1000);
    CHECK(words_of(run.take()) == "");
    CHECK(run.tally().subflows == 1);
    run.tick((row.silent_s + 3) * 1000);
    const auto records = run.take();
    REQUIRE(!records.empty());
    CHECK(records.back().kind == RecordKind::kClosed);
    CHECK(records.back().closed.cause == row.cause);
    CHECK(run.tally().subflows == 0);
  }
}

TEST_CASE("traffic keeps a subflow alive, and a jump of days ends it", "[tracker]") {
  WorkerRun run;
  run.open_join();
  for (int hour = 0; hour < 24; ++hour) run.send(hour * 3'500'000.0 + 100, From::kOpener, kAckFlag, kO, kA, {}, 1);
  CHECK(words_of(run.take()).find("closed") == std::string::npos);
  run.tick(1000.0 * 86'400 * 30);
  const auto records = run.take();
  REQUIRE(!records.empty());
  CHECK(words_of(records).ends_with("counters counters closed"));
  CHECK(records.back().closed.last_seen_ns == kStartNs + (23 * 3'500'000ull + 100) * kMs);
}

TEST_CASE("at the end everything open is told and closed", "[tracker]") {
  WorkerRun run;
  run.open_join();
  run.ends.opener.port = 40001;
  run.syn_join(100);
  const auto records = run.finish();
  CHECK(words_of(records) == "opened syn_ack join_ack opened counters counters closed closed");
  for (const Record& record : records) {
    if (record.kind == RecordKind::kClosed) CHECK(record.closed.cause == CloseCause::kExit);
  }
}

TEST_CASE("a FIN behind what is acknowledged is not in sequence", "[tracker]") {
  for (const std::uint32_t behind : {2u, 50u, 1'000'000u}) {
    WorkerRun run;
    run.open_v1();
    run.send(25, From::kAcceptor, kAckFlag, kA, kO, {}, 100);
    run.send(26, From::kOpener, kAckFlag, kO, kA + 100);
    (void)run.take();
    run.send(30, From::kAcceptor, kFinAck, kA + 100 - behind, kO);
    INFO(behind);
    CHECK(words_of(run.take()) == "");
    CHECK(run.tally().out_of_sequence == 1);
  }
}

TEST_CASE("blind FINs on both sides do not end a subflow", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  run.send(25, From::kAcceptor, kAckFlag, kA, kO, {}, 100);
  run.send(26, From::kOpener, kAckFlag, kO, kA + 100, {}, 100);
  run.send(27, From::kAcceptor, kAckFlag, kA + 100, kO + 100);
  (void)run.take();
  run.send(30, From::kAcceptor, kFinAck, kA - 5'000'000, kO);
  run.send(31, From::kOpener, kFinAck, kO - 5'000'000, kA);
  run.send(40, From::kOpener, kAckFlag, kO + 100, kA + 100, {}, 100);
  CHECK(words_of(run.take()) == "");
  CHECK(run.tally().subflows == 1);
}

TEST_CASE("a FIN spoofed ahead does not count when data passes its number", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  run.send(30, From::kOpener, kFinAck, kO + 150, kA);  // spoofed
  for (std::uint32_t i = 0; i < 4; ++i) run.send(31 + i, From::kOpener, kAckFlag, kO + i * 100, kA, {}, 100);
  run.send(40, From::kAcceptor, kAckFlag, kA, kO + 400);
  CHECK(words_of(run.take()) == "");
}

TEST_CASE("a stray segment before the SYN/ACK does not spoil the sequence numbers", "[tracker]") {
  WorkerRun run;
  run.syn_join(0);
  run.send(5, From::kAcceptor, kAckFlag, 0x90000000, 77, {}, 10);  // anybody's
  run.syn_ack_join(10);
  run.ack_join(20);
  (void)run.take();
  run.send(30, From::kAcceptor, kRstAck, kA, kO);
  CHECK(words_of(run.take()) == "reset counters counters closed");
}

TEST_CASE("a FIN seen behind the ACK that acknowledges it still counts: directions come from two ports", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  run.send(30, From::kOpener, kAckFlag, kO, kA, {}, 100);
  (void)run.take();
  run.send(40, From::kAcceptor, kAckFlag, kA, kO + 101);     // acknowledges the FIN
  run.send(40.1, From::kOpener, kFinAck, kO + 100, kA);
  CHECK(words_of(run.take()) == "fin");
  run.send(50, From::kAcceptor, kFinAck, kA, kO + 101);
  run.send(60, From::kOpener, kAckFlag, kO + 101, kA + 1);
  CHECK(words_of(run.take()) == "fin counters counters closed");
}

TEST_CASE("a RST seen behind an ACK of everything still counts", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  run.send(40, From::kAcceptor, kAckFlag, kA, kO + 100);     // of data that the tap sees later
  run.send(40.1, From::kOpener, kAckFlag, kO, kA, {}, 100);
  run.send(40.2, From::kOpener, kRstAck, kO + 100, kA);
  CHECK(words_of(run.take()) == "reset counters counters closed");
}

/// A live worker whose clock jumps two hours as it looks at its port: what was silent may not have been.
TEST_CASE("silence across a pause of the worker ends nothing", "[tracker]") {
  constexpr double kHour = 3'600'000;
  WorkerRun run(small_options(), 1, true);
  run.open_v1();
  (void)run.take();
  run.send(2 * kHour, From::kOpener, kAckFlag, kO, kA, {}, 100);
  CHECK(words_of(run.take()).find("closed") == std::string::npos);
  CHECK(run.tally().subflows == 1);
  run.send(2 * kHour + 10, From::kAcceptor, kRstAck, kA, kO + 100);
  CHECK(words_of(run.take()) == "reset counters counters closed");
  CHECK(run.tally().subflows_opened == 1);
}

TEST_CASE("what stays silent behind a pause ends once it was heard to be silent for long enough", "[tracker]") {
  constexpr double kHour = 3'600'000;
  constexpr double kLook = 900;  // ms: no pause
  WorkerRun run(small_options(), 1, true);
  run.open_v1();
  (void)run.take();
  double ms = 5 * kHour;
  for (; ms < 6 * kHour - 2'000; ms += kLook) {
    run.tick(ms);
    CHECK(run.take().empty());
  }
  std::string words;
  for (; ms < 6 * kHour + 4'000; ms += kLook) {
    run.tick(ms);
    words += words_of(run.take());
  }
  CHECK(words == "counters counters closed");
}

TEST_CASE("a slot keeps off late copies across a pause", "[tracker]") {
  WorkerRun run(small_options(), 1, true);
  run.open_v1();
  run.send(25, From::kAcceptor, kRstAck, kA, kO);
  (void)run.take();
  run.send(3'600'000, From::kOpener, kAckFlag, kO, kA, ts::encode_dss({.data_ack = 5}));
  CHECK(run.take().empty());
  CHECK(run.tally().subflows_opened == 1);
}

TEST_CASE("in a capture silence is silence", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  run.tick(7'200'000);
  CHECK(words_of(run.take()) == "counters counters closed");
}

/// So that a worker which never gets to run for long does not keep its subflows for ever.
TEST_CASE("of many pauses the latest few count", "[tracker]") {
  Pauses pauses;
  pauses.on_look(0, 50 * kNsPerSecond);  // the first look
  CHECK(pauses.unheard_since(1) == 0);
  for (std::uint64_t s = 100; s < 200; s += 10) pauses.on_look(s * kNsPerSecond, (s + 5) * kNsPerSecond);
  pauses.on_look(300 * kNsPerSecond, 301 * kNsPerSecond - 1);  // too short
  CHECK(pauses.unheard_since(1) == 20 * kNsPerSecond);
  CHECK(pauses.unheard_since(180 * kNsPerSecond) == 10 * kNsPerSecond);
  CHECK(pauses.unheard_since(195 * kNsPerSecond) == 0);
}

}  // namespace
}  // namespace mptap

// Two subflows one after the other on the same addresses and ports, where the tap has missed what stood between.
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;

constexpr std::uint32_t kO = kOpenerIsn + 1;
constexpr std::uint32_t kA = kAcceptorIsn + 1;
// As Linux chooses them: a little above those of the subflow before.
constexpr std::uint32_t kNextO = kOpenerIsn + 500'000;
constexpr std::uint32_t kNextA = kAcceptorIsn + 1'400'000;

const ts::Bytes& third_ack() {
  static const ts::Bytes option = ts::encode_mp_capable({.version = 1, .sender_key = 5, .receiver_key = 6});
  return option;
}
const ts::Bytes& syn_ack() {
  static const ts::Bytes option = ts::encode_mp_capable({.version = 1, .sender_key = 6});
  return option;
}

TEST_CASE("the next subflow begins where its SYN or SYN/ACK was missed, and nothing of it counts for the one before",
          "[tracker]") {
  struct Row {
    const char* what;
    bool syn;
    bool answer;
    const char* words;
  };
  const Row rows[] = {
      {"the SYN was missed", false, true, "counters counters closed opened capable_ack"},
      {"the SYN/ACK was missed", true, false, "counters counters closed opened first_dss"},
      {"both were missed", false, false, "counters counters closed opened first_dss"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    WorkerRun run;
    run.open_v1();
    (void)run.take();
    if (row.syn) run.send(90, From::kOpener, kSynFlag, kNextO, 0, ts::encode_mp_capable({.version = 1}));
    if (row.answer) run.send(100, From::kAcceptor, kSynAckFlags, kNextA, kNextO + 1, syn_ack());
    run.send(110, From::kOpener, kAckFlag, kNextO + 1, kNextA + 1, third_ack());
    run.send(120, From::kAcceptor, kAckFlag, kNextA + 1, kNextO + 1, ts::encode_dss({.data_ack = 9, .ack8 = true}), 70);
    const auto records = run.take();
    std::string words = words_of(records);
    if (row.answer && words.ends_with(" first_dss")) words.resize(words.size() - 10);  // that of the acceptor
    CHECK(words == row.words);
    CHECK(records[0].counters.segments == 2);
    CHECK(records[1].counters.segments == 1);
    CHECK(records[2].closed.cause == CloseCause::kReplaced);
    CHECK(run.tally().strangers >= 1);
  }
}

TEST_CASE("numbers far from a subflow's own change nothing as long as one end alone speaks like that", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  for (std::uint32_t i = 0; i < 5; ++i) {
    run.send(30 + i, From::kOpener, kAckFlag, kO + 0x40000000 + i * 10, kA + 0x40000000,
             ts::encode_dss({.mapping = ts::DssMapping{5, 1, 10}}), 10);
  }
  CHECK(words_of(run.take()).empty());
  CHECK(run.tally().strangers == 5);
  run.send(50, From::kAcceptor, kAckFlag, kA, kO, {}, 10);
  run.send(51, From::kAcceptor, kRstAck, kA + 10, kO);
  const auto records = run.take();
  REQUIRE(words_of(records) == "reset counters counters closed");
  CHECK(records[1].counters.payload_bytes == 0);
  CHECK(records[2].counters.payload_bytes == 10);
}

TEST_CASE("segments of the first data repeat its MP_CAPABLE, and are the subflow's own", "[tracker]") {
  WorkerRun run;
  run.open_v1();
  (void)run.take();
  const ts::Bytes option = ts::encode_mp_capable({.version = 1, .sender_key = WorkerRun::kOpenerKey,
                                                  .receiver_key = WorkerRun::kAcceptorKey, .data_len = 14'000});
  for (std::uint32_t i = 0; i < 10; ++i) run.send(30 + i, From::kOpener, kAckFlag, kO + i * 1'400, kA, option, 1'400);
  const auto records = run.finish();
  REQUIRE(words_of(records) == "capable_ack counters counters closed");
  CHECK(records[1].counters.payload_bytes == 14'000);
  CHECK(run.tally().strangers == 0);
}

TEST_CASE("where one end is all that is heard, its next SYN/ACK begins the next subflow", "[tracker]") {
  WorkerRun run;
  run.send(0, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kO, syn_ack());
  run.send(10, From::kAcceptor, kAckFlag, kA, kO, ts::encode_dss({.mapping = ts::DssMapping{100, 1, 10}, .dsn8 = true}), 10);
  run.send(90, From::kAcceptor, kSynAckFlags, kNextA, kNextO + 1, syn_ack());
  run.send(95, From::kAcceptor, kAckFlag, kNextA + 1, kNextO + 1,
           ts::encode_dss({.mapping = ts::DssMapping{900, 1, 10}, .dsn8 = true}), 10);
  CHECK(words_of(run.take()) == "opened syn_ack first_dss counters counters closed opened syn_ack first_dss");
}

TEST_CASE("a join whose opener repeats its SYN after the answer is not half open: it never got it", "[tracker]") {
  for (const bool repeated : {false, true}) {
    WorkerRun run;
    run.syn_join(0);
    run.syn_ack_join(10);
    if (repeated) run.send(1'000, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_join_syn(2, 0xaabbccdd, 7));
    run.tick(100'000);
    const auto records = run.finish();
    CHECK(records.back().closed.half_open == !repeated);
  }
}

}  // namespace
}  // namespace mptap

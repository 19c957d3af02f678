// What a burst holds is worked on in groups: what is told must not hang on where bursts and groups end.
#include <cstring>

#include "tests/support/random.h"
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h

constexpr std::size_t kFlows = 12;
constexpr std::uint32_t kSmallTable = 16;  // subflows
constexpr std::uint16_t kPlainPort = 50'000;  // and above: flows that never speak MPTCP

/// The next packet of a flow that is opened, carries data both ways and is reset: `step` 0 and on.
void send_step(WorkerRun& run, double ms, std::size_t flow, std::uint32_t step) {
  run.ends.opener.port = static_cast<std::uint16_t>(40'000 + flow);
  const auto data = [&](std::uint32_t number) {
    return ts::encode_dss({.data_ack = 9'000,
                           .mapping = ts::DssMapping{.dsn = 7'000 + number * 100, .ssn = 1 + number * 100, .data_len = 100}});
  };
  switch (step) {
    case 0: run.send(ms, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_join_syn(2, 0xaabbccdd, 7)); break;
    case 1: run.syn_ack_join(ms); break;
    case 2: run.ack_join(ms); break;
    case 9: run.send(ms, From::kAcceptor, kRstAck, kAcceptorIsn + 1, kOpenerIsn + 1); break;
    // Without an option: of interest only because its flow is known, or opened a few packets before.
    case 3: run.send(ms, From::kAcceptor, kAckFlag, kAcceptorIsn + 1, kOpenerIsn + 1); break;
    default: run.send(ms, From::kOpener, kAckFlag, kOpenerIsn + 1 + (step - 4) * 100, kAcceptorIsn + 1, data(step - 4), 100);
  }
}

/// Flows whose packets mingle, each flow's in their order and often one behind the other, amid plain TCP.
void show_traffic(WorkerRun& run) {
  ts::Random random(28);
  std::array<std::uint32_t, kFlows> step{};
  double ms = 0;
  std::size_t flow = 0;
  for (int packets = 0; packets < 400; ++packets) {
    ms += 0.01;
    if (random.chance(0.2)) flow = random.below(kFlows);
    if (random.chance(0.5) || step[flow] > 9) {
      run.ends.opener.port = static_cast<std::uint16_t>(kPlainPort + random.below(100));
      run.send(ms, From::kOpener, random.chance(0.2) ? kSynFlag : kAckFlag, static_cast<std::uint32_t>(packets), 1, {}, 10);
    } else {
      send_step(run, ms, flow, step[flow]++);
    }
  }
}

/// Nothing but SYNs, which stay in one group, and what comes after them.
void show_flood(WorkerRun& run) {
  for (std::uint16_t source = 0; source < 300; ++source) {
    run.ends.opener.port = static_cast<std::uint16_t>(10'000 + source);
    run.syn_join(0.01 * source, 77u * source, 0xaabbccdd, source);
    if (source % 90 == 89) run.syn_ack_join(0.01 * source, 77u * source);
  }
}

/// One flow more than the table holds, in turn: each newcomer evicts the flow that comes next, whose first segment brings it
/// back. In groups of four, a segment behind that one is looked up when its subflow is gone and not yet back.
void show_evictions(WorkerRun& run) {
  double ms = 0;
  for (std::uint32_t turn = 0; turn < 600; ++turn) {
    run.ends.opener.port = static_cast<std::uint16_t>(10'000 + turn % (kSmallTable + 1));
    for (std::uint32_t i = 0; i < 5; ++i) {
      const ts::Bytes option = i == 0 ? ts::encode_dss({.data_ack = 9'000}) : ts::Bytes{};
      run.send(ms += 0.01, From::kOpener, kAckFlag, kOpenerIsn + turn * 50 + i * 10, kAcceptorIsn, option, 10);
    }
  }
}

TEST_CASE("what is told does not hang on where bursts end", "[burst]") {
  const auto [show, capacity] = GENERATE(table<void (*)(WorkerRun&), std::uint32_t>(
      {{show_traffic, 1024}, {show_flood, 1024}, {show_evictions, kSmallTable}}));
  WorkerRun alone(small_options(capacity));
  alone.source_.burst_limit = 1;
  show(alone);
  const std::vector<Record> expected = alone.finish();
  REQUIRE(expected.size() > kFlows);
  for (const unsigned limit : {2u, 3u, 4u, 5u, 7u, 8u, 9u, 31u, 63u, 64u}) {
    INFO(limit);
    WorkerRun run(small_options(capacity));
    run.source_.burst_limit = limit;
    show(run);
    const std::vector<Record> found = run.finish();
    REQUIRE(words_of(found) == words_of(expected));
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::memcmp(&found[i], &expected[i], sizeof(Record)) == 0);
    CHECK(run.tally().with_mptcp == alone.tally().with_mptcp);
    CHECK(run.tally().copies == alone.tally().copies);
    CHECK(run.tally().options == alone.tally().options);
    CHECK(run.tally().joins_not_stored == alone.tally().joins_not_stored);
  }
}

}  // namespace
}  // namespace mptap

// Keys are secrets: what a worker knew of them is in no memory once control has been told.
#include <algorithm>

#include "tests/unit/memory_scan.h"
#include "tests/unit/worker_run.h"

namespace mptap {
namespace {

using namespace test;  // worker_run.h, memory_scan.h

/// Of a key in host order; its halves stand apart in the table.
struct Traces {
  std::uint32_t high;
  std::uint32_t low;
};

Traces traces_of(std::uint64_t complement) {
  return {static_cast<std::uint32_t>(complement >> 32), static_cast<std::uint32_t>(complement)};
}

/// Takes what the worker tells, and leaves nothing of it.
std::size_t take_and_wipe(WorkerRun& run) {
  std::vector<Record> records = run.take();
  const std::size_t count = records.size();
  std::fill(records.begin(), records.end(), Record());
  return count;
}

TEST_CASE("the key of a SYN stays in the table until its answer has been told, and no longer", "[keys]") {
  for (const bool answered : {true, false}) {
    INFO("answered: " << answered);
    volatile std::uint64_t seed = 0x9d17c3a5b2e46f08;  // else the compiler keeps the key among its constants
    const ts::Key key = seed ^ 0x1111111111111111;
    const Traces traces = traces_of(~key);
    WorkerRun run;
    run.send(0, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_capable({.version = 0, .sender_key = key}));
    REQUIRE(take_and_wipe(run) == 1);
    CHECK(times_in_memory(traces.high) == 1);
    CHECK(times_in_memory(traces.low) == 1);
    if (answered) {
      run.send(10, From::kAcceptor, kSynAckFlags, kAcceptorIsn, kOpenerIsn + 1,
               ts::encode_mp_capable({.version = 0, .sender_key = WorkerRun::kAcceptorKey}));
    } else {
      run.send(10, From::kAcceptor, kRstAck, 0, kOpenerIsn + 1);
    }
    REQUIRE(take_and_wipe(run) >= 1);
    CHECK(times_in_memory(traces.high) == 0);
    CHECK(times_in_memory(traces.low) == 0);
  }
}

}  // namespace
}  // namespace mptap

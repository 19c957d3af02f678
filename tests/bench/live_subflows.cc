// One run of tests/bench/live_subflows: nanoseconds and TSC cycles a packet of one worker that knows this
// many subflows.
//
//   live_subflows_run worker|source SUBFLOWS SECONDS [CORE [CONTROL_CORE]]
//
// `source` makes the same packets for nobody. The ring is emptied by a thread on the control core. Prints one
// JSON object.
#include <pthread.h>
#include <sched.h>
#include <x86intrin.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "dataplane/seeded_hash.h"
#include "dataplane/worker.h"
#include "tests/bench/synthetic_subflows.h"

namespace mptap::bench {
namespace {

using Clock = std::chrono::steady_clock;

void pin_to(int core) {
  if (core < 0) return;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
}

/// Polls for `seconds`, and says what a packet took.
template <typename Poll>
nlohmann::json measure(double seconds, Poll&& poll) {
  std::uint64_t polls = 0;
  const auto begin = Clock::now();
  const std::uint64_t ticks = __rdtsc();
  double elapsed = 0;
  while (elapsed < seconds) {
    for (int i = 0; i < 1000; ++i) poll();
    polls += 1000;
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const auto packets = static_cast<double>(polls * Burst::kCapacity);
  return {{"ns", elapsed * 1e9 / packets}, {"cycles", static_cast<double>(__rdtsc() - ticks) / packets}};
}

nlohmann::json measure_worker(SyntheticSubflows& source, std::uint32_t subflows, double seconds,
                              int control_core) {
  WorkerOptions options;
  options.table.capacity = std::max(options.table.capacity, 2 * subflows);
  RecordRing ring(options.ring_capacity, options.overflow_capacity);
  std::atomic<bool> stop{false};
  std::atomic<bool> ended{false};
  Worker worker(source, options, ring, random_seed(), stop);
  std::thread control([&] {
    pin_to(control_core);
    Record record;
    while (!ended.load(std::memory_order_relaxed)) {
      if (!ring.try_pop(record)) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  });
  while (source.rounds() < 4) worker.poll_once();  // all are known and confirmed then
  const WorkerTally before = worker.counters();
  nlohmann::json result = measure(seconds, [&] { worker.poll_once(); });
  const WorkerTally after = worker.counters();
  ended = true;
  control.join();
  result["subflows"] = after.subflows;
  result["opened"] = after.subflows_opened - before.subflows_opened;
  result["strangers"] = after.strangers - before.strangers;
  result["copies"] = after.copies - before.copies;
  result["records"] = after.records_built - before.records_built;
  return result;
}

nlohmann::json run(const std::string& side, std::uint32_t subflows, double seconds, int core,
                   int control_core) {
  pin_to(core);
  SyntheticSubflows source(subflows);
  if (side == "worker") return measure_worker(source, subflows, seconds, control_core);
  auto burst = std::make_unique<Burst>();
  return measure(seconds, [&] { source.receive(*burst); });
}

}  // namespace
}  // namespace mptap::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: live_subflows_run worker|source SUBFLOWS SECONDS [CORE [CONTROL_CORE]]\n");
    return 2;
  }
  const auto subflows = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const int core = argc > 4 ? std::atoi(argv[4]) : -1;
  const int control_core = argc > 5 ? std::atoi(argv[5]) : -1;
  std::printf("%s\n",
              mptap::bench::run(argv[1], subflows, std::atof(argv[3]), core, control_core).dump().c_str());
  return 0;
}

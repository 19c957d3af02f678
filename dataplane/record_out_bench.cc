// Records a second on their way out of a live worker: with room, without, and through the overflow.
#include "dataplane/record_out.h"

#include <atomic>

#include "tests/bench/micro/verdict.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kRing = 16'384;
constexpr std::uint32_t kOverflow = 16'384;
constexpr std::size_t kBurst = 64;

/// A burst of records goes out and is taken, by the same thread.
void push_records(benchmark::State& state, RecordClass klass) {
  RecordRing ring(kRing);
  const std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out(ring, kOverflow, false, stop, tally);
  Record record;
  std::uint64_t taken = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i) out.push(record, klass);
    out.publish();
    for (Record back; ring.try_pop(back);) ++taken;
  }
  close(state, kBurst, taken == kBurst * static_cast<std::uint64_t>(state.iterations()), "a record was lost");
}
BENCHMARK_CAPTURE(push_records, bulk, RecordClass::kBulk);
BENCHMARK_CAPTURE(push_records, vital, RecordClass::kVital);

/// Control has stopped taking: bulk is counted and lost, as in a flood.
void refuse_bulk(benchmark::State& state) {
  RecordRing ring(kRing);
  const std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out(ring, kOverflow, false, stop, tally);
  Record record;
  while (out.push(record, RecordClass::kBulk)) {
  }
  std::uint64_t refused = 0;
  for (auto _ : state) {
    refused = 0;
    for (std::size_t i = 0; i < kBurst; ++i) refused += out.push(record, RecordClass::kBulk) ? 0 : 1;
    out.publish();
  }
  close(state, kBurst, refused == kBurst, "bulk went into a full ring");
}
BENCHMARK(refuse_bulk);

/// More vital records than the ring holds wait in the overflow until control takes some.
void push_through_overflow(benchmark::State& state) {
  RecordRing ring(kRing);
  const std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out(ring, kOverflow, false, stop, tally);
  constexpr std::uint64_t kRecords = kRing + kOverflow;
  std::uint64_t taken = 0;
  for (auto _ : state) {
    taken = 0;
    Record record;
    for (std::uint64_t i = 0; i < kRecords; ++i) out.push(record, RecordClass::kVital);
    for (int i = 0; i < 2; ++i) {
      out.publish();
      while (ring.try_pop(record)) ++taken;
    }
  }
  close(state, kRecords, taken == kRecords && tally.ring_full_vital == 0, "a vital record was lost");
}
BENCHMARK(push_through_overflow);

}  // namespace
}  // namespace mptap::bench

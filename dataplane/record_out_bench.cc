// Records a second on their way out of a live worker: with room, without, and through the reserve.
#include "dataplane/record_out.h"

#include <atomic>

#include "tests/bench/micro/verdict.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kRing = 16'384;
constexpr std::uint32_t kReserve = 16'384;
constexpr std::size_t kBurst = 64;

bool push(RecordOut& out, RecordClass klass) {
  Record& record = out.begin(klass);
  record.kind = RecordKind::kFin;
  return out.end();
}

/// A burst of records goes out and is taken, by the same thread.
void push_records(benchmark::State& state, RecordClass klass) {
  RecordRing ring(kRing, kReserve);
  const std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out(ring, false, stop, tally);
  std::uint64_t taken = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i) push(out, klass);
    out.publish();
    for (Record back; ring.try_pop(back);) ++taken;
  }
  close(state, kBurst, taken == kBurst * static_cast<std::uint64_t>(state.iterations()), "a record was lost");
}
BENCHMARK_CAPTURE(push_records, bulk, RecordClass::kBulk);
BENCHMARK_CAPTURE(push_records, vital, RecordClass::kVital);

/// Control has stopped taking: bulk is counted and lost, as in a flood.
void refuse_bulk(benchmark::State& state) {
  RecordRing ring(kRing, kReserve);
  const std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out(ring, false, stop, tally);
  while (push(out, RecordClass::kBulk)) {
  }
  std::uint64_t refused = 0;
  for (auto _ : state) {
    refused = 0;
    for (std::size_t i = 0; i < kBurst; ++i) refused += push(out, RecordClass::kBulk) ? 0 : 1;
    out.publish();
  }
  close(state, kBurst, refused == kBurst, "bulk went into a full ring");
}
BENCHMARK(refuse_bulk);

/// More vital records than the ring holds go into the reserve until control takes some.
void push_into_reserve(benchmark::State& state) {
  RecordRing ring(kRing, kReserve);
  const std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out(ring, false, stop, tally);
  constexpr std::uint64_t kRecords = kRing + kReserve;
  std::uint64_t taken = 0;
  for (auto _ : state) {
    taken = 0;
    for (std::uint64_t i = 0; i < kRecords; ++i) push(out, RecordClass::kVital);
    out.publish();
    for (Record record; ring.try_pop(record);) ++taken;
    out.publish();
  }
  close(state, kRecords, taken == kRecords && tally.ring_full_vital == 0, "a vital record was lost");
}
BENCHMARK(push_into_reserve);

}  // namespace
}  // namespace mptap::bench

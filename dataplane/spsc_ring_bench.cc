// Records a second through the ring, by one thread alone and between two.
#include "dataplane/spsc_ring.h"

#include <atomic>
#include <thread>

#include "dataplane/record.h"
#include "tests/bench/micro/verdict.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kCapacity = 65'536;

/// What push and pop themselves cost: one thread does both, a batch at a time.
void ring_in_one_thread(benchmark::State& state) {
  SpscRing<Record> ring(kCapacity);
  const auto batch = static_cast<std::uint32_t>(state.range(0));
  std::uint64_t lost = 0;
  for (auto _ : state) {
    Record record;
    for (std::uint32_t i = 0; i < batch; ++i) {
      record.slot = i;
      lost += ring.try_push(record) ? 0 : 1;
    }
    ring.publish();
    for (std::uint32_t i = 0; i < batch; ++i) lost += ring.try_pop(record) && record.slot == i ? 0 : 1;
    benchmark::DoNotOptimize(record);
  }
  close(state, batch, lost == 0, "a record did not come through");
}
BENCHMARK(ring_in_one_thread)->Arg(64)->Arg(16'384);

/// Worker and control, each on a core of its own where the machine has two.
void ring_between_threads(benchmark::State& state) {
  constexpr std::uint64_t kRecords = 262'144;
  SpscRing<Record> ring(kCapacity);
  std::atomic<std::uint64_t> taken{0};
  std::atomic<bool> stop{false};
  std::uint64_t wrong = 0;
  std::thread consumer([&] {
    Record record;
    std::uint64_t count = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      const std::uint64_t before = count;
      while (ring.try_pop(record)) wrong += record.time_ns == count++ ? 0 : 1;
      if (count == before)
        std::this_thread::yield();
      else
        taken.store(count, std::memory_order_release);
    }
  });
  std::uint64_t pushed = 0;
  for (auto _ : state) {
    Record record;
    for (const std::uint64_t end = pushed + kRecords; pushed < end;) {
      for (int i = 0; i < 64;) {
        record.time_ns = pushed;
        if (ring.try_push(record)) {
          ++pushed;
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
      ring.publish();
    }
    while (taken.load(std::memory_order_acquire) != pushed) std::this_thread::yield();
  }
  stop = true;
  consumer.join();
  close(state, kRecords, wrong == 0, "records changed places");
}
BENCHMARK(ring_between_threads)->UseRealTime();

}  // namespace
}  // namespace mptap::bench

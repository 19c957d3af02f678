// Segments a second that are told from copies, in bursts with a prefetch between, as the worker does it.
#include "dataplane/copy_filter.h"

#include <algorithm>
#include <vector>

#include "tests/bench/micro/verdict.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kBurst = 64;
constexpr std::size_t kSegments = 65'536;
constexpr std::uint64_t kStepNs = 10'000'000;  // longer than a copy that is not told apart counts as one

std::vector<std::uint64_t> prints() {
  std::vector<std::uint64_t> all(kSegments);
  testing::Random random(1);
  for (auto& print : all) print = random.next();
  return all;
}

/// @param rounds  How often each burst is shown: 2 is a span port that delivers everything twice.
void filter_copies(benchmark::State& state, std::size_t rounds) {
  CopyFilter filter;
  const std::vector<std::uint64_t> all = prints();
  std::uint64_t now_ns = 1'700'000'000'000'000'000;
  std::size_t copies = 0;
  for (auto _ : state) {
    copies = 0;
    now_ns += kStepNs;
    for (std::size_t first = 0; first < kSegments; first += kBurst) {
      for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < kBurst; ++i) filter.prefetch(all[first + i]);
        for (std::size_t i = 0; i < kBurst; ++i) copies += filter.is_copy(all[first + i], now_ns, false) ? 1 : 0;
      }
    }
    benchmark::DoNotOptimize(copies);
  }
  const std::size_t expected = (rounds - 1) * kSegments;
  // Of segments of one moment one may push another out.
  const bool right = copies <= expected && copies >= expected - expected / 200;
  close(state, rounds * kSegments, right, "copies and segments were taken for each other");
}
BENCHMARK_CAPTURE(filter_copies, none, std::size_t{1});
BENCHMARK_CAPTURE(filter_copies, every_second, std::size_t{2});

}  // namespace
}  // namespace mptap::bench

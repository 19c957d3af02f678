// The main() of the micro-benchmarks: that of the library, and exit code 1 where a benchmark computed something wrong.
#include <benchmark/benchmark.h>

#include "tests/bench/micro/verdict.h"

namespace mptap::bench {
namespace {
bool wrong = false;
}  // namespace

bool any_wrong() { return wrong; }

void close(benchmark::State& state, std::size_t items, bool right, const char* sentence) {
  if (!right) {
    wrong = true;
    state.SkipWithError(sentence);
    return;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(items) * static_cast<std::int64_t>(state.iterations()));
}

}  // namespace mptap::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return mptap::bench::any_wrong() ? 1 : 0;
}

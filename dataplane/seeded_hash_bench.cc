// Keyed hashes a second.
#include "dataplane/seeded_hash.h"

#include <array>
#include <bit>
#include <vector>

#include "tests/bench/micro/verdict.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kKeys = 1024;

template <std::size_t kBytes>
struct Words {
  std::array<std::uint64_t, kBytes / 8> word;
};

template <std::size_t kBytes, typename HashOf>
void measure(benchmark::State& state, HashOf&& hash_of) {
  std::vector<Words<kBytes>> keys(kKeys);
  testing::Random random(1);
  for (auto& key : keys) {
    for (auto& word : key.word) word = random.next();
  }
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const auto& key : keys) sum += hash_of(key);
    benchmark::DoNotOptimize(sum);
  }
  std::uint64_t again = 0;
  for (const auto& key : keys) again += hash_of(key);
  close(state, kKeys, sum == again && sum != 0, "the same keys hash to something else");
}

void hash_40_bytes(benchmark::State& state) {
  const SeededHash hash(1);
  measure<40>(state, [&hash](const auto& key) { return hash.of5(std::bit_cast<std::array<std::uint64_t, 5>>(key)); });
}
BENCHMARK(hash_40_bytes);

void hash_16_bytes(benchmark::State& state) {
  const SeededHash hash(1);
  measure<16>(state, [&hash](const auto& key) { return hash.of16(&key); });
}
BENCHMARK(hash_16_bytes);

}  // namespace
}  // namespace mptap::bench

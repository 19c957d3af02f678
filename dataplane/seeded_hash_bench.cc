// Keyed hashes a second.
#include "dataplane/seeded_hash.h"

#include <array>
#include <vector>

#include "dataplane/flow_name.h"
#include "tests/bench/micro/verdict.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kKeys = 1024;

template <std::size_t kBytes>
struct Words {
  std::array<std::uint64_t, kBytes / 8> word;
};

/// The name of the flow whose addresses, and ports behind them, stand in these words.
template <typename Words>
std::uint64_t name_in(const Words& words, bool is_v4, const SeededHash& hash) {
  const auto* const addresses = reinterpret_cast<const std::uint8_t*>(words.word.data());
  return name_flow(addresses, addresses + (is_v4 ? 8 : 32), is_v4, 0, hash).hash;
}

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

void name_flow_ipv4(benchmark::State& state) {
  const SeededHash hash(1);
  measure<16>(state, [&hash](const auto& frame) { return name_in(frame, true, hash); });
}
BENCHMARK(name_flow_ipv4);

void name_flow_ipv6(benchmark::State& state) {
  const SeededHash hash(1);
  measure<40>(state, [&hash](const auto& frame) { return name_in(frame, false, hash); });
}
BENCHMARK(name_flow_ipv6);

void hash_16_bytes(benchmark::State& state) {
  const SeededHash hash(1);
  measure<16>(state, [&hash](const auto& key) { return hash.of16(&key); });
}
BENCHMARK(hash_16_bytes);

}  // namespace
}  // namespace mptap::bench

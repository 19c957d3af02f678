// Look-ups and newcomers a second of a worker's table, in random order, as it grows from 1,000 to 1,000,000 subflows.
#include "dataplane/subflow_table.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <numeric>
#include <vector>

#include "tests/bench/micro/verdict.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kBurst = 64;
constexpr std::size_t kLookUps = 65'536;  // of one iteration

/// Key of a number; those from kStrangers on are never in the table.
constexpr std::uint32_t kStrangers = 1u << 30;
SubflowKey key_of(std::uint32_t number) {
  const auto octet = [number](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
  const std::uint8_t client[4] = {10, octet(24), octet(16), octet(8)};
  const std::uint8_t server[4] = {192, 0, 2, 1};
  SubflowKey key;
  key.low = IpAddress::from_v4(client);
  key.high = IpAddress::from_v4(server);
  key.low_port = static_cast<std::uint16_t>(1024 + (number & 255));
  key.high_port = 443;
  return key;
}

/// A table that holds the subflows 0 to `count` - 1. The same one serves all benchmarks of a size, one after the other.
class Filled {
 public:
  explicit Filled(std::uint32_t count) : count_(count), table_(options_of(count), 1) {
    for (std::uint32_t number = 0; number < count; ++number) {
      const SubflowKey key = key_of(number);
      stored_ += table_.try_insert(table_.hash_of(key), SlotClass::kAnswered) != SubflowTable::kNone ? 1 : 0;
    }
  }

  [[nodiscard]] bool whole() const { return stored_ == count_; }
  SubflowTable& table() { return table_; }

  /// Keys as they come with packets: some number in random order, the same every time.
  [[nodiscard]] std::vector<SubflowKey> draw(std::uint32_t first) const {
    testing::Random random(2);
    std::vector<SubflowKey> keys;
    for (std::size_t i = 0; i < kLookUps; ++i) keys.push_back(key_of(first + static_cast<std::uint32_t>(random.below(count_))));
    return keys;
  }

  static Filled& of(std::int64_t count) {
    static std::unique_ptr<Filled> latest;
    if (!latest || latest->count_ != count) {
      latest.reset();
      latest = std::make_unique<Filled>(static_cast<std::uint32_t>(count));
    }
    return *latest;
  }

 private:
  static SubflowTableOptions options_of(std::uint32_t count) {
    SubflowTableOptions options;
    options.capacity = std::bit_ceil(count);
    return options;
  }

  const std::uint32_t count_;
  SubflowTable table_;
  std::uint32_t stored_ = 0;
};

/// Each packet's key by itself: what a look-up costs that waits for memory.
void find_one_by_one(benchmark::State& state) {
  Filled& filled = Filled::of(state.range(0));
  const std::vector<SubflowKey> keys = filled.draw(0);
  std::size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (const SubflowKey& key : keys) {
      found += filled.table().find(filled.table().hash_of(key)) != SubflowTable::kNone ? 1 : 0;
    }
    benchmark::DoNotOptimize(found);
  }
  close(state, kLookUps, filled.whole() && found == kLookUps, "a subflow was not found");
}

/// As the worker does it: hashes and buckets of a burst, then its slots, then what is in them.
std::size_t find_burst(SubflowTable& table, const SubflowKey* keys) {
  std::array<std::uint64_t, kBurst> hashes;
  for (std::size_t i = 0; i < kBurst; ++i) {
    hashes[i] = table.hash_of(keys[i]);
    table.prefetch_bucket(hashes[i]);
  }
  std::array<std::uint32_t, kBurst> likely;
  for (std::size_t i = 0; i < kBurst; ++i) likely[i] = table.prefetch_slot(hashes[i]);
  std::size_t found = 0;
  for (std::size_t i = 0; i < kBurst; ++i) {
    if (likely[i] == SubflowTable::kNone) continue;
    const std::uint32_t index = table.find(hashes[i], likely[i]);
    if (index == SubflowTable::kNone) continue;
    ++table[index].last_seen_ns;
    ++found;
  }
  return found;
}

void find_in_bursts(benchmark::State& state, std::uint32_t first, std::size_t expected) {
  Filled& filled = Filled::of(state.range(0));
  const std::vector<SubflowKey> keys = filled.draw(first);
  std::size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (std::size_t i = 0; i < kLookUps; i += kBurst) found += find_burst(filled.table(), &keys[i]);
    benchmark::DoNotOptimize(found);
  }
  close(state, kLookUps, filled.whole() && found == expected, "not as many were found as are there");
}

/// A subflow leaves and another takes a place, at random, in a table that stays as full as it is.
void replace(benchmark::State& state) {
  Filled& filled = Filled::of(state.range(0));
  SubflowTable& table = filled.table();
  testing::Random random(3);
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(state.range(0)));
  std::iota(numbers.begin(), numbers.end(), 0u);
  for (std::size_t i = numbers.size() - 1; i > 0; --i) std::swap(numbers[i], numbers[random.below(i + 1)]);
  numbers.resize(std::min(numbers.size(), kLookUps));
  std::size_t lost = 0;
  const auto exchange = [&](std::uint32_t leaves, std::uint32_t comes) {
    for (const std::uint32_t number : numbers) {
      const SubflowKey old_key = key_of(number + leaves);
      const std::uint32_t index = table.find(table.hash_of(old_key));
      if (index != SubflowTable::kNone) table.release(index);
      const SubflowKey key = key_of(number + comes);
      lost += table.try_insert(table.hash_of(key), SlotClass::kAnswered) == SubflowTable::kNone ? 1 : 0;
    }
  };
  for (auto _ : state) {
    exchange(0, kStrangers);
    exchange(kStrangers, 0);
  }
  close(state, 2 * numbers.size(), filled.whole() && lost == 0, "a newcomer found no place");
}

/// All benchmarks of one size stand together, so that its table is filled once.
void add_size(std::int64_t count) {
  benchmark::RegisterBenchmark("find_one_by_one", find_one_by_one)->Arg(count);
  benchmark::RegisterBenchmark("find_in_bursts/known", find_in_bursts, 0u, kLookUps)->Arg(count);
  benchmark::RegisterBenchmark("find_in_bursts/unknown", find_in_bursts, kStrangers, std::size_t{0})->Arg(count);
  benchmark::RegisterBenchmark("replace", replace)->Arg(count);
}

[[maybe_unused]] const bool registered = [] {
  for (const std::int64_t count : {1'000, 100'000, 1'000'000}) add_size(count);
  return true;
}();

}  // namespace
}  // namespace mptap::bench

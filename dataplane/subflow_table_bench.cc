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

constexpr std::uint32_t kStrangers = 1u << 30;  // numbers from there on are never in the table
std::uint64_t name_of(const SubflowTable& table, std::uint32_t number) { return table.hash().of64(number); }

/// A table that holds the subflows 0 to `count` - 1. The same one serves all benchmarks of a size, one after the other.
class Filled {
 public:
  explicit Filled(std::uint32_t count) : count_(count), table_(options_of(count), 1) {
    for (std::uint32_t number = 0; number < count; ++number) {
      stored_ += table_.try_insert(name_of(table_, number), SlotClass::kAnswered) != SubflowTable::kNone ? 1 : 0;
    }
  }

  [[nodiscard]] bool whole() const { return stored_ == count_; }
  SubflowTable& table() { return table_; }

  /// Flows as they come with packets: some number in random order, the same every time.
  [[nodiscard]] std::vector<std::uint64_t> draw(std::uint32_t first) const {
    testing::Random random(2);
    std::vector<std::uint64_t> names;
    for (std::size_t i = 0; i < kLookUps; ++i) names.push_back(name_of(table_, first + static_cast<std::uint32_t>(random.below(count_))));
    return names;
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

/// Each packet's flow by itself: what a look-up costs that waits for memory.
void find_one_by_one(benchmark::State& state) {
  Filled& filled = Filled::of(state.range(0));
  const std::vector<std::uint64_t> names = filled.draw(0);
  std::size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (const std::uint64_t name : names) found += filled.table().find(name) != SubflowTable::kNone ? 1 : 0;
    benchmark::DoNotOptimize(found);
  }
  close(state, kLookUps, filled.whole() && found == kLookUps, "a subflow was not found");
}

/// As the worker does it: buckets of a burst, then its slots, then what is in them.
std::size_t find_burst(SubflowTable& table, const std::uint64_t* names) {
  for (std::size_t i = 0; i < kBurst; ++i) table.prefetch_bucket(names[i]);
  std::array<std::uint32_t, kBurst> likely;
  for (std::size_t i = 0; i < kBurst; ++i) likely[i] = table.prefetch_slot(names[i]);
  std::size_t found = 0;
  for (std::size_t i = 0; i < kBurst; ++i) {
    if (likely[i] == SubflowTable::kNone) continue;
    const std::uint32_t index = table.find(names[i], likely[i]);
    if (index == SubflowTable::kNone) continue;
    ++table[index].last_seen_ns;
    ++found;
  }
  return found;
}

void find_in_bursts(benchmark::State& state, std::uint32_t first, std::size_t expected) {
  Filled& filled = Filled::of(state.range(0));
  const std::vector<std::uint64_t> names = filled.draw(first);
  std::size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (std::size_t i = 0; i < kLookUps; i += kBurst) found += find_burst(filled.table(), &names[i]);
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
      const std::uint32_t index = table.find(name_of(table, number + leaves));
      if (index != SubflowTable::kNone) table.release(index);
      lost += table.try_insert(name_of(table, number + comes), SlotClass::kAnswered) == SubflowTable::kNone ? 1 : 0;
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

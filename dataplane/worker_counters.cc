#include "dataplane/worker_counters.h"

#include <bit>
#include <type_traits>

namespace mptap {

static_assert(std::is_trivially_copyable_v<WorkerTally> && sizeof(WorkerTally) % sizeof(std::uint64_t) == 0);

WorkerTally& WorkerTally::operator+=(const WorkerTally& other) {
  using Words = std::array<std::uint64_t, sizeof(WorkerTally) / sizeof(std::uint64_t)>;
  auto sum = std::bit_cast<Words>(*this);
  const auto more = std::bit_cast<Words>(other);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
  return *this = std::bit_cast<WorkerTally>(sum);
}

void WorkerCounters::publish(const WorkerTally& tally) noexcept {
  const auto words = std::bit_cast<std::array<std::uint64_t, kWords>>(tally);
  for (std::size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
}

WorkerTally WorkerCounters::read() const noexcept {
  std::array<std::uint64_t, kWords> words{};
  for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
  return std::bit_cast<WorkerTally>(words);
}

}  // namespace mptap

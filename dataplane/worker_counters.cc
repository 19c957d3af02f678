#include "dataplane/worker_counters.h"

#include <bit>
#include <type_traits>

namespace mptap {

static_assert(std::is_trivially_copyable_v<WorkerTally> && sizeof(WorkerTally) % sizeof(std::uint64_t) == 0);

WorkerTally& WorkerTally::operator+=(const WorkerTally& other) {
#define X(name, meaning) name += other.name;
  MPTAP_WORKER_COUNTERS(X)
  MPTAP_WORKER_GAUGES(X)
#undef X
  for (std::size_t i = 0; i < frames.size(); ++i) frames[i] += other.frames[i];
  for (std::size_t i = 0; i < options.size(); ++i) options[i] += other.options[i];
  for (std::size_t i = 0; i < option_errors.size(); ++i) option_errors[i] += other.option_errors[i];
  return *this;
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

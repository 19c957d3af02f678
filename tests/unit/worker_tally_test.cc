// Sums of what workers count.
#include <array>
#include <bit>

#include "dataplane/worker_counters.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

TEST_CASE("a sum of tallies holds every number", "[tally]") {
  using Words = std::array<std::uint64_t, sizeof(WorkerTally) / sizeof(std::uint64_t)>;
  Words words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = i + 1;
  WorkerTally sum = std::bit_cast<WorkerTally>(words);
  sum += std::bit_cast<WorkerTally>(words);
  const auto found = std::bit_cast<Words>(sum);
  for (std::size_t i = 0; i < words.size(); ++i) CHECK(found[i] == 2 * (i + 1));
}

}  // namespace
}  // namespace mptap

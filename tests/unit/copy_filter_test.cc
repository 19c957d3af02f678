// Which segments are taken for copies, and how many are remembered.
#include "dataplane/copy_filter.h"

#include <cstddef>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kStartNs = 1'700'000'000'000'000'000;
constexpr std::uint64_t kMs = 1'000'000;

std::uint64_t print_of(std::uint64_t number) { return mix64(number + 1) | 1u << 16; }

TEST_CASE("a copy is one for a while, longer where a retransmission would be told apart", "[copy_filter]") {
  struct Row {
    std::uint64_t after_ms;
    bool told_apart;
    bool is_copy;
  };
  const Row rows[] = {{0, false, true}, {3, false, true}, {9, false, false}, {9, true, true}, {1'000, true, true}, {1'200, true, false}};
  for (const Row& row : rows) {
    INFO(row.after_ms);
    CopyFilter filter;
    CHECK_FALSE(filter.is_copy(print_of(1), kStartNs, row.told_apart));
    CHECK(filter.is_copy(print_of(1), kStartNs + row.after_ms * kMs, row.told_apart) == row.is_copy);
    CHECK_FALSE(filter.is_copy(print_of(2), kStartNs, row.told_apart));
  }
}

TEST_CASE("some thousand segments are remembered at once, nearly all of them", "[copy_filter]") {
  CopyFilter filter;
  constexpr std::size_t kBurst = 4'096;
  std::size_t false_alarms = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < kBurst; ++i) false_alarms += filter.is_copy(print_of(i), kStartNs, true) ? 1 : 0;
  for (std::size_t i = 0; i < kBurst; ++i) found += filter.is_copy(print_of(i), kStartNs + kMs, true) ? 1 : 0;
  CHECK(false_alarms == 0);
  CHECK(found >= kBurst - kBurst / 200);
}

TEST_CASE("what is new takes the place of what is oldest", "[copy_filter]") {
  CopyFilter filter;
  for (std::size_t i = 0; i < 200'000; ++i) (void)filter.is_copy(print_of(i), kStartNs, true);
  std::size_t found = 0;
  for (std::size_t i = 0; i < 1'000; ++i) (void)filter.is_copy(print_of(1'000'000 + i), kStartNs + 10 * kMs, true);
  for (std::size_t i = 0; i < 1'000; ++i) found += filter.is_copy(print_of(1'000'000 + i), kStartNs + 11 * kMs, true) ? 1 : 0;
  CHECK(found >= 990);
}

}  // namespace
}  // namespace mptap

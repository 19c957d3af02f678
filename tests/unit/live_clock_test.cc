// The time of live packets follows the wall clock forwards, and goes on where that is set back.
#include "dataplane/live_clock.h"

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kDayNs = 86'400ull * 1'000'000'000;

TEST_CASE("packet time goes on where the clock is set back, and follows it again once it is ahead",
          "[clock]") {
  LiveClock clock;
  std::uint64_t monotonic = 5;
  const auto read = [&monotonic] { return monotonic; };
  CHECK(clock.look(10 * kDayNs, read) == 10 * kDayNs);
  CHECK(clock.look(10 * kDayNs + 7, read) == 10 * kDayNs + 7);
  monotonic = 1'000;
  CHECK(clock.look(9 * kDayNs, read) == 10 * kDayNs + 7);  // a day back
  monotonic += 50;
  CHECK(clock.look(9 * kDayNs + 50, read) == 10 * kDayNs + 57);
  monotonic += 2 * kDayNs;
  CHECK(clock.look(9 * kDayNs + 60, read) == 12 * kDayNs + 57);
  CHECK(clock.look(20 * kDayNs, read) == 20 * kDayNs);  // set forward
  monotonic += kDayNs;
  CHECK(clock.look(19 * kDayNs, read) == 20 * kDayNs);  // and back once more
  monotonic += 1;
  CHECK(clock.look(19 * kDayNs, read) == 20 * kDayNs + 1);
  CHECK(clock.time_ns() == 20 * kDayNs + 1);
}

}  // namespace
}  // namespace mptap

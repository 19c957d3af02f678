// Threads that stand still: noticed at once, told once.
#include "daemon/health.h"

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kHalfSecond = 500'000'000;

TEST_CASE("threads that go on are no news", "[health]") {
  Health health;
  for (std::uint64_t turn = 0; turn < 20; ++turn) {
    health.look({{turn, 7 * turn}, 3 * turn}, turn * kHalfSecond);
    CHECK(health.goes_on());
    CHECK_FALSE(health.news());
  }
}

TEST_CASE("a worker that stands still stops the watchdog at the next look and is told after two seconds", "[health]") {
  Health health;
  std::uint64_t turn = 0;
  for (; turn < 3; ++turn) health.look({{turn, turn}, turn}, turn * kHalfSecond);
  int told = 0;
  for (; turn < 20; ++turn) {
    health.look({{turn, 2}, turn}, turn * kHalfSecond);
    CHECK_FALSE(health.goes_on());
    CHECK(health.stalled() == 1);
    const auto news = health.news();
    if (!news) continue;
    ++told;
    CHECK(turn * kHalfSecond == 2 * kHalfSecond + Health::kToldNs);
    CHECK(*news == "worker 1 stands still; the watchdog of the service manager is not fed until it goes on");
  }
  CHECK(told == 1);
  health.look({{turn, 3}, turn}, turn * kHalfSecond);
  CHECK(health.goes_on());
  CHECK(health.news() == "worker 1 goes on after 9 s");
  CHECK_FALSE(health.news());
}

TEST_CASE("a short pause feeds no watchdog and is no news", "[health]") {
  Health health;
  health.look({{1}, 1}, 0);
  health.look({{2}, 1}, kHalfSecond);
  CHECK_FALSE(health.goes_on());
  health.look({{3}, 2}, 2 * kHalfSecond);
  CHECK(health.goes_on());
  CHECK_FALSE(health.news());
}

TEST_CASE("several threads that stand still are told together", "[health]") {
  Health health;
  health.look({{1, 1}, 1}, 0);
  health.look({{1, 1}, 1}, Health::kToldNs);
  CHECK(health.stalled() == 3);
  const auto news = health.news();
  REQUIRE(news);
  CHECK(news->find("control stands still") != std::string::npos);
  CHECK(news->find("worker 0 stands still") != std::string::npos);
  CHECK(news->find("worker 1 stands still") != std::string::npos);
}

}  // namespace
}  // namespace mptap

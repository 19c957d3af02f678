// The ring between a worker and control.
#include "dataplane/spsc_ring.h"

#include <cstdint>
#include <memory>
#include <thread>

#include "dataplane/record.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

TEST_CASE("capacities are powers of two, at least 2", "[ring]") {
  const std::size_t rows[][2] = {{0, 2}, {1, 2}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {1000, 1024}, {65'536, 65'536}};
  for (const auto& [asked, given] : rows) CHECK(SpscRing<int>(asked).capacity() == given);
}

TEST_CASE("order is kept over many rounds, full and empty are told", "[ring]") {
  SpscRing<std::uint64_t> ring(8);
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::size_t batch = static_cast<std::size_t>(round) % 9;
    for (std::size_t i = 0; i < batch; ++i) REQUIRE(ring.try_push(pushed++));
    CHECK(ring.fill_bound() >= batch);
    CHECK(ring.update_fill() == batch);
    if (batch == 8) {
      CHECK_FALSE(ring.try_push(std::uint64_t{0}));
      CHECK_FALSE(ring.try_push(std::uint64_t{0}));
    }
    std::uint64_t out = ~0ull;
    CHECK_FALSE(ring.try_pop(out));  // not before publish()
    CHECK(out == ~0ull);
    ring.publish();
    CHECK(ring.size() == batch);
    for (std::size_t i = 0; i < batch; ++i) {
      REQUIRE(ring.try_pop(out));
      REQUIRE(out == popped++);
    }
    CHECK_FALSE(ring.try_pop(out));
    CHECK(ring.size() == 0);
  }
}

TEST_CASE("one place free is one place", "[ring]") {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i) REQUIRE(ring.try_push(i));
  ring.publish();
  for (int i = 4; i < 100; ++i) {
    CHECK_FALSE(ring.try_push(i));
    int out = -1;
    REQUIRE(ring.try_pop(out));
    CHECK(out == i - 4);
    CHECK(ring.try_push(i));
    CHECK_FALSE(ring.try_push(i));
    ring.publish();
    CHECK(ring.size() == 4);
  }
}

TEST_CASE("the reserve is for those that ask for it", "[ring]") {
  SpscRing<int> ring(4, 3);
  CHECK(ring.capacity() == 4);
  CHECK(ring.reserve() == 3);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) REQUIRE(ring.try_push(i));
    CHECK_FALSE(ring.try_push(4));
    for (int i = 4; i < 7; ++i) {
      int* place = ring.next_place(ring.capacity() + ring.reserve());
      REQUIRE(place != nullptr);
      CHECK(*place == 0);
      *place = i;
      ring.push_next();
    }
    CHECK(ring.next_place(ring.capacity() + ring.reserve()) == nullptr);
    CHECK_FALSE(ring.try_push(7));
    ring.publish();
    int out = -1;
    for (int i = 0; i < 3; ++i) {
      REQUIRE(ring.try_pop(out));
      CHECK(out == i);
    }
    CHECK_FALSE(ring.try_push(7));  // three are still beyond what the ring holds
    CHECK(ring.next_place(ring.capacity() + ring.reserve()) != nullptr);
    for (int i = 3; i < 7; ++i) {
      REQUIRE(ring.try_pop(out));
      CHECK(out == i);
    }
    CHECK_FALSE(ring.try_pop(out));
  }
}

TEST_CASE("a popped place keeps nothing: records may hold keys", "[ring]") {
  SpscRing<std::shared_ptr<int>> ring(4);
  auto watched = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = watched;
  REQUIRE(ring.try_push(std::move(watched)));
  ring.publish();
  std::shared_ptr<int> out;
  REQUIRE(ring.try_pop(out));
  CHECK(weak.use_count() == 1);
  out.reset();
  CHECK(weak.expired());
}

TEST_CASE("two threads: everything arrives once, whole and in order", "[ring]") {
  constexpr std::uint64_t kCount = 1'000'000;
  SpscRing<Record> ring(256);
  std::thread producer([&ring] {
    for (std::uint64_t i = 0; i < kCount;) {
      Record record;
      record.time_ns = i;
      record.slot = static_cast<std::uint32_t>(i);
      record.raw.fill(i * 0x9e3779b97f4a7c15u);
      if (ring.try_push(record)) {
        if (++i % 32 == 0) ring.publish();
      } else {
        ring.publish();
        std::this_thread::yield();
      }
    }
    ring.publish();
  });
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < kCount;) {
    Record record;
    if (!ring.try_pop(record)) {
      std::this_thread::yield();
      continue;
    }
    bool whole = record.time_ns == i && record.slot == static_cast<std::uint32_t>(i);
    for (const std::uint64_t word : record.raw) whole = whole && word == i * 0x9e3779b97f4a7c15u;
    wrong += whole ? 0 : 1;
    ++i;
  }
  producer.join();
  CHECK(wrong == 0);
  CHECK(ring.size() == 0);
}

}  // namespace
}  // namespace mptap

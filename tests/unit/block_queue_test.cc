// The queue between control and the log writer.
#include "daemon/export/block_queue.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

/// Counts how many of it there are: the queue's memory.
struct Counted {
  static inline std::atomic<int> alive{0};
  std::uint64_t value = 0;
  Counted() { ++alive; }
  Counted(const Counted&) = delete;
  Counted(Counted&& other) noexcept : value(std::exchange(other.value, 0)) { ++alive; }
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&& other) noexcept {
    value = std::exchange(other.value, 0);
    return *this;
  }
  ~Counted() { --alive; }
};

template <typename T>
void push(BlockQueue<T>& queue, T value) {
  REQUIRE(queue.has_room());
  queue.next_place() = std::move(value);
  queue.push();
}

TEST_CASE("order is kept as the queue grows over blocks and shrinks again", "[block_queue]") {
  BlockQueue<std::uint64_t> queue(1'000);
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (std::size_t round = 0; round < 300; ++round) {
    const std::size_t count = round * 7 % 1'001;
    for (std::size_t i = 0; i < count; ++i) push(queue, pushed++);
    CHECK(queue.size() == count);
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE(queue.try_pop(out));
      REQUIRE(out == popped++);
    }
    CHECK_FALSE(queue.try_pop(out));
    CHECK(queue.size() == 0);
  }
}

TEST_CASE("it holds as many as it may, not one more", "[block_queue]") {
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33}, std::size_t{100}}) {
    INFO(capacity);
    BlockQueue<int> queue(capacity);
    CHECK(queue.capacity() == capacity);
    for (std::size_t i = 0; i < capacity; ++i) push(queue, 1);
    CHECK_FALSE(queue.has_room());
    int out = 0;
    for (int i = 0; i < 200; ++i) {  // one place free is one place
      REQUIRE(queue.try_pop(out));
      push(queue, 1);
      CHECK_FALSE(queue.has_room());
    }
    CHECK(queue.size() == capacity);
  }
  BlockQueue<int> none(0);
  CHECK_FALSE(none.has_room());
}

TEST_CASE("places are kept free for what may use them", "[block_queue]") {
  BlockQueue<int> queue(8);
  for (int i = 0; i < 6; ++i) {
    CHECK(queue.has_room(2));
    push(queue, i);
  }
  CHECK_FALSE(queue.has_room(2));
  CHECK(queue.has_room(1));
  CHECK_FALSE(queue.has_room(8));
  CHECK_FALSE(queue.has_room(1'000));
  int out = 0;
  REQUIRE(queue.try_pop(out));
  CHECK(queue.has_room(2));
}

TEST_CASE("nothing is shown before push()", "[block_queue]") {
  BlockQueue<int> queue(100);
  int out = -1;
  for (int i = 0; i < 100; ++i) {
    queue.next_place() = i;
    CHECK(&queue.next_place() == &queue.next_place());
    CHECK_FALSE(queue.try_pop(out));
    queue.push();
    REQUIRE(queue.try_pop(out));
    CHECK(out == i);
  }
}

TEST_CASE("a large capacity costs nothing while it is empty, and what it took it gives back", "[block_queue]") {
  REQUIRE(Counted::alive == 0);
  {
    BlockQueue<Counted> queue(1'000'000);
    const int at_first = Counted::alive;
    CHECK(at_first <= 64);
    for (std::uint64_t i = 0; i < 100'000; ++i) push(queue, Counted());
    CHECK(Counted::alive >= 100'000);
    Counted out;
    while (queue.try_pop(out)) {
    }
    CHECK(Counted::alive <= 66 * 32 + 1);  // spare blocks, and the one at its end
    const int spare = Counted::alive;
    for (int round = 0; round < 1'000; ++round) {
      for (int i = 0; i < 40; ++i) push(queue, Counted());
      while (queue.try_pop(out)) {
      }
    }
    CHECK(Counted::alive == spare);  // no more, however long it runs
  }
  CHECK(Counted::alive == 0);
}

TEST_CASE("what still waits ends with the queue", "[block_queue]") {
  const auto watched = std::make_shared<int>(1);
  {
    BlockQueue<std::shared_ptr<int>> queue(1'000);
    for (int i = 0; i < 100; ++i) push(queue, watched);
    std::shared_ptr<int> out;
    for (int i = 0; i < 40; ++i) REQUIRE(queue.try_pop(out));
    out.reset();
    CHECK(watched.use_count() == 61);  // a place that was taken keeps nothing
    queue.next_place() = watched;      // never pushed
  }
  CHECK(watched.use_count() == 1);
}

TEST_CASE("two threads: everything arrives once, whole and in order", "[block_queue]") {
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{5}, std::size_t{300}, std::size_t{100'000}}) {
    INFO(capacity);
    const std::uint64_t rows = capacity == 1 ? 20'000 : 200'000;
    BlockQueue<std::string> queue(capacity);
    std::thread producer([&] {
      for (std::uint64_t i = 0; i < rows; ++i) {
        while (!queue.has_room()) std::this_thread::yield();
        queue.next_place() = "row that is longer than what a string holds in itself: " + std::to_string(i);
        queue.push();
      }
    });
    std::uint64_t wrong = 0;
    std::string out;
    for (std::uint64_t i = 0; i < rows; ++i) {
      while (!queue.try_pop(out)) std::this_thread::yield();
      wrong += out == "row that is longer than what a string holds in itself: " + std::to_string(i) ? 0 : 1;
      if (queue.size() > capacity) ++wrong;
    }
    producer.join();
    CHECK(wrong == 0);
    CHECK(queue.size() == 0);
  }
}

TEST_CASE("two threads, nobody waits: what finds no room is all that is missing", "[block_queue]") {
  BlockQueue<std::uint64_t> queue(64);
  constexpr std::uint64_t kRows = 300'000;
  std::atomic<bool> done{false};
  std::uint64_t dropped = 0;
  std::thread producer([&] {
    for (std::uint64_t i = 1; i <= kRows; ++i) {
      if (!queue.has_room()) {
        ++dropped;
        continue;
      }
      queue.next_place() = i;
      queue.push();
    }
    done = true;
  });
  std::uint64_t taken = 0;
  std::uint64_t last = 0;
  std::uint64_t wrong = 0;
  std::uint64_t out = 0;
  while (true) {
    const bool ended = done;  // before the queue: what it holds then is all there will be
    if (queue.try_pop(out)) {
      ++taken;
      wrong += out > last ? 0 : 1;
      last = out;
    } else if (ended) {
      break;
    }
  }
  producer.join();
  CHECK(wrong == 0);
  CHECK(taken + dropped == kRows);
}

}  // namespace
}  // namespace mptap

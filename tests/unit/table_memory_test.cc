// Memory of control's tables: pieces do not overlap, are aligned, and join again.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "detect/chunked_array.h"
#include "detect/table_memory.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::size_t kBlock = std::size_t{2} << 20;

TEST_CASE("pieces of table memory are aligned and overlap no other", "[containers]") {
  TableMemory memory;
  std::mt19937 random(3);
  std::map<std::uintptr_t, std::size_t> taken;  // by begin
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = step / 5'000 % 2 == 0;
    if (taken.empty() || random() % 4 < (grows ? 3u : 1u)) {
      const std::size_t bytes = TableMemory::kLeast << random() % 12;
      void* const piece = memory.take(bytes);
      const auto begin = reinterpret_cast<std::uintptr_t>(piece);
      REQUIRE(begin % bytes == 0);
      const auto next = taken.lower_bound(begin);
      REQUIRE((next == taken.end() || begin + bytes <= next->first));
      REQUIRE((next == taken.begin() || std::prev(next)->first + std::prev(next)->second <= begin));
      taken[begin] = bytes;
      std::memset(piece, 0xa5, bytes);  // all of it may be written
    } else {
      auto leaving = taken.lower_bound(random());
      if (leaving == taken.end()) leaving = taken.begin();
      memory.give_back(reinterpret_cast<void*>(leaving->first), leaving->second);
      taken.erase(leaving);
    }
  }
}

TEST_CASE("table memory that came back in small pieces is given out as a large one", "[containers]") {
  TableMemory memory;
  std::vector<void*> pieces;
  for (std::size_t i = 0; i < kBlock / 4096; ++i) pieces.push_back(memory.take(4096));
  void* const first = *std::ranges::min_element(pieces);
  std::ranges::shuffle(pieces, std::mt19937(5));
  for (void* piece : pieces) memory.give_back(piece, 4096);
  CHECK(memory.take(kBlock) == first);
}

TEST_CASE("table memory above a block is given out again to those who ask for as much", "[containers]") {
  TableMemory memory;
  void* const large = memory.take(4 * kBlock);
  void* const larger = memory.take(8 * kBlock);
  std::memset(larger, 1, 8 * kBlock);
  memory.give_back(large, 4 * kBlock);
  memory.give_back(larger, 8 * kBlock);
  CHECK(memory.take(8 * kBlock) == larger);
  CHECK(memory.take(4 * kBlock) == large);
}

struct Counted {
  static inline int living = 0;
  std::uint32_t value = 7;
  Counted() { ++living; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --living; }
};

TEST_CASE("a chunked array makes objects where they are first used, and ends them all", "[containers]") {
  {
    ChunkedArray<Counted> array;
    CHECK(array.peek(0) == nullptr);
    CHECK(Counted::living == 0);
    Counted& far = array.make(1'000'000);
    CHECK(far.value == 7);
    CHECK(array.peek(0) == nullptr);  // only the chunks that were used
    CHECK(array.peek(2'000'000) == nullptr);
    far.value = 8;
    for (std::size_t i = 0; i < 100'000; ++i) array.make(i).value = static_cast<std::uint32_t>(i);
    CHECK(&array.make(1'000'000) == &far);
    CHECK(array.peek(1'000'000) == &far);
    CHECK(array[1'000'000].value == 8);
    CHECK(array[99'999].value == 99'999);
    int visited = 0;
    array.for_each([&visited](Counted&) { ++visited; });
    CHECK(visited == Counted::living);
    CHECK(visited >= 100'001);
  }
  CHECK(Counted::living == 0);
}

}  // namespace
}  // namespace mptap

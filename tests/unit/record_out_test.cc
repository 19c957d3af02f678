// How records leave a worker: what is lost, what waits, in which order, and that all of it adds up.
#include "dataplane/record_out.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/random.h"
#include "tests/unit/catch.h"
#include "tests/unit/memory_scan.h"

namespace mptap {
namespace {

using test::times_in_memory;

constexpr auto kBulk = RecordClass::kBulk;
constexpr auto kVital = RecordClass::kVital;

struct Out {
  RecordRing ring;
  std::atomic<bool> stop{false};
  WorkerTally tally;
  RecordOut out;
  std::uint32_t next = 0;

  Out(std::size_t ring_capacity, std::uint32_t overflow, bool wait)
      : ring(ring_capacity, overflow), out(ring, wait, stop, tally) {}

  bool push(RecordClass klass) {
    out.begin(klass).slot = next++;
    return out.end();
  }
  bool push_key(std::uint64_t key) {
    Record& record = out.begin(RecordClass::kVital);
    record.kind = RecordKind::kFastClose;
    record.fast_close = FastCloseBody{Key{key}};
    return out.end();
  }
  std::vector<std::uint32_t> pop(std::size_t most = 1000) {
    std::vector<std::uint32_t> slots;
    for (Record record; slots.size() < most && ring.try_pop(record);) slots.push_back(record.slot);
    return slots;
  }
  void check_sums() {
    out.publish();
    CHECK(tally.records_built ==
          tally.records_pushed + tally.records_pending + tally.ring_full_vital + tally.ring_full_bulk);
  }
};

TEST_CASE("bulk stops at three quarters of the ring, vital goes on to its end", "[record_out]") {
  Out out(16, 4, false);
  for (int i = 0; i < 12; ++i) CHECK(out.push(kBulk));
  CHECK_FALSE(out.push(kBulk));
  CHECK(out.tally.ring_full_bulk == 1);
  for (int i = 0; i < 4; ++i) CHECK(out.push(kVital));
  CHECK(out.tally.ring_full_vital == 0);
  out.check_sums();
  CHECK(out.tally.ring_fill == 16);
  CHECK(out.tally.records_pending == 0);
}

TEST_CASE("bulk has room again at the next burst once control has taken some", "[record_out]") {
  Out out(16, 4, false);
  for (int i = 0; i < 12; ++i) REQUIRE(out.push(kBulk));
  out.out.publish();
  CHECK_FALSE(out.push(kBulk));
  CHECK(out.pop(1).size() == 1);
  CHECK_FALSE(out.push(kBulk));  // control is not asked in the middle of a burst
  CHECK(out.out.loses_bulk());
  CHECK(out.tally.ring_full_bulk == 3);
  out.out.publish();
  CHECK_FALSE(out.out.loses_bulk());
  CHECK(out.push(kBulk));
  CHECK_FALSE(out.push(kBulk));
  out.check_sums();
}

TEST_CASE("vital records go into the reserve in order, and are lost only past it", "[record_out]") {
  Out out(4, 3, false);
  for (int i = 0; i < 7; ++i) CHECK(out.push(kVital));
  CHECK_FALSE(out.push(kVital));
  CHECK(out.tally.ring_full_vital == 1);
  CHECK_FALSE(out.push(kBulk));
  CHECK(out.tally.ring_full_bulk == 1);
  out.check_sums();
  CHECK(out.tally.records_pending == 3);
  CHECK(out.tally.ring_fill == 4);
  CHECK(out.tally.records_pushed == 4);
  CHECK(out.pop(2) == std::vector<std::uint32_t>{0, 1});
  CHECK_FALSE(out.push(kBulk));
  CHECK_FALSE(out.push(kVital));  // control is not asked in the middle of a burst
  out.check_sums();
  CHECK(out.tally.records_pending == 1);
  CHECK(out.tally.records_pushed == 6);
  CHECK_FALSE(out.push(kBulk));  // not before less than three quarters of the ring are taken
  CHECK(out.pop() == std::vector<std::uint32_t>{2, 3, 4, 5, 6});
  out.check_sums();
  CHECK(out.tally.records_pending == 0);
  CHECK(out.push(kBulk));
  out.check_sums();
}

TEST_CASE("a record that waited leaves nothing behind: it may hold keys", "[record_out][keys]") {
  volatile std::uint64_t seed = 0x4c9f0be8d7351a62;  // else the compiler keeps the key among its constants
  const std::uint64_t complement = ~(seed ^ 0x1111111111111111);
  Out out(2, 1, false);
  REQUIRE(out.push(kVital));
  REQUIRE(out.push(kVital));
  REQUIRE(out.push_key(~complement));
  out.out.publish();
  CHECK(times_in_memory(complement) == 1);  // it waits
  REQUIRE(out.pop(2).size() == 2);
  out.out.publish();
  CHECK(times_in_memory(complement) == 1);  // there alone
  CHECK(out.pop().size() == 1);
  CHECK(times_in_memory(complement) == 0);
}

TEST_CASE("a record that was lost leaves nothing behind", "[record_out][keys]") {
  volatile std::uint64_t seed = 0x19d3a6e7c0b25f48;
  const std::uint64_t complement = ~(seed ^ 0x2222222222222222);
  const auto out = std::make_unique<Out>(2, 1, false);  // the stack is not looked at
  for (int i = 0; i < 3; ++i) REQUIRE(out->push(kVital));
  CHECK_FALSE(out->push_key(~complement));
  CHECK(times_in_memory(complement) == 0);
}

TEST_CASE("records never change places, and always add up", "[record_out]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Out out(32, 8, false);
    testing::Random random(seed);
    std::vector<std::uint32_t> taken;
    std::uint64_t refused = 0;
    for (int step = 0; step < 5000; ++step) {
      refused += out.push(random.chance(0.5) ? kVital : kBulk) ? 0 : 1;
      if (random.chance(0.1)) out.check_sums();
      if (random.chance(0.1)) {
        for (const std::uint32_t slot : out.pop(random.below(20))) taken.push_back(slot);
      }
    }
    for (int i = 0; i < 2; ++i) {
      out.check_sums();
      for (const std::uint32_t slot : out.pop()) taken.push_back(slot);
    }
    CHECK(out.tally.records_pending == 0);
    CHECK(taken.size() == out.tally.records_pushed);
    CHECK(refused == out.tally.ring_full_bulk + out.tally.ring_full_vital);
    CHECK(std::is_sorted(taken.begin(), taken.end()));
  }
}

TEST_CASE("from a file it waits for room: nothing is lost", "[record_out]") {
  Out out(4, 1, true);
  std::vector<std::uint32_t> taken;
  std::thread consumer([&] {
    while (taken.size() < 10'000) {
      for (const std::uint32_t slot : out.pop()) taken.push_back(slot);
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 10'000; ++i) REQUIRE(out.push(i % 2 == 0 ? kBulk : kVital));
  out.out.publish();
  consumer.join();
  CHECK(std::is_sorted(taken.begin(), taken.end()));
  CHECK(out.tally.records_pushed == 10'000);
  CHECK(out.tally.ring_full_bulk + out.tally.ring_full_vital == 0);
}

TEST_CASE("stop ends the waiting, and what is lost then is counted", "[record_out]") {
  Out out(4, 1, true);
  for (int i = 0; i < 4; ++i) REQUIRE(out.push(kVital));
  out.stop = true;
  CHECK_FALSE(out.push(kVital));
  CHECK_FALSE(out.push(kBulk));
  out.check_sums();
  CHECK(out.tally.ring_full_vital + out.tally.ring_full_bulk == 2);
}

TEST_CASE("a live worker's last records wait, too", "[record_out]") {
  Out out(4, 8, false);
  for (int i = 0; i < 10; ++i) REQUIRE(out.push(kVital));
  std::vector<std::uint32_t> taken;
  std::thread consumer([&] {
    while (taken.size() < 20) {
      for (const std::uint32_t slot : out.pop()) taken.push_back(slot);
      std::this_thread::yield();
    }
  });
  out.out.wait_from_now_on();
  for (int i = 0; i < 10; ++i) REQUIRE(out.push(kBulk));
  out.out.publish();
  consumer.join();
  CHECK(std::is_sorted(taken.begin(), taken.end()));
  out.check_sums();
}

TEST_CASE("a live worker's last records leave the reserve, though none comes behind them", "[record_out]") {
  Out out(4, 8, false);
  for (int i = 0; i < 10; ++i) REQUIRE(out.push(kVital));
  std::size_t taken = 0;
  std::thread consumer([&] {
    while (taken < 10) {
      taken += out.pop().size();
      std::this_thread::yield();
    }
  });
  out.out.wait_from_now_on();
  out.check_sums();
  consumer.join();
  CHECK(out.tally.records_pushed == 10);
  CHECK(out.tally.records_pending == 0);
}

TEST_CASE("told to stop, a live worker does not hang on what control left", "[record_out]") {
  Out out(4, 8, false);
  for (int i = 0; i < 10; ++i) REQUIRE(out.push(kVital));
  out.stop = true;
  out.out.wait_from_now_on();
  (void)out.push(kVital);
  out.check_sums();
}

}  // namespace
}  // namespace mptap

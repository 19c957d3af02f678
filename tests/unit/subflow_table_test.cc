// A worker's table: places, generations, who gives way, shares, and slots that come due.
#include "dataplane/subflow_table.h"

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "tests/support/random.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kSecond = kNsPerSecond;
constexpr std::uint32_t kNone = SubflowTable::kNone;

SubflowTableOptions options_of(std::uint32_t capacity) {
  SubflowTableOptions options;
  options.capacity = capacity;
  return options;
}

std::uint64_t name_of(const SubflowTable& table, std::uint32_t number) { return table.hash().of64(number); }

std::uint32_t insert(SubflowTable& table, std::uint32_t number, SlotClass klass = SlotClass::kUnanswered) {
  return table.try_insert(name_of(table, number), klass);
}
std::uint32_t find(const SubflowTable& table, std::uint32_t number) {
  return table.find(name_of(table, number));
}

TEST_CASE("capacities are powers of two", "[table]") {
  CHECK(SubflowTable(options_of(16), 1).capacity() == 16);
  CHECK(SubflowTable(options_of(17), 1).capacity() == 32);
  CHECK(SubflowTable(options_of(1024), 1).capacity() == 1024);
}

TEST_CASE("what was inserted is found until it is released", "[table]") {
  SubflowTable table(options_of(64), 3);
  CHECK(find(table, 1) == kNone);
  const std::uint32_t one = insert(table, 1);
  REQUIRE(one != kNone);
  CHECK(find(table, 1) == one);
  CHECK(find(table, 2) == kNone);
  CHECK(table[one].hash == name_of(table, 1));
  CHECK(table[one].klass == SlotClass::kUnanswered);
  CHECK(table.used() == 1);
  table.change_class(one, SlotClass::kClosed);
  CHECK(find(table, 1) == one);  // closed ones too
  table.release(one);
  CHECK(find(table, 1) == kNone);
  CHECK(table.used() == 0);
}

TEST_CASE("what a table holds it may hold, whoever shares its buckets came and went", "[table]") {
  testing::Random random(11);
  SubflowTable table(options_of(4096), 7);
  std::vector<std::uint32_t> held;
  const auto lost = [&] {
    std::size_t count = 0;
    for (const std::uint32_t number : held) {
      const std::uint64_t hash = name_of(table, number);
      count += table.may_hold(hash) && table.find(hash) != kNone ? 0 : 1;
    }
    return count;
  };
  std::uint32_t number = 0;
  for (int round = 0; round < 20; ++round) {
    while (insert(table, number) != kNone) held.push_back(number++);
    REQUIRE(held.size() > 4000);
    REQUIRE(lost() == 0);
    for (int i = 0; i < 2000; ++i) {
      std::swap(held[random.below(held.size())], held.back());
      table.release(find(table, held.back()));
      held.pop_back();
    }
    REQUIRE(lost() == 0);
  }
}

TEST_CASE("a slot that is used again has another generation, and nothing of before", "[table]") {
  SubflowTable table(options_of(16), 5);
  std::map<std::uint32_t, std::set<std::uint16_t>> generations;
  for (std::uint32_t round = 0; round < 1000; ++round) {
    const std::uint32_t index = insert(table, round);
    REQUIRE(index != kNone);
    REQUIRE(generations[index].insert(table[index].generation).second);
    REQUIRE(table.peek_rare(table[index]).syn.high == 0);
    REQUIRE(table.rare(index).syn.high == 0);
    REQUIRE(table[index].seen == 0);
    REQUIRE(table[index].direction[1].payload_bytes == 0);
    table.rare(index).syn.high = 0xdeadbeef;
    const SlotRare& rare = table.peek_rare(table[index]);
    table[index].seen = 0xffffffff;
    table[index].direction[1].payload_bytes = 7;
    table.release(index);
    REQUIRE(rare.syn.high == 0);  // a key does not stay
  }
}

TEST_CASE("rare state is wiped, and its place is given to the next who needs one", "[table]") {
  SubflowTable table(options_of(64), 9);
  const std::uint32_t one = insert(table, 1);
  const std::uint32_t two = insert(table, 2);
  CHECK(table.peek_rare(table[one]).syn.high == 0);
  table.rare(one).syn.high = 1;
  table.rare(two).syn.high = 2;
  CHECK(table.rare(one).syn.high == 1);
  const SlotRare* place = &table.rare(one);
  table.drop_rare(one);
  CHECK(table[one].rare == 0);
  CHECK(place->syn.high == 0);
  CHECK(table.peek_rare(table[one]).syn.high == 0);
  CHECK(table.rare(two).syn.high == 2);
  CHECK(&table.rare(one) == place);
  for (std::uint32_t i = 3; i <= 64; ++i) table.rare(insert(table, i)).syn.low = i;  // one for every slot
  for (std::uint32_t i = 3; i <= 64; ++i) REQUIRE(table.peek_rare(table[find(table, i)]).syn.low == i);
}

TEST_CASE("it fills to its capacity, whatever the seed", "[table]") {
  for (const std::uint32_t capacity : {16u, 64u, 1024u, 65'536u}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SubflowTable table(options_of(capacity), seed);
      std::set<std::uint32_t> slots;
      for (std::uint32_t i = 0; i < capacity; ++i) slots.insert(insert(table, i));
      INFO("capacity " << capacity << ", seed " << seed);
      CHECK(slots.size() == capacity);
      CHECK(slots.count(kNone) == 0);
      CHECK(table.used() == capacity);
      CHECK(insert(table, capacity) == kNone);
      for (std::uint32_t i = 0; i < capacity; i += 7) REQUIRE(find(table, i) != kNone);
    }
  }
}

TEST_CASE("it agrees with a map over long random use", "[table]") {
  SubflowTable table(options_of(256), 11);
  std::map<std::uint32_t, std::uint32_t> model;
  testing::Random random(42);
  for (int step = 0; step < 50'000; ++step) {
    const auto number = static_cast<std::uint32_t>(random.below(400));
    const auto known = model.find(number);
    REQUIRE(find(table, number) == (known == model.end() ? kNone : known->second));
    if (known != model.end()) {
      table.release(known->second);
      model.erase(known);
    } else if (model.size() < 256) {
      model[number] = insert(table, number, random.chance(0.5) ? SlotClass::kUnanswered : SlotClass::kMidstream);
      REQUIRE(model[number] != kNone);
    } else {
      REQUIRE(insert(table, number) == kNone);
    }
    REQUIRE(table.used() == model.size());
  }
  CHECK(table.count(SlotClass::kUnanswered) + table.count(SlotClass::kMidstream) == model.size());
}

TEST_CASE("who gives way: closed, mid-stream, unanswered, answered, the oldest first", "[table]") {
  SubflowTable table(options_of(64), 1);
  const std::uint32_t confirmed = insert(table, 1, SlotClass::kAnswered);
  table.change_class(confirmed, SlotClass::kConfirmed);
  for (const SlotClass klass : {SlotClass::kMidstream, SlotClass::kUnanswered, SlotClass::kAnswered}) {
    CHECK(table.victim_for(klass) == kNone);
  }
  const std::uint32_t answered = insert(table, 2, SlotClass::kAnswered);
  CHECK(table.victim_for(SlotClass::kMidstream) == kNone);
  CHECK(table.victim_for(SlotClass::kUnanswered) == answered);
  CHECK(table.victim_for(SlotClass::kAnswered) == answered);
  const std::uint32_t unanswered = insert(table, 3);
  const std::uint32_t younger = insert(table, 4);
  CHECK(table.victim_for(SlotClass::kMidstream) == kNone);
  CHECK(table.victim_for(SlotClass::kUnanswered) == unanswered);
  table.change_class(unanswered, SlotClass::kUnanswered);  // to the end of its line
  CHECK(table.victim_for(SlotClass::kUnanswered) == younger);
  const std::uint32_t midstream = insert(table, 5, SlotClass::kMidstream);
  CHECK(table.victim_for(SlotClass::kMidstream) == midstream);
  CHECK(table.victim_for(SlotClass::kAnswered) == midstream);
  table.change_class(answered, SlotClass::kClosed);
  CHECK(table.victim_for(SlotClass::kMidstream) == answered);
  CHECK(table.victim_for(SlotClass::kUnanswered) == answered);
}

TEST_CASE("flows chosen to collide under one seed fill a bucket there, and spread under any other", "[table][hash]") {
  constexpr std::uint32_t kCapacity = 1024;
  constexpr std::uint64_t kBuckets = kCapacity / 6 + 1;  // see SubflowTable::kSlotsABucket
  constexpr std::size_t kWays = 10;
  constexpr std::size_t kChosen = 40;
  const SubflowTable known(options_of(kCapacity), 1);
  // What an attacker does who knows the code and the seed: both choices of each flow are one and the same bucket.
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t number = 0; chosen.size() < kChosen && number < 5'000'000; ++number) {
    const std::uint64_t hash = name_of(known, number);
    const auto bucket = [](std::uint64_t bits) { return ((bits & 0xffffffffu) * kBuckets) >> 32; };
    if (bucket(hash) == 7 && bucket(hash >> 16) == 7) chosen.push_back(number);
  }
  REQUIRE(chosen.size() == kChosen);
  const auto stored_of = [&chosen](std::uint64_t seed) {
    SubflowTable table(options_of(kCapacity), seed);
    std::size_t stored = 0;
    for (const std::uint32_t number : chosen) stored += insert(table, number) != kNone ? 1 : 0;
    return stored;
  };
  CHECK(stored_of(1) == kWays);
  for (const std::uint64_t seed : {2ull, 3ull, 0xdeadbeefull, 0x9e3779b97f4a7c15ull}) CHECK(stored_of(seed) == kChosen);
}

TEST_CASE("of unanswered and answered ones those give way that are more", "[table]") {
  SubflowTable table(options_of(64), 1);
  const std::uint32_t unanswered = insert(table, 1);
  const std::uint32_t answered = insert(table, 2, SlotClass::kAnswered);
  CHECK(table.victim_for(SlotClass::kUnanswered) == unanswered);
  (void)insert(table, 3, SlotClass::kAnswered);
  CHECK(table.victim_for(SlotClass::kUnanswered) == answered);
  CHECK(table.victim_for(SlotClass::kAnswered) == answered);
  CHECK(table.victim_for(SlotClass::kMidstream) == kNone);
  (void)insert(table, 4);
  CHECK(table.victim_for(SlotClass::kAnswered) == unanswered);
}

TEST_CASE("one receiver holds its share of the unanswered slots and no more", "[table]") {
  for (const std::uint32_t capacity : {16u, 1024u}) {
    SubflowTable table(options_of(capacity), 1);
    IpAddress flooded, other;
    flooded.bytes[15] = 1;
    other.bytes[15] = 2;
    for (std::uint32_t i = 0; i < capacity / 16; ++i) CHECK(table.try_count_receiver(table.receiver_cell(flooded)));
    CHECK_FALSE(table.try_count_receiver(table.receiver_cell(flooded)));
    CHECK(table.try_count_receiver(table.receiver_cell(other)));
    table.uncount_receiver(table.receiver_cell(flooded));
    CHECK(table.try_count_receiver(table.receiver_cell(flooded)));
    CHECK_FALSE(table.try_count_receiver(table.receiver_cell(flooded)));
  }
}

/// A table and when each of its slots is to come due.
struct Clock {
  SubflowTable table{options_of(1024), 1};
  std::map<std::uint32_t, std::uint64_t> deadline_of;
  std::vector<std::uint64_t> late_ns;

  void arm(std::uint32_t number, std::uint64_t now_ns, std::uint64_t deadline_ns) {
    const std::uint32_t index = insert(table, number);
    REQUIRE(index != kNone);
    deadline_of[index] = deadline_ns;
    table.arm(index, now_ns, deadline_ns);
  }
  /// As the tracker does: what comes due too early is armed again.
  void expire(std::uint64_t now_ns, std::uint32_t budget = 100'000) {
    table.expire(now_ns, budget, [&](std::uint32_t index) {
      const std::uint64_t deadline_ns = deadline_of.at(index);
      if (deadline_ns > now_ns) {
        table.arm(index, now_ns, deadline_ns);
        return;
      }
      late_ns.push_back(now_ns - deadline_ns);
      table.release(index);
    });
  }
};

TEST_CASE("slots come due within two ticks after their deadline, near and far", "[table]") {
  for (const std::uint64_t start_ns : {std::uint64_t{0}, 5 * kSecond, 1'700'000'000 * kSecond}) {
    Clock clock;
    const std::uint64_t ahead_s[] = {0, 1, 2, 30, 75, 120, 3600, 4094, 4096, 4400, 9000, 86'400};
    std::uint32_t number = 0;
    for (const std::uint64_t seconds : ahead_s) clock.arm(number++, start_ns, start_ns + seconds * kSecond);
    for (std::uint64_t now_ns = start_ns; now_ns <= start_ns + 90'000 * kSecond; now_ns += kSecond / 2) clock.expire(now_ns);
    CHECK(clock.late_ns.size() == std::size(ahead_s));
    for (const std::uint64_t late_ns : clock.late_ns) CHECK(late_ns <= 3 * kSecond);
    CHECK(clock.table.used() == 0);
  }
}

TEST_CASE("time jumps: minutes, hours, days", "[table]") {
  constexpr std::uint64_t kStart = 1'700'000'000 * kSecond;
  for (const std::uint64_t jump_s : {3ull, 600ull, 4000ull, 4396ull, 4397ull, 4398ull, 5000ull, 9000ull, 86'400ull, 30 * 86'400ull}) {
    Clock clock;
    for (std::uint32_t i = 0; i < 100; ++i) clock.arm(i, kStart, kStart + i * 60 * kSecond);
    clock.expire(kStart + jump_s * kSecond);
    clock.expire(kStart + jump_s * kSecond);
    std::size_t due = 0;
    for (std::uint32_t i = 0; i < 100; ++i) due += i * 60 + 2 <= jump_s ? 1 : 0;
    INFO(jump_s);
    CHECK(clock.late_ns.size() >= due);
    CHECK(clock.late_ns.size() <= due + 1);
    // And what is armed after the jump comes due as ever.
    const std::uint64_t now_ns = kStart + jump_s * kSecond;
    clock.arm(1000, now_ns, now_ns + 10 * kSecond);
    const std::size_t before = clock.late_ns.size();
    clock.expire(now_ns + 9 * kSecond);
    clock.expire(now_ns + 13 * kSecond);
    CHECK(find(clock.table, 1000) == kNone);
    CHECK(clock.late_ns.size() > before);
  }
}

TEST_CASE("time jumps over the wrap-around of the 16 bits that a deadline has", "[table]") {
  constexpr std::uint64_t kTickNs = std::uint64_t{1} << 30;
  for (const std::uint64_t wraps : {1ull, 24'158ull}) {
    Clock clock;
    const std::uint64_t start_ns = (wraps * 65'536 - 6) * kTickNs;
    clock.arm(1, start_ns, start_ns + 3 * kTickNs);   // before it
    clock.arm(2, start_ns, start_ns + 10 * kTickNs);  // behind it
    clock.arm(3, start_ns, start_ns + 40 * kTickNs);
    clock.expire(start_ns + 20 * kTickNs);
    CHECK(find(clock.table, 1) == kNone);
    CHECK(find(clock.table, 2) == kNone);
    CHECK(find(clock.table, 3) != kNone);
    clock.expire(start_ns + 42 * kTickNs);
    CHECK(find(clock.table, 3) == kNone);
  }
}

TEST_CASE("nothing comes due where nothing was armed, or time stands still", "[table]") {
  Clock clock;
  clock.expire(0);
  clock.expire(1'700'000'000 * kSecond);
  clock.arm(1, 1'700'000'000 * kSecond, 1'700'000'005 * kSecond);
  for (int i = 0; i < 1000; ++i) clock.expire(1'700'000'000 * kSecond);
  CHECK(clock.late_ns.empty());
  CHECK(find(clock.table, 1) != kNone);
}

TEST_CASE("a call ends no more than its budget, the next goes on", "[table]") {
  Clock clock;
  for (std::uint32_t i = 0; i < 100; ++i) clock.arm(i, 0, kSecond);
  clock.expire(100 * kSecond, 30);
  CHECK(clock.late_ns.size() == 30);
  clock.expire(100 * kSecond, 30);
  CHECK(clock.late_ns.size() == 60);
  clock.expire(100 * kSecond, 1000);
  CHECK(clock.late_ns.size() == 100);
}

TEST_CASE("arming again moves the deadline both ways", "[table]") {
  Clock clock;
  clock.arm(1, 0, 100 * kSecond);
  const std::uint32_t index = find(clock.table, 1);
  clock.table.arm(index, 0, clock.deadline_of[index] = 5 * kSecond);
  clock.expire(8 * kSecond);
  CHECK(clock.late_ns.size() == 1);
  clock.arm(2, 8 * kSecond, 10 * kSecond);
  const std::uint32_t later = find(clock.table, 2);
  clock.table.arm(later, 8 * kSecond, clock.deadline_of[later] = 1000 * kSecond);
  clock.expire(500 * kSecond);
  CHECK(clock.late_ns.size() == 1);
  clock.expire(1003 * kSecond);
  CHECK(clock.late_ns.size() == 2);
}

}  // namespace
}  // namespace mptap

// The containers of a million objects, beside those of the standard library: growth, erasing, collisions, moves.
#include <algorithm>
#include <random>
#include <unordered_map>
#include <vector>

#include "dataplane/seeded_hash.h"
#include "detect/address_list.h"
#include "detect/compact_tuple.h"
#include "detect/flat_table.h"
#include "detect/on_demand.h"
#include "detect/small_list.h"
#include "tests/unit/catch.h"
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

struct Random {
  std::mt19937 engine;
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine()); }
};

struct Entry {
  std::uint32_t key = 0;
  std::uint32_t value = 0;  // 0: empty
  [[nodiscard]] bool is_empty() const { return value == 0; }
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// Keeps the low bits that are given: few bits, many collisions; the rest chooses the shard.
struct Hash {
  std::uint64_t mask;
  std::uint64_t operator()(std::uint32_t key) const { return (key * 0x9e3779b97f4a7c15u) & mask; }
};

std::vector<std::uint32_t> values_of(const FlatTable<Entry, Hash>& table, std::uint32_t key) {
  std::vector<std::uint32_t> values;
  table.visit(key, [&values](const Entry& entry) {
    values.push_back(entry.value);
    return true;
  });
  return values;
}

/// A key that counts how often it is compared.
struct CountedKey {
  static inline std::size_t compared = 0;
  std::uint32_t value = 0;
  friend bool operator==(const CountedKey& a, const CountedKey& b) {
    ++compared;
    return a.value == b.value;
  }
};

struct CountedEntry {
  CountedKey key;
  std::uint32_t value = 0;  // 0: empty
  [[nodiscard]] bool is_empty() const { return value == 0; }
  [[nodiscard]] bool operator==(const CountedEntry&) const = default;
};

struct SeededKeyHash {
  SeededHash hash;
  std::uint64_t operator()(const CountedKey& key) const { return hash.of64(key.value); }
};

TEST_CASE("tokens chosen to collide under one seed make one long chain there, and none under another", "[containers][hash]") {
  constexpr std::size_t kChosen = 101;
  constexpr std::uint64_t kPlace = 0xff000000000003ffu;  // shard, and place in a shard of up to 1,024
  std::vector<std::uint32_t> chosen;
  const SeededHash known(1);
  for (std::uint32_t token = 1; chosen.size() < kChosen && token < 100'000'000; ++token) {
    if ((known.of64(token) & kPlace) == 0) chosen.push_back(token);
  }
  REQUIRE(chosen.size() == kChosen);
  const auto compared_for_the_last = [&chosen](std::uint64_t seed) {
    FlatTable<CountedEntry, SeededKeyHash> table(SeededKeyHash{SeededHash(seed)});
    for (std::size_t i = 0; i + 1 < chosen.size(); ++i) table.insert({{chosen[i]}, 1});
    CountedKey::compared = 0;
    table.visit(CountedKey{chosen.back()}, [](const CountedEntry&) { return true; });
    return CountedKey::compared;
  };
  CHECK(compared_for_the_last(1) == kChosen - 1);
  for (const std::uint64_t seed : {2ull, 3ull, 0xdeadbeefull}) CHECK(compared_for_the_last(seed) <= 4);
}

TEST_CASE("a flat table holds what a map of lists holds, in its order", "[containers]") {
  // All shards; one shard; one shard, and few places to begin at.
  for (const std::uint64_t mask : {~0ull, 0x0fffffull, 0x7ull}) {
    INFO(mask);
    FlatTable<Entry, Hash> table(Hash{mask});
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> model;
    Random random{std::mt19937(7)};
    std::uint32_t next = 0;
    for (int step = 0; step < 6'000; ++step) {
      const std::uint32_t key = random() % 300;
      std::vector<std::uint32_t>& known = model[key];
      const bool grows = step / 1'500 % 2 == 0;
      if (known.size() < 8 && random() % 4 < (grows ? 3u : 1u)) {
        table.insert({key, ++next});
        known.push_back(next);
      } else if (!known.empty()) {
        const std::size_t at = random() % known.size();
        table.erase({key, known[at]});
        known.erase(known.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        table.erase({key, 1});  // is not there: no change
      }
      REQUIRE(values_of(table, key) == known);
      if (step % 500 != 0) continue;
      for (const auto& [other, values] : model) REQUIRE(values_of(table, other) == values);
    }
    for (const auto& [key, values] : model) {
      for (const std::uint32_t value : values) table.erase({key, value});
      REQUIRE(values_of(table, key).empty());
    }
  }
}

TEST_CASE("a visit of a flat table ends where the visitor says so", "[containers]") {
  FlatTable<Entry, Hash> table(Hash{~0ull});
  for (std::uint32_t value = 1; value <= 3; ++value) table.insert({5, value});
  int seen = 0;
  table.visit(std::uint32_t{5}, [&seen](const Entry&) { return ++seen < 2; });
  CHECK(seen == 2);
}

std::vector<std::uint32_t> values_of(const SmallList<std::uint32_t>& list) {
  std::vector<std::uint32_t> values;
  for (const std::uint32_t value : list) values.push_back(value);
  return values;
}

TEST_CASE("a small list holds what a vector holds", "[containers]") {
  SmallList<std::uint32_t> list;
  std::vector<std::uint32_t> model;
  Random random{std::mt19937(19)};
  const auto is_same = [&] { return list.size() == model.size() && std::equal(model.begin(), model.end(), values_of(list).begin()); };
  for (int step = 0; step < 8'000; ++step) {
    const std::uint32_t choice = random() % 100;
    const bool grows = step / 1'000 % 2 == 0;
    if (choice < (grows ? 60u : 30u)) {
      model.push_back(random());
      list.push_back(model.back());
    } else if (choice < 90 && !model.empty()) {
      REQUIRE(list.back() == model.back());
      list.pop_back();
      model.pop_back();
    } else if (choice < 93 && !model.empty()) {
      const std::size_t at = random() % model.size();
      model[at] = random();
      list.set(at, model[at]);
    } else if (choice < 96) {
      SmallList<std::uint32_t> copy(list);
      copy.push_back(1);
      REQUIRE(is_same());
      list = copy;
      model.push_back(1);
    } else if (choice < 99) {
      SmallList<std::uint32_t> moved(std::move(list));
      list = SmallList<std::uint32_t>{};
      REQUIRE(list.empty());
      list = std::move(moved);
    } else if (step % 5 == 0) {
      list.clear();
      model.clear();
    }
    REQUIRE(is_same());
  }
}

TEST_CASE("what is made on demand is fresh until then, and its copies are deep", "[containers]") {
  OnDemand<std::vector<int>> one;
  CHECK_FALSE(one.is_made());
  CHECK(one.read().empty());
  CHECK_FALSE(one.is_made());
  one.make().push_back(1);
  OnDemand<std::vector<int>> copy(one);
  copy.make().push_back(2);
  CHECK(one.read() == std::vector<int>{1});
  one = copy;
  CHECK(one.read() == std::vector<int>{1, 2});
  const auto& self = one;
  one = self;
  CHECK(one.read() == std::vector<int>{1, 2});
  OnDemand<std::vector<int>> moved(std::move(copy));
  CHECK(moved.read() == std::vector<int>{1, 2});
  moved.drop();
  CHECK_FALSE(moved.is_made());
  one = moved;
  CHECK_FALSE(one.is_made());
}

TEST_CASE("a compact tuple gives back what it was given, whatever the family", "[containers]") {
  Random random{std::mt19937(13)};
  const std::vector<const char*> addresses{"10.0.0.1", "0.0.0.0", "0.0.0.1", "0.0.255.255", "0.1.0.0", "255.255.255.255",
                                           "2001:db8::1", "::", "::1"};
  CompactTuple kept;
  FourTuple model{};
  CHECK(static_cast<FourTuple>(kept) == model);
  for (const char* opener : addresses) {
    for (const char* acceptor : addresses) {
      INFO(opener << " " << acceptor);
      const FourTuple tuple = test::tuple_of(opener, static_cast<std::uint16_t>(random()), acceptor, 443);
      CompactTuple compact(tuple);
      REQUIRE(static_cast<FourTuple>(compact) == tuple);
      REQUIRE(compact.opener() == tuple.opener);
      REQUIRE(compact.acceptor() == tuple.acceptor);
      CHECK(static_cast<FourTuple>(kept) == model);
      const CompactTuple copy(compact);
      kept = std::move(compact);
      model = tuple;
      REQUIRE(kept == copy);
    }
  }
}

TEST_CASE("an address list gives back what it was given", "[containers]") {
  Random random{std::mt19937(17)};
  for (int round = 0; round < 300; ++round) {
    AddressList list;
    std::vector<KnownAddress> model;
    const bool few = round % 2 == 0;
    for (int step = 0; step < 12; ++step) {
      KnownAddress known;
      known.id = AddressId{static_cast<std::uint8_t>(random())};
      known.address = test::ip(random() % 5 == 0 && !few ? "2001:db8::1" : random() % 5 == 0 ? "0.0.0.0" : "192.0.2.7");
      known.port = static_cast<std::uint16_t>(random());
      known.advertised = random() % 2 == 0;
      known.used = random() % 2 == 0;
      known.removed = !few && random() % 8 == 0;
      if (known.removed) known.removed_ns = random();
      if (model.empty() || (model.size() < (few ? 2u : 9u) && random() % 2 == 0)) {
        list.push_back(known);
        model.push_back(known);
      } else {
        const std::size_t at = random() % model.size();
        list.replace(at, known);
        model[at] = known;
      }
      AddressList copy(list);
      AddressList moved(std::move(copy));
      list = moved;
      REQUIRE(list.size() == model.size());
      for (std::size_t at = 0; at < model.size(); ++at) {
        const KnownAddress found = list[at];
        REQUIRE(found.id == model[at].id);
        REQUIRE(found.address == model[at].address);
        REQUIRE(found.port == model[at].port);
        REQUIRE(found.advertised == model[at].advertised);
        REQUIRE(found.used == model[at].used);
        REQUIRE(found.removed == model[at].removed);
        REQUIRE(found.removed_ns == model[at].removed_ns);
      }
    }
  }
}

}  // namespace
}  // namespace mptap

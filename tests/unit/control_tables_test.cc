// The tables of control: addresses of a host, tokens, connections, waiting joins, keyless connections, bounded maps.
#include <set>

#include "detect/connection_table.h"
#include "detect/dsn_index.h"
#include "detect/keyless_index.h"
#include "detect/lru_map.h"
#include "detect/token_index.h"
#include "detect/waiting_joins.h"
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;

TEST_CASE("what an ADD_ADDR is to what its host said before", "[tables]") {
  struct Step {
    const char* what;
    std::uint8_t id;
    const char* address;  // nullptr: REMOVE_ADDR; "use": seen in use
    std::uint16_t port;
    AddressChange change;
    const char* previous = nullptr;
  };
  const Step steps[] = {
      {"the first", 1, "10.0.0.1", 80, AddressChange::kNew},
      {"another ID", 2, "10.0.0.2", 80, AddressChange::kNew},
      {"the same again", 1, "10.0.0.1", 80, AddressChange::kRepeated},
      {"another port", 1, "10.0.0.1", 81, AddressChange::kPortChanged},
      {"that port again", 1, "10.0.0.1", 81, AddressChange::kRepeated},
      {"another address", 1, "10.0.0.9", 81, AddressChange::kConflict, "10.0.0.1"},
      {"back again", 1, "10.0.0.1", 81, AddressChange::kConflict, "10.0.0.9"},
      {"removed", 1, nullptr, 0, AddressChange::kNew},
      {"another after that", 1, "10.0.0.7", 80, AddressChange::kNew},
      {"and again", 1, "10.0.0.7", 80, AddressChange::kRepeated},
      {"the same address under another ID", 3, "10.0.0.7", 80, AddressChange::kNew},
      {"IPv6", 4, "2001:db8::1", 80, AddressChange::kNew},
      {"an ID that never was", 200, nullptr, 0, AddressChange::kNew},
  };
  Host host;
  for (const Step& step : steps) {
    INFO(step.what);
    if (step.address == nullptr) {
      host.remove(AddressId{step.id}, 1);
      continue;
    }
    IpAddress previous{};
    CHECK(host.advertise(AddressId{step.id}, ip(step.address), step.port, previous) == step.change);
    if (step.previous != nullptr) CHECK(previous == ip(step.previous));
  }
}

TEST_CASE("addresses in use, and NAT", "[tables]") {
  Host host;
  IpAddress previous{};
  host.note_used(AddressId{0}, ip("10.0.0.1"));
  host.note_used(AddressId{5}, ip("192.0.2.5"));
  host.note_used(AddressId{5}, ip("192.0.2.6"));  // an ID that is known keeps its address
  CHECK(host.find(AddressId{5})->address == ip("192.0.2.5"));
  CHECK(host.knows(ip("192.0.2.5")));
  CHECK_FALSE(host.knows(ip("192.0.2.6")));
  CHECK(host.advertise(AddressId{5}, ip("10.0.0.5"), 80, previous) == AddressChange::kNew);  // behind NAT
  CHECK(host.advertise(AddressId{0}, ip("10.0.0.1"), 80, previous) == AddressChange::kNew);
  CHECK(host.advertise(AddressId{0}, ip("10.0.0.3"), 80, previous) == AddressChange::kConflict);
  CHECK(previous == ip("10.0.0.1"));
  host.remove(AddressId{5}, 1);
  CHECK_FALSE(host.knows(ip("10.0.0.5")));
  CHECK_FALSE(host.find(AddressId{9}));
}

TEST_CASE("a host has 256 addresses at most", "[tables]") {
  Host host;
  IpAddress previous{};
  for (int round = 0; round < 3; ++round) {
    for (unsigned id = 0; id < 256; ++id) {
      host.note_used(AddressId{static_cast<std::uint8_t>(id)}, ip("10.0.0.1"));
      (void)host.advertise(AddressId{static_cast<std::uint8_t>(id)}, ip("10.0.0.2"), 1, previous);
    }
  }
  CHECK(host.addresses.size() == 256);
}

TEST_CASE("a token names every host that carries it", "[tables]") {
  ConnectionTable table(CorrelatorOptions{});
  for (int i = 0; i < 1000; ++i) REQUIRE(table.try_create() != nullptr);
  const auto host_of = [&table](std::uint32_t index, Role role = Role::kResponder) { return HostRef{table.at(index).self, role}; };
  TokenIndex tokens(table, 1);
  CHECK(tokens.find(Token{7}).empty());
  CHECK_FALSE(tokens.add(Token{7}, host_of(1)));
  CHECK(tokens.add(Token{7}, host_of(2)));
  CHECK_FALSE(tokens.add(Token{8}, host_of(3)));
  CHECK(tokens.find(Token{7}).size() == 2);
  tokens.remove(Token{7}, host_of(1, Role::kInitiator));  // another host
  CHECK(tokens.find(Token{7}).size() == 2);
  tokens.remove(Token{7}, host_of(1));
  REQUIRE(tokens.find(Token{7}).size() == 1);
  CHECK(tokens.find(Token{7})[0] == host_of(2));
  tokens.remove(Token{7}, host_of(2));
  tokens.remove(Token{7}, host_of(2));
  CHECK(tokens.find(Token{7}).empty());
  for (std::uint32_t i = 0; i < 1000; ++i) (void)tokens.add(Token{9}, host_of(i));
  CHECK(tokens.find(Token{9}).size() == TokenIndex::kMaxCandidates);
}

TEST_CASE("connections: bounded, found by reference, places used again under another serial", "[tables]") {
  CorrelatorOptions options;
  options.max_connections = 300;
  ConnectionTable table(options);
  std::vector<Connection*> all;
  for (int i = 0; i < 300; ++i) all.push_back(table.try_create());
  CHECK(std::set<Connection*>(all.begin(), all.end()).size() == 300);
  CHECK(table.try_create() == nullptr);
  CHECK(table.size() == 300);
  const ConnectionRef old = all[5]->self;
  all[5]->host(Role::kInitiator).set_key(Key{42});
  CHECK(table.find(old) == all[5]);
  table.release(*all[5]);
  CHECK(table.find(old) == nullptr);
  Connection* fresh = table.try_create();
  REQUIRE(fresh != nullptr);
  CHECK(fresh->self.index == old.index);
  CHECK_FALSE(fresh->self == old);
  CHECK(table.find(old) == nullptr);
  CHECK_FALSE(fresh->host(Role::kInitiator).key());
  CHECK(table.find(ConnectionRef{}) == nullptr);
  CHECK(table.find(ConnectionRef{9999, 1}) == nullptr);
  std::size_t visited = 0;
  table.for_each([&visited](Connection&) { ++visited; });
  CHECK(visited == 300);
}

TEST_CASE("who idles longest comes first; who lives again leaves the line", "[tables]") {
  ConnectionTable table(CorrelatorOptions{});
  Connection* a = table.try_create();
  Connection* b = table.try_create();
  Connection* c = table.try_create();
  CHECK(table.oldest_idle() == nullptr);
  table.start_idling(*a, 10);
  table.start_idling(*b, 20);
  table.start_idling(*c, 30);
  CHECK(table.oldest_idle() == a);
  table.stop_idling(*a);
  CHECK(table.oldest_idle() == b);
  table.release(*b);
  CHECK(table.oldest_idle() == c);
  table.start_idling(*a, 40);
  table.stop_idling(*a);
  table.stop_idling(*a);
  table.start_idling(*a, 50);
  table.start_idling(*a, 60);  // again, without having lived: at the end once more
  CHECK(table.oldest_idle() == c);
  table.release(*c);
  CHECK(table.oldest_idle() == a);
  table.release(*a);
  CHECK(table.oldest_idle() == nullptr);
}

TEST_CASE("joins wait their grace time, in a bounded line", "[tables]") {
  const auto ref = [](std::uint32_t slot) { return SubflowRef{0, 1, slot}; };
  WaitingJoins waiting(3, 100, 1);
  CHECK_FALSE(waiting.next_due(1000));
  waiting.add(ref(1), Token{7}, 10);
  waiting.add(ref(2), Token{7}, 20);
  waiting.add(ref(3), Token{8}, 30);
  CHECK_FALSE(waiting.next_due(109));
  const auto due = waiting.next_due(110);
  REQUIRE(due);
  CHECK(due->join == ref(1));
  CHECK(due->deadline_ns == 110);
  CHECK_FALSE(waiting.next_due(110));
  const auto taken = waiting.take(Token{7});
  REQUIRE(taken.size() == 1);
  CHECK(taken[0] == ref(2));
  CHECK(waiting.take(Token{7}).empty());
  waiting.add(ref(4), Token{9}, 40);
  waiting.add(ref(5), Token{9}, 50);
  const auto pushed_out = waiting.next_due(60);  // four stand in a line of three
  REQUIRE(pushed_out);
  CHECK(pushed_out->join == ref(2));
  CHECK_FALSE(waiting.next_due(60));
}

TEST_CASE("of many joins with one token each is due in its turn, and those left are taken", "[tables]") {
  const auto ref = [](std::uint32_t slot) { return SubflowRef{0, 1, slot}; };
  WaitingJoins waiting(100, 100, 1);
  for (std::uint32_t slot = 0; slot < 50; ++slot) waiting.add(ref(slot), Token{7}, slot);
  for (std::uint32_t slot = 0; slot < 30; ++slot) {
    const auto due = waiting.next_due(1000);
    REQUIRE(due);
    CHECK(due->join == ref(slot));
  }
  waiting.add(ref(50), Token{7}, 50);
  const auto taken = waiting.take(Token{7});
  REQUIRE(taken.size() == 21);
  for (std::uint32_t i = 0; i < 21; ++i) CHECK(taken[i] == ref(30 + i));
  waiting.add(ref(51), Token{7}, 60);
  for (std::uint32_t slot = 30; slot < 51; ++slot) CHECK(waiting.next_due(1000)->join == ref(slot));  // taken, and still in line
  REQUIRE(waiting.take(Token{7}).size() == 1);
}

TEST_CASE("connections without keys are found by address", "[tables]") {
  ConnectionTable table(CorrelatorOptions{});
  KeylessIndex keyless(table, 1);
  const FourTuple join = tuple_of("10.0.0.1", 1, "10.0.0.2", 2);
  CHECK_FALSE(keyless.find_by_address(join).connection.is_set());
  const auto make = [&](const char* initiator, const char* responder) {
    Connection* connection = table.try_create();
    connection->host(Role::kInitiator).note_used(AddressId{0}, ip(initiator));
    connection->host(Role::kResponder).note_used(AddressId{0}, ip(responder));
    keyless.add(ip(initiator), {connection->self, Role::kInitiator});
    keyless.add(ip(responder), {connection->self, Role::kResponder});
    return connection;
  };
  Connection* both = make("10.0.0.1", "10.0.0.2");
  Connection* newer = make("10.0.0.7", "10.0.0.2");
  CHECK(keyless.find_by_address(join).connection == both->self);  // it knows the opener, too
  CHECK(keyless.find_by_address(tuple_of("10.0.0.99", 1, "10.0.0.2", 2)).connection == newer->self);
  CHECK(keyless.find_by_address(tuple_of("10.0.0.99", 1, "10.0.0.7", 2)).role == Role::kInitiator);
  newer->host(Role::kResponder).set_token(Token{5});  // once known, the token decides
  CHECK(keyless.find_by_address(tuple_of("10.0.0.99", 1, "10.0.0.2", 2)).connection == both->self);
  table.release(*both);
  CHECK_FALSE(keyless.find_by_address(join).connection.is_set());
}

TEST_CASE("connections are found by the numbers of their data", "[tables]") {
  ConnectionTable table(CorrelatorOptions{});
  DsnIndex index(table, 1);
  Connection* one = table.try_create();
  Connection* two = table.try_create();
  constexpr std::uint64_t kFirst = 0x1000'0000'0000'0000;
  const auto note = [&index](Connection& connection, Role role, std::uint64_t dsn) {
    connection.make_rare(role).noted_dsn = dsn;
    index.add(dsn, {connection.self, role});
  };
  one->host(Role::kInitiator).set_idsn(Dsn{kFirst});
  index.add(kFirst, {one->self, Role::kInitiator});
  note(*two, Role::kResponder, kFirst + (5ull << 40));
  CHECK(index.find(kFirst + 0x1000).connection == one->self);
  CHECK(index.find(kFirst + 0x1000).role == Role::kInitiator);
  CHECK(index.find(kFirst - 0x10000).connection == one->self);  // what was noted may stand in the middle
  CHECK(index.find(kFirst + DsnIndex::kNear / 2).connection == one->self);
  CHECK_FALSE(index.find(kFirst + DsnIndex::kNear).connection.is_set());
  CHECK(index.find(kFirst + (5ull << 40) + 1).connection == two->self);
  CHECK_FALSE(index.find(0).connection.is_set());
  note(*two, Role::kInitiator, kFirst + 7);  // two hosts fit: neither is taken
  CHECK_FALSE(index.find(kFirst + 0x1000).connection.is_set());
  index.remove(kFirst + 7, {two->self, Role::kInitiator});
  CHECK(index.find(kFirst + 0x1000).connection == one->self);
  note(*two, Role::kInitiator, ~std::uint64_t{0});  // numbers wrap
  CHECK(index.find(3).connection == two->self);
  index.remove(kFirst, {one->self, Role::kInitiator});
  table.release(*one);
  CHECK_FALSE(index.find(kFirst + 0x1000).connection.is_set());
}

TEST_CASE("a bounded map drops what was used longest ago", "[tables]") {
  struct Hash {
    std::size_t operator()(int key) const { return static_cast<std::size_t>(key); }
  };
  LruMap<int, int, Hash> map(3, Hash{});
  for (int key = 1; key <= 3; ++key) map.touch(key) = key * 10;
  CHECK(map.size() == 3);
  CHECK(*map.find(1) == 10);      // looking is not using
  CHECK(map.touch(2) == 20);
  map.touch(4) = 40;
  CHECK(map.find(1) == nullptr);
  map.touch(5) = 50;
  CHECK(map.find(3) == nullptr);
  CHECK(*map.find(2) == 20);
  CHECK(map.size() == 3);
  CHECK(map.touch(3) == 0);       // made anew
  map.drop_while([](int value) { return value != 50; });
  CHECK(map.find(5) != nullptr);
  CHECK(map.size() <= 3);
  LruMap<int, int, Hash> one(0, Hash{});
  one.touch(1) = 1;
  one.touch(2) = 2;
  CHECK(one.size() == 1);
}

}  // namespace
}  // namespace mptap

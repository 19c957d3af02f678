// Cards of inline ports: what they are told by control's orders, and what becomes of it.
#include "dataplane/dpdk_cards.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/catch.h"
#include "tests/unit/fake_flows.h"

namespace mptap {
namespace {

using test::FakeFlows;
using Answer = CardChannel::Answer;

constexpr std::uint64_t kSecond = kNsPerSecond;

FourTuple flow_v4(std::uint16_t port = 40'000) {
  constexpr std::uint8_t kClient[] = {192, 0, 2, 1}, kServer[] = {198, 51, 100, 2};
  return {{IpAddress::from_v4(kClient), port}, {IpAddress::from_v4(kServer), 443}};
}

FourTuple flow_v6() {
  constexpr std::uint8_t kClient[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr std::uint8_t kServer[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  return {{IpAddress::from_v6(kClient), 40'000}, {IpAddress::from_v6(kServer), 443}};
}

/// Two cards, 1 and 3, of which the devices that take rules are named.
struct Cards {
  explicit Cards(std::set<std::uint16_t> devices) {
    FakeFlows::instance() = FakeFlows{};
    FakeFlows::instance().devices = std::move(devices);
    cards = std::make_unique<DpdkCards>(std::vector<std::uint16_t>{1, 3});
  }
  CardOrder order(std::uint16_t place, std::optional<FourTuple> flow, std::uint64_t now_ns) {
    const CardOrder order{.place = place, .number = ++number, .flow = flow};
    REQUIRE(channel->orders.try_push(order));
    channel->orders.publish();
    cards->turn(*channel, now_ns);
    return order;
  }
  [[nodiscard]] Answer answer_to(const CardOrder& order) const { return channel->answer_to(order.place, order.number); }

  FakeFlows& fake = FakeFlows::instance();
  std::unique_ptr<CardChannel> channel = std::make_unique<CardChannel>();
  std::unique_ptr<DpdkCards> cards;
  std::uint32_t number = 0;
};

TEST_CASE("cards that take no rule of this kind, or do not count, are left out", "[cards]") {
  CHECK(Cards({}).cards->size() == 0);
  CHECK(Cards({3}).cards->size() == 1);
  Cards both({1, 3});
  CHECK(both.cards->size() == 2);
  CHECK(both.fake.rules.empty());
  both.fake.counts = false;
  const DpdkCards none({1, 3});
  CHECK(none.size() == 0);
  CHECK(none.complaint() == "it does not count what it drops");
  CHECK(both.fake.rules.empty());
}

TEST_CASE("a subflow is dropped and counted by all cards in both directions, until it is withdrawn", "[cards]") {
  Cards it({1, 3});
  const CardOrder first = it.order(5, flow_v4(), 0);
  CHECK(it.answer_to(first) == Answer::kDropped);
  REQUIRE(it.fake.rules.size() == 4);
  std::vector<std::string> texts;
  for (FakeFlows::Rule& rule : it.fake.rules) {
    texts.push_back(std::to_string(rule.device) + " " + rule.text);
    rule.hits = 10;
  }
  CHECK(texts == std::vector<std::string>{"1 192.0.2.1:40000 > 198.51.100.2:443 count drop", "1 198.51.100.2:443 > 192.0.2.1:40000 count drop",
                                          "3 192.0.2.1:40000 > 198.51.100.2:443 count drop", "3 198.51.100.2:443 > 192.0.2.1:40000 count drop"});
  it.cards->turn(*it.channel, kSecond);
  CHECK(it.channel->packets_of(5) == 40);
  it.cards->turn(*it.channel, kSecond);
  CHECK(it.channel->packets_of(5) == 40);
  it.fake.rules.front().hits = 12;  // what comes at the last moment counts, too
  it.order(5, std::nullopt, 2 * kSecond);
  CHECK(it.channel->packets_of(5) == 42);
  CHECK(it.fake.rules.empty());
  CHECK(it.channel->answer_to(5, it.number) == Answer::kWithdrawn);
  it.order(5, flow_v4(), 3 * kSecond);  // counted on, from 0 again
  it.fake.rules.front().hits = 7;
  it.cards->turn(*it.channel, 4 * kSecond);
  CHECK(it.channel->packets_of(5) == 49);
}

TEST_CASE("IPv6 goes the same way", "[cards]") {
  Cards it({1});
  CHECK(it.answer_to(it.order(0, flow_v6(), 0)) == Answer::kDropped);
  REQUIRE(it.fake.rules.size() == 2);
  CHECK(it.fake.rules.front().text == "2001:db8::1:40000 > 2001:db8::2:443 count drop");
}

TEST_CASE("a card with no room leaves nothing behind, and is told of", "[cards]") {
  Cards it({1, 3});
  it.fake.most = 3;
  const CardOrder first = it.order(0, flow_v4(), 0);
  CHECK(it.answer_to(first) == Answer::kDropped);  // by the first card
  CHECK(it.fake.rules.size() == 2);
  const CardOrder second = it.order(1, flow_v4(40'001), 0);
  CHECK(it.answer_to(second) == Answer::kRefused);
  CHECK(it.cards->complaint() == "it is full");
  CHECK(it.channel->refused() == 1);
  CHECK(it.fake.rules.size() == 2);
  it.order(0, std::nullopt, 1);
  CHECK(it.answer_to(it.order(1, flow_v4(40'001), 2)) == Answer::kDropped);
}

TEST_CASE("what a card does not give up is tried again, and counted on", "[cards]") {
  Cards it({1});
  it.order(0, flow_v4(), 0);
  it.fake.keeps = true;
  const CardOrder end = it.order(0, std::nullopt, kSecond);
  CHECK(it.answer_to(end) == Answer::kNone);
  CHECK(it.fake.rules.size() == 2);
  it.fake.rules.front().hits = 9;
  it.cards->turn(*it.channel, 2 * kSecond);
  CHECK(it.channel->packets_of(0) == 9);
  it.fake.keeps = false;
  it.cards->turn(*it.channel, 3 * kSecond);
  CHECK(it.answer_to(end) == Answer::kWithdrawn);
  CHECK(it.fake.rules.empty());
}

TEST_CASE("of many rules each is counted in its turn", "[cards]") {
  Cards it({1});
  it.fake.most = 200;
  for (std::uint16_t place = 0; place < 40; ++place) it.order(place, flow_v4(place), 0);
  for (FakeFlows::Rule& rule : it.fake.rules) rule.hits = 1;
  for (int turn = 0; turn < 3; ++turn) it.cards->turn(*it.channel, kSecond);
  for (std::uint16_t place = 0; place < 40; ++place) CHECK(it.channel->packets_of(place) == 2);
}

TEST_CASE("what control forgets is withdrawn after ten seconds, and all of it in the end", "[cards]") {
  Cards it({1});
  const CardOrder forgotten = it.order(0, flow_v4(), kSecond);
  it.order(1, flow_v4(40'001), 5 * kSecond);
  it.cards->turn(*it.channel, kSecond + DpdkCards::kLongestNs - 1);
  CHECK(it.fake.rules.size() == 4);
  it.cards->turn(*it.channel, kSecond + DpdkCards::kLongestNs);
  CHECK(it.fake.rules.size() == 2);
  CHECK(it.answer_to(forgotten) == Answer::kWithdrawn);
  it.fake.rules.front().hits = 3;
  it.cards->withdraw_all(*it.channel);
  CHECK(it.fake.rules.empty());
  CHECK(it.channel->packets_of(1) == 3);
}

}  // namespace
}  // namespace mptap

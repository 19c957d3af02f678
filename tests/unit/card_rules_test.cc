// Cards and workers take turns at a blocked subflow: a look without the card tells whether it still comes.
#include "detect/card_rules.h"

#include <memory>
#include <optional>
#include <vector>

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h
using Answer = CardChannel::Answer;

constexpr std::uint64_t kStart = 1'000 * kSecondNs;

FourTuple flow_of(std::uint16_t port) { return {{ip("10.0.0.1"), port}, {ip("10.0.0.2"), 80}}; }

struct Rules {
  /// The orders given since the call before, as the cards' thread takes them.
  std::vector<CardOrder> ordered() {
    std::vector<CardOrder> orders;
    for (CardOrder order; channel->orders.try_pop(order);) orders.push_back(order);
    return orders;
  }
  /// The only one, answered.
  CardOrder answered(Answer answer) {
    const auto orders = ordered();
    REQUIRE(orders.size() == 1);
    channel->answer(orders[0], answer);
    return orders[0];
  }
  void advance(double after_s) { rules.advance(place, held_back, kStart + static_cast<std::uint64_t>(after_s * 1e9)); }

  std::unique_ptr<CardChannel> channel = std::make_unique<CardChannel>();
  CardRules rules{*channel, {{ip("10.9.0.0"), 112}}};
  std::uint16_t place = 0;
  std::uint64_t held_back = 0;
};

TEST_CASE("a card drops for five seconds; then it is looked whether anything still comes, and only then it goes on", "[cards]") {
  Rules it;
  it.place = it.rules.begin(flow_of(40'000), kStart).value();
  CHECK_FALSE(it.rules.is_dropped(it.place));
  const CardOrder drop = it.answered(Answer::kDropped);
  CHECK((drop.flow && *drop.flow == flow_of(40'000)));
  CHECK(it.rules.is_dropped(it.place));
  CHECK(it.rules.dropped() == 1);
  it.advance(4.9);
  CHECK(it.ordered().empty());
  it.advance(5);
  CHECK_FALSE(it.answered(Answer::kNone).flow);
  CHECK_FALSE(it.rules.is_dropped(it.place));
  CHECK(it.rules.dropped() == 0);
  it.advance(5.1);
  it.held_back = 8;  // while the card gave it up
  it.advance(5.2);
  it.advance(6);
  it.advance(60);
  CHECK(it.ordered().empty());  // nothing came since
  it.held_back = 9;
  it.advance(61);
  CHECK(it.answered(Answer::kDropped).flow);
  CHECK(it.rules.is_dropped(it.place));
  it.advance(66);
  it.held_back = 10;
  it.advance(66.2);
  it.held_back = 20;
  it.advance(66.9);
  CHECK(it.ordered().size() == 1);  // withdrawn, and looked at for a second at least
  it.advance(67);
  CHECK(it.ordered().size() == 1);
}

TEST_CASE("a card that refuses is asked again half a minute later, if anything comes", "[cards]") {
  Rules it;
  it.place = it.rules.begin(flow_of(40'000), kStart).value();
  it.answered(Answer::kRefused);
  it.advance(0.1);
  CHECK_FALSE(it.rules.is_dropped(it.place));
  it.advance(0.4);
  it.held_back = 100;
  it.advance(30);
  CHECK(it.ordered().empty());
  it.advance(30.1);
  CHECK(it.answered(Answer::kDropped).flow);
  CHECK(it.rules.is_dropped(it.place));
}

TEST_CASE("what ends is withdrawn, and its place is free: its packets are nobody else's", "[cards]") {
  Rules it;
  it.place = it.rules.begin(flow_of(40'000), kStart).value();
  it.answered(Answer::kDropped);
  it.channel->add(it.place, 12);
  CHECK(it.rules.packets(it.place) == 12);
  it.rules.end(it.place);
  CHECK_FALSE(it.answered(Answer::kNone).flow);
  const std::uint16_t again = it.rules.begin(flow_of(40'001), kStart).value();
  CHECK(again == it.place);
  CHECK(it.rules.packets(again) == 0);
  CHECK(it.rules.packets() == 12);
  CHECK_FALSE(it.rules.is_dropped(again));  // the answer was to the one before
  it.answered(Answer::kDropped);
  it.advance(5);
  it.answered(Answer::kNone);
  it.rules.end(again);  // while workers look: no card has it
  CHECK(it.ordered().empty());
}

TEST_CASE("cards drop nothing of spared hosts, and no more than there is room for", "[cards]") {
  Rules it;
  CHECK_FALSE(it.rules.begin({{ip("10.9.0.1"), 1}, {ip("10.0.0.2"), 80}}, kStart));
  CHECK_FALSE(it.rules.begin({{ip("10.0.0.2"), 1}, {ip("10.9.255.1"), 80}}, kStart));
  for (std::size_t i = 0; i < kCardPlaces; ++i) REQUIRE(it.rules.begin(flow_of(static_cast<std::uint16_t>(i)), kStart));
  CHECK_FALSE(it.rules.begin(flow_of(5'000), kStart));
}

TEST_CASE("an end that finds no room in the ring is told later", "[cards]") {
  Rules it;
  it.place = it.rules.begin(flow_of(40'000), kStart).value();
  std::uint16_t others = 0;
  while (it.channel->orders.size() < it.channel->orders.capacity()) REQUIRE(it.rules.begin(flow_of(others++), kStart));
  it.rules.end(it.place);
  it.rules.settle();
  CHECK(it.ordered().size() == it.channel->orders.capacity());  // none of them the end
  it.rules.settle();
  const auto orders = it.ordered();
  REQUIRE(orders.size() == 1);
  CHECK((orders[0].place == it.place && !orders[0].flow));
  it.rules.settle();
  CHECK(it.ordered().empty());
}

}  // namespace
}  // namespace mptap

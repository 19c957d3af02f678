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
  [[nodiscard]] std::optional<std::uint16_t> begin(std::uint16_t port = 40'000) { return rules.begin(flow_of(port), held_back, kStart); }
  void advance(double after_s) { rules.advance(place, held_back, kStart + static_cast<std::uint64_t>(after_s * 1e9)); }

  std::unique_ptr<CardChannel> channel = std::make_unique<CardChannel>();
  CardRules rules{*channel, {{ip("10.9.0.0"), 112}}};
  std::uint16_t place = 0;
  std::uint64_t held_back = 5;
};

TEST_CASE("a card drops for five seconds; then it is looked whether anything still comes, and only then it goes on", "[cards]") {
  Rules it;
  it.place = it.begin().value();
  CHECK_FALSE(it.rules.is_dropped(it.place));
  const CardOrder drop = it.answered(Answer::kDropped);
  CHECK((drop.flow && *drop.flow == flow_of(40'000)));
  CHECK(it.rules.is_dropped(it.place));
  CHECK(it.rules.dropped() == 1);
  it.held_back = 6;  // before the card had it
  it.advance(4.9);
  CHECK(it.ordered().empty());
  it.advance(5);
  const auto withdrawal = it.ordered();
  REQUIRE(withdrawal.size() == 1);
  CHECK_FALSE(withdrawal[0].flow);
  CHECK(it.rules.dropped() == 0);
  it.held_back = 7;
  it.advance(8);
  CHECK(it.ordered().empty());  // the card has it still
  it.channel->answer(withdrawal[0], Answer::kWithdrawn);
  it.advance(8.1);
  it.advance(60);
  CHECK(it.ordered().empty());  // nothing came since
  it.held_back = 8;
  it.advance(61);
  CHECK(it.answered(Answer::kDropped).flow);
  CHECK(it.rules.is_dropped(it.place));
  it.advance(66);
  it.answered(Answer::kWithdrawn);
  it.advance(66.1);
  it.held_back = 20;
  it.advance(67);
  CHECK(it.ordered().empty());  // for a second at least
  it.advance(67.1);
  CHECK(it.answered(Answer::kDropped).flow);
}

TEST_CASE("a card that refuses is asked again half a minute later, if anything came", "[cards]") {
  Rules it;
  it.place = it.begin().value();
  it.answered(Answer::kRefused);
  it.advance(0.1);
  CHECK_FALSE(it.rules.is_dropped(it.place));
  it.held_back = 100;
  it.advance(30);
  CHECK(it.ordered().empty());
  it.advance(30.1);
  CHECK(it.answered(Answer::kDropped).flow);
  CHECK(it.rules.is_dropped(it.place));
}

TEST_CASE("what a card gave up by itself is looked at as if it had been told to", "[cards]") {
  Rules it;
  it.place = it.begin().value();
  it.answered(Answer::kWithdrawn);
  CHECK_FALSE(it.rules.is_dropped(it.place));
  it.advance(1);
  it.held_back = 6;
  it.advance(2);
  CHECK(it.answered(Answer::kDropped).flow);
}

TEST_CASE("what ends is withdrawn, and its place is free when that is done: its packets are nobody else's", "[cards]") {
  Rules it;
  it.place = it.begin().value();
  it.answered(Answer::kDropped);
  it.channel->add(it.place, 12);
  CHECK(it.rules.packets(it.place) == 12);
  it.rules.end(it.place);
  const auto withdrawal = it.ordered();
  REQUIRE(withdrawal.size() == 1);
  it.rules.settle();
  const std::uint16_t other = it.begin(40'001).value();
  CHECK(other != it.place);
  it.answered(Answer::kDropped);
  it.channel->add(it.place, 3);
  it.channel->answer(withdrawal[0], Answer::kWithdrawn);
  it.rules.settle();
  const std::uint16_t again = it.begin(40'002).value();
  CHECK(again == it.place);
  CHECK(it.rules.packets(again) == 0);
  CHECK(it.rules.packets() == 15);
  CHECK_FALSE(it.rules.is_dropped(again));  // the answers were to those before
  it.answered(Answer::kDropped);
  it.advance(5);
  it.rules.end(again);  // it is on its way already
  it.answered(Answer::kWithdrawn);
  it.rules.settle();
  CHECK(it.begin(40'003).value() == again);
  it.answered(Answer::kRefused);
  it.advance(1);
  it.rules.end(again);  // workers look: no card has it
  CHECK(it.ordered().empty());
  CHECK(it.begin(40'004).value() == again);
}

TEST_CASE("cards drop nothing of spared hosts, and no more than there is room for", "[cards]") {
  Rules it;
  CHECK_FALSE(it.rules.begin({{ip("10.9.0.1"), 1}, {ip("10.0.0.2"), 80}}, 0, kStart));
  CHECK_FALSE(it.rules.begin({{ip("10.0.0.2"), 1}, {ip("10.9.255.1"), 80}}, 0, kStart));
  for (std::size_t i = 0; i < kCardPlaces; ++i) REQUIRE(it.begin(static_cast<std::uint16_t>(i)));
  CHECK_FALSE(it.begin(5'000));
}

TEST_CASE("what finds no room in the ring is told later", "[cards]") {
  Rules it;
  it.place = it.begin().value();
  std::uint16_t others = 0;
  while (it.channel->orders.size() < it.channel->orders.capacity()) REQUIRE(it.begin(others++));
  const std::uint16_t late = it.begin(others).value();
  it.rules.end(it.place);
  it.rules.settle();
  CHECK(it.ordered().size() == it.channel->orders.capacity());  // neither the late one nor the end
  it.rules.settle();
  const CardOrder end = it.answered(Answer::kWithdrawn);
  CHECK((end.place == it.place && !end.flow));
  it.rules.settle();
  CHECK(it.ordered().empty());
  it.rules.advance(late, it.held_back, kStart + 1);
  CHECK(it.ordered().empty());
  it.rules.advance(late, it.held_back + 1, kStart + 2);
  const auto orders = it.ordered();
  REQUIRE(orders.size() == 1);
  CHECK((orders[0].place == late && orders[0].flow));
}

}  // namespace
}  // namespace mptap

// Rules of inline ports: what makes them, renews them and ends them.
#include "detect/mitigator.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

struct Rules : ReportSink {
  Rules() {
    detectors.join_flood.mitigation = detectors.join_hmac.mitigation = Mitigation::kEnforce;
    options.ttl_ns = 60 * kSecondNs;
  }
  void on_report(Report&& report) override {
    const Notice& notice = std::get<Notice>(report);
    last = notice.message;
    told += (told.empty() ? "" : " ") + std::string(notice.note) + (notice.cause[0] != 0 ? ":" + std::string(notice.cause) : "");
  }
  void notice(const char* note, double at_s, const char* receiver = "10.0.0.2") {
    Notice it;
    it.note = note;
    it.time_ns = ControlRun::ns(at_s);
    it.destination = Endpoint{ip(receiver), 0};
    mitigator.on_report(std::move(it));
  }
  void wrong_hmac(double at_s, std::uint16_t worker, std::uint32_t slot) {
    Notice it;
    it.note = "join_hmac";
    it.time_ns = ControlRun::ns(at_s);
    it.source = Endpoint{ip("10.0.0.1"), 40000};
    it.destination = Endpoint{ip("10.0.0.2"), 80};
    it.packet_name = {0, slot, 7, worker, RecordKind::kJoinAck};
    mitigator.on_report(std::move(it));
  }
  void forged_address(double at_s, std::uint16_t worker, std::uint32_t slot, std::uint8_t address_id, std::uint16_t generation = 7) {
    const Subflow subflow(SubflowRef{worker, generation, slot});
    Record record;
    record.add_addr = AddAddrBody{};
    record.add_addr.address = ip("10.0.0.66");
    record.add_addr.port = 99;  // without has_port it means nothing
    record.add_addr.address_id = AddressId{address_id};
    record.add_addr.has_hmac = true;
    Event event{.kind = EventKind::kAddressAdvertised, .time_ns = ControlRun::ns(at_s), .tuple = {{ip("10.0.0.1"), 40000}, {ip("10.0.0.2"), 80}}};
    event.subflow = &subflow;
    event.record = &record;
    event.from_opener = false;
    mitigator.on_wrong_address(event);
  }
  std::vector<RuleOrder> ordered(std::size_t worker) {
    std::vector<RuleOrder> orders;
    for (RuleOrder order; channels[worker].orders.try_pop(order);) orders.push_back(order);
    return orders;
  }

  DetectorOptions detectors;
  MitigationOptions options;
  ControlCounters counters;
  std::array<RuleChannel, 2> channels;
  std::string told;
  std::string last;  // message
  std::unique_ptr<CardChannel> card_channel = std::make_unique<CardChannel>();
  CardRules cards{*card_channel, {}};
  Mitigator mitigator{*this, detectors, options, {&channels[0], &channels[1]}, counters, &cards};
};

TEST_CASE("a flood makes a rule in every worker, which ends with it", "[mitigation]") {
  Rules it;
  it.notice("join_flood", 1);
  for (const std::size_t worker : {0u, 1u}) {
    const auto orders = it.ordered(worker);
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].kind == RuleOrder::Kind::kLimitJoins);
    CHECK(orders[0].enforced);
    CHECK(orders[0].receiver == ip("10.0.0.2"));
    CHECK(orders[0].joins_per_second == 100);
    CHECK(orders[0].until_ns == ControlRun::ns(61));
  }
  CHECK(it.counters.rules == 1);
  it.notice("join_flood_status", 11);
  CHECK(it.ordered(0).at(0).until_ns == ControlRun::ns(71));
  it.mitigator.advance(ControlRun::ns(65));
  CHECK(it.told == "join_flood mitigation:start join_flood_status");
  it.notice("join_flood_end", 66);
  CHECK(it.ordered(0).at(0).kind == RuleOrder::Kind::kEnd);
  CHECK(it.told == "join_flood mitigation:start join_flood_status join_flood_end mitigation:end");
  CHECK(it.counters.rules == 0);
  CHECK(it.counters.notices_raised == 2);  // its own
}

TEST_CASE("a rule of which nothing is heard ends by itself, and so does one that is switched off", "[mitigation]") {
  Rules it;
  it.notice("join_flood", 1);
  it.mitigator.advance(ControlRun::ns(60.9));
  CHECK(it.counters.rules == 1);
  it.mitigator.advance(ControlRun::ns(61));
  CHECK(it.counters.rules == 0);
  it.notice("join_flood", 70);
  it.detectors.join_flood.mitigation = Mitigation::kOff;
  it.mitigator.advance(ControlRun::ns(71));
  CHECK(it.counters.rules == 0);
  it.notice("join_flood", 72);
  CHECK(it.counters.rules == 0);
  CHECK(it.told == "join_flood mitigation:start mitigation:end join_flood mitigation:start mitigation:end join_flood");
}

TEST_CASE("a wrong HMAC blocks the subflow in its worker", "[mitigation]") {
  Rules it;
  it.wrong_hmac(1, 1, 42);
  CHECK(it.ordered(0).empty());
  const auto orders = it.ordered(1);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].kind == RuleOrder::Kind::kBlock);
  CHECK((orders[0].slot == 42 && orders[0].generation == 7));
  it.wrong_hmac(2, 9, 42);  // no such worker
  it.wrong_hmac(2, 0, Record::kNoSlot);
  CHECK(it.counters.rules == 1);
  it.mitigator.advance(ControlRun::ns(61));
  CHECK(it.told == "join_hmac mitigation:start join_hmac join_hmac mitigation:end");
}

TEST_CASE("rules are bounded, and those that found no room are counted", "[mitigation]") {
  Rules it;
  for (std::size_t i = 0; i < kMaxLimits + 5; ++i) {
    it.notice("join_flood", 1, ("10.0.1." + std::to_string(i)).c_str());
    it.ordered(0);
    it.ordered(1);
  }
  CHECK(it.counters.rules == kMaxLimits);
  CHECK(it.counters.rules_refused == 5);
  for (std::uint32_t i = 0; i < kWaitingOrders + 3; ++i) it.wrong_hmac(2, 0, i);  // nobody takes them
  CHECK(it.counters.rules_refused == 8);
}

TEST_CASE("each rule has a number and its own count, though it has the place of an earlier one", "[mitigation]") {
  Rules it;
  it.notice("join_flood", 1);
  const std::uint16_t place = it.ordered(0).at(0).place;
  for (int i = 0; i < 3; ++i) it.channels[0].packets.add(place);
  it.channels[1].packets.add(place);
  REQUIRE(it.mitigator.rules().size() == 1);
  CHECK(it.mitigator.rules()[0].number == 1);
  CHECK(it.mitigator.rules()[0].packets == 4);
  it.notice("join_flood_end", 2);
  CHECK(it.last == "rule 1: joins to 10.0.0.2 are no longer held back: the flood is over; 4 were");
  it.notice("join_flood", 3, "10.0.0.3");
  CHECK(it.ordered(0).back().place == place);
  it.channels[1].packets.add(place);
  it.wrong_hmac(4, 1, 42);
  it.channels[1].packets.add(place_of_block(42));
  it.channels[0].packets.add(place_of_block(42));  // of another worker
  const auto rules = it.mitigator.rules();
  REQUIRE(rules.size() == 2);
  CHECK((rules[0].number == 2 && rules[0].packets == 1 && !rules[0].source));
  CHECK((rules[1].number == 3 && rules[1].packets == 1 && rules[1].source));
}

TEST_CASE("an operator's rule is his: no detector renews it or ends it", "[mitigation]") {
  Rules it;
  const auto number = it.mitigator.begin_by_hand({.receiver = ip("10.0.0.2"), .joins_per_second = 7, .lasts_ns = 30 * kSecondNs}, ControlRun::ns(1));
  CHECK(number == 1u);
  CHECK(it.ordered(1).at(0).joins_per_second == 7);
  it.notice("join_flood", 2);
  it.notice("join_flood_end", 3);
  it.detectors.join_flood.mitigation = Mitigation::kOff;
  it.mitigator.advance(ControlRun::ns(30.9));
  REQUIRE(it.mitigator.rules().size() == 1);
  CHECK(it.mitigator.rules()[0].by_hand);
  it.mitigator.advance(ControlRun::ns(31));
  CHECK(it.mitigator.rules().empty());
  CHECK(it.last == "rule 1: joins to 10.0.0.2 are no longer held back: the rule's time is over; 0 were");
  CHECK(it.told == "mitigation:start join_flood join_flood_end mitigation:end");
}

TEST_CASE("an operator's rule takes the place of a detector's, with what the settings say where he says nothing", "[mitigation]") {
  Rules it;
  it.notice("join_flood", 1);
  (void)it.ordered(0);
  CHECK(it.mitigator.begin_by_hand({.receiver = ip("10.0.0.2"), .joins_per_second = {}, .lasts_ns = {}, .enforced = false}, ControlRun::ns(2)) == 2u);
  const auto orders = it.ordered(0);
  REQUIRE(orders.size() == 2);
  CHECK(orders[0].kind == RuleOrder::Kind::kEnd);
  CHECK((!orders[1].enforced && orders[1].joins_per_second == 100 && orders[1].until_ns == ControlRun::ns(62)));
  CHECK(it.mitigator.rules().size() == 1);
}

TEST_CASE("an operator is told of no rule that a worker has not taken", "[mitigation]") {
  Rules it;
  for (std::uint32_t i = 0; i < kWaitingOrders; ++i) it.wrong_hmac(1, 1, i);
  const LimitByHand wanted{.receiver = ip("10.0.0.2"), .joins_per_second = 7, .lasts_ns = 30 * kSecondNs};
  CHECK_FALSE(it.mitigator.begin_by_hand(wanted, ControlRun::ns(2)));
  CHECK(it.mitigator.rules().size() == kWaitingOrders);
  const auto orders = it.ordered(0);
  REQUIRE(orders.size() == 2);
  CHECK(orders[1].kind == RuleOrder::Kind::kEnd);
  CHECK(it.ordered(1).size() == kWaitingOrders);
  CHECK(it.mitigator.begin_by_hand(wanted, ControlRun::ns(3)) == kWaitingOrders + 1);
}

TEST_CASE("what an operator ended does not come back while its cause goes on", "[mitigation]") {
  Rules it;
  it.notice("join_flood", 1);
  CHECK_FALSE(it.mitigator.end_by_hand(2, ControlRun::ns(2)));
  CHECK(it.mitigator.end_by_hand(1, ControlRun::ns(2)));
  CHECK_FALSE(it.mitigator.end_by_hand(1, ControlRun::ns(2)));
  for (double at_s = 11; at_s < 200; at_s += 10) it.notice("join_flood_status", at_s);
  CHECK(it.counters.rules == 0);
  it.notice("join_flood_end", 200);
  it.notice("join_flood", 201);
  CHECK(it.counters.rules == 1);
  CHECK(it.mitigator.end_by_hand(2, ControlRun::ns(202)));
  it.notice("join_flood", 270);  // its end was not heard of
  CHECK(it.counters.rules == 1);
}

TEST_CASE("a subflow whose cell is taken is not blocked, and that is counted", "[mitigation]") {
  Rules it;
  it.wrong_hmac(1, 0, 42);
  it.wrong_hmac(2, 0, 42 + kBlockCells);
  it.wrong_hmac(3, 1, 42 + kBlockCells);  // another worker
  CHECK(it.counters.rules == 2);
  CHECK(it.counters.rules_refused == 1);
  CHECK(it.ordered(0).size() == 1);
  it.detectors.join_hmac.mitigation = Mitigation::kOff;
  it.mitigator.advance(ControlRun::ns(4));
  CHECK(it.counters.rules == 0);
  CHECK(it.ordered(0).back().kind == RuleOrder::Kind::kEnd);
}

TEST_CASE("a forged ADD_ADDR is struck in its worker, by one rule a subflow", "[mitigation]") {
  Rules it;
  it.forged_address(1, 1, 42, 3);
  CHECK(it.ordered(1).empty());  // not asked for
  it.detectors.add_addr_hmac.mitigation = Mitigation::kEnforce;
  it.mitigator.advance(ControlRun::ns(1));
  CHECK(it.mitigator.judges_addresses());
  CHECK(it.channels[1].control.judges_addresses);
  it.forged_address(2, 1, 42, 3);
  CHECK(it.ordered(0).empty());
  const auto orders = it.ordered(1);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].kind == RuleOrder::Kind::kStrike);
  CHECK((orders[0].slot == 42 && orders[0].generation == 7 && orders[0].place == place_of_strike(42)));
  CHECK((orders[0].enforced && orders[0].from_acceptor));
  CHECK((orders[0].claim.address_id == AddressId{3} && orders[0].claim.port == 0 && orders[0].claim.address == ip("10.0.0.66")));
  it.forged_address(30, 1, 42, 9);
  CHECK(it.ordered(1).at(0).claim.address_id == AddressId{9});
  it.forged_address(31, 1, 42 + kStrikeCells, 9);  // its place is taken
  CHECK(it.counters.rules == 1);
  CHECK(it.counters.rules_refused == 1);
  CHECK(it.told == "mitigation:start");
  CHECK(it.last.find("forged ADD_ADDRs of this subflow are struck") != std::string::npos);
  it.forged_address(32, 1, 42, 9, 8);  // another subflow in the same slot: the one before is over
  const auto renewed = it.ordered(1);
  REQUIRE(renewed.size() == 2);
  CHECK(renewed[0].kind == RuleOrder::Kind::kEnd);
  CHECK((renewed[1].kind == RuleOrder::Kind::kStrike && renewed[1].generation == 8));
  CHECK(it.told == "mitigation:start mitigation:end mitigation:start");
  it.mitigator.advance(ControlRun::ns(89));
  CHECK(it.counters.rules == 1);
  it.detectors.add_addr_hmac.enabled = false;
  it.mitigator.advance(ControlRun::ns(89.5));
  CHECK(it.counters.rules == 0);
  CHECK_FALSE(it.channels[1].control.judges_addresses);
  CHECK(it.last.find("are no longer struck: switched off; 0 were") != std::string::npos);
}

TEST_CASE("only what is asked for makes rules; observing says so", "[mitigation]") {
  Rules it;
  it.detectors.join_flood.mitigation = it.detectors.join_hmac.mitigation = Mitigation::kOff;
  it.notice("join_flood", 1);
  it.wrong_hmac(1, 0, 1);
  it.notice("unknown_join", 1);
  CHECK(it.ordered(0).empty());
  CHECK(it.told == "join_flood join_hmac unknown_join");
  it.detectors.join_flood.mitigation = Mitigation::kObserve;
  it.notice("join_flood_status", 2);
  CHECK_FALSE(it.ordered(0).at(0).enforced);
}

TEST_CASE("a card has its share of what blocks a subflow, and its packets count as the rule's", "[mitigation][cards]") {
  Rules it;
  CardOrder order;
  it.notice("join_flood", 1);
  CHECK_FALSE(it.card_channel->orders.try_pop(order));  // not what a card could do
  it.wrong_hmac(1, 1, 5);
  REQUIRE(it.card_channel->orders.try_pop(order));
  CHECK((order.flow && *order.flow == FourTuple{{ip("10.0.0.1"), 40000}, {ip("10.0.0.2"), 80}}));
  it.card_channel->answer(order, CardChannel::Answer::kDropped);
  it.card_channel->add(order.place, 30);
  it.channels[1].packets.add(place_of_block(5));
  it.mitigator.advance(ControlRun::ns(2));
  const auto rules = it.mitigator.rules();
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].on_card == false);
  CHECK(rules[1].on_card);
  CHECK(rules[1].packets == 31);
  CHECK(it.counters.rules_on_cards == 1);
  CHECK(it.counters.card_packets == 30);
  it.wrong_hmac(3, 1, 5);  // renewed: the card goes on
  CHECK_FALSE(it.card_channel->orders.try_pop(order));
  it.detectors.join_hmac.mitigation = Mitigation::kObserve;
  it.wrong_hmac(4, 1, 5);
  REQUIRE(it.card_channel->orders.try_pop(order));
  CHECK_FALSE(order.flow);
  CHECK(it.mitigator.rules()[1].packets == 31);  // those of the card count on
  it.detectors.join_hmac.mitigation = Mitigation::kEnforce;
  it.wrong_hmac(5, 1, 5);
  REQUIRE(it.card_channel->orders.try_pop(order));
  CHECK(order.flow);
  it.card_channel->answer(order, CardChannel::Answer::kDropped);
  it.card_channel->count_refusal();
  it.mitigator.advance(ControlRun::ns(5.1));
  CHECK(it.counters.rules_on_cards == 1);
  REQUIRE(it.mitigator.end_by_hand(2, ControlRun::ns(5.2)));
  REQUIRE(it.card_channel->orders.try_pop(order));
  CHECK_FALSE(order.flow);
  CHECK(it.last.find("; 31 were") != std::string::npos);
  it.mitigator.advance(ControlRun::ns(6));
  CHECK(it.counters.rules_on_cards == 0);
  CHECK(it.counters.card_packets == 30);
  CHECK(it.counters.card_rules_refused == 1);
}

}  // namespace
}  // namespace mptap

// What a worker of inline ports holds back, by orders given by hand.
#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/verdicts.h"
#include "tests/unit/worker_run.h"

namespace mptap::test {
namespace {

constexpr std::uint64_t kForever = kStartNs + 3'600 * kNsPerSecond;

IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  const std::array<std::uint8_t, 4> octets{a, b, c, d};
  return IpAddress::from_v4(octets.data());
}

RuleOrder limit_to(const IpAddress& receiver, std::uint32_t joins_per_second, bool enforced = true, std::uint64_t until_ns = kForever,
                   std::uint16_t place = 0) {
  RuleOrder order;
  order.place = place;
  order.receiver = receiver;
  order.joins_per_second = joins_per_second;
  order.enforced = enforced;
  order.until_ns = until_ns;
  return order;
}

/// A worker with inline ports, and the ring of its orders.
struct Inline {
  explicit Inline(const WorkerOptions& options = small_options()) : run(options, 1, true, nullptr, &rules) { run.source_.is_inline = true; }

  void order(const RuleOrder& order) {
    REQUIRE(rules.orders.try_push(order));
    rules.orders.publish();
  }
  /// A join SYN from another port each.
  void join(double ms, std::uint16_t port, std::uint32_t isn = kOpenerIsn) {
    run.ends.opener.port = port;
    run.syn_join(ms, isn);
  }
  /// Opens a subflow by a join; the order that blocks it.
  RuleOrder open_to_block(std::uint64_t until_ns) {
    run.open_join(0);
    const std::vector<Record> records = run.take();
    REQUIRE_FALSE(records.empty());
    RuleOrder block;
    block.kind = RuleOrder::Kind::kBlock;
    block.enforced = true;
    block.place = place_of_block(records[0].slot);
    block.slot = records[0].slot;
    block.generation = records[0].generation;
    block.until_ns = until_ns;
    return block;
  }
  /// One letter a packet: `-` held back, `>` sent on.
  std::string fate() {
    (void)run.take();
    std::string letters;
    for (const bool held : run.source_.held_back) letters += held ? '-' : '>';
    run.source_.held_back.clear();
    return letters;
  }

  RuleChannel rules;
  WorkerRun run;
};

const IpAddress kReceiver = v4(10, 0, 0, 2);

TEST_CASE("joins to a receiver under attack pass up to so many a second, the others when they come again", "[verdicts]") {
  Inline it;
  it.order(limit_to(kReceiver, 2));
  for (std::uint16_t port = 1; port <= 5; ++port) it.join(port, port);
  CHECK(it.fate() == ">>---");
  it.join(100, 3);  // sent twice at once: no host does
  CHECK(it.fate() == "-");
  it.join(1'000, 3);
  it.join(1'001, 6);
  CHECK(it.fate() == ">>");  // a new second: two pass, whatever they are
  it.join(1'002, 4);  // comes again after a second
  it.join(1'003, 7);  // does not
  it.join(1'004, 5, kOpenerIsn + 1);  // neither: another SYN
  CHECK(it.fate() == ">--");
  const WorkerTally tally = it.run.tally();
  CHECK(tally.held_back_joins == 6);
  CHECK(tally.observed_joins == 0);
  CHECK(tally.joins_seen == 10);  // what is held back is seen all the same, and again when it comes again
}

TEST_CASE("nothing but joins to that receiver is held back", "[verdicts]") {
  Inline it;
  it.order(limit_to(kReceiver, 0));
  it.join(1, 1);
  it.run.ends.opener.port = 2;
  it.run.open_v1(2);
  it.run.send(40, From::kOpener, kSynFlag, kOpenerIsn, 0, {});
  it.run.ends.opener.port = 3;
  it.run.syn_ack_join(50);
  it.run.ack_join(60);
  it.run.ends.acceptor = ts::endpoint("10.0.0.3", 80);
  it.join(70, 4);
  it.run.tick(80);
  CHECK(it.fate() == "->>>>>>>>");
}

TEST_CASE("a rule ends when it is told to, or when its time is over", "[verdicts]") {
  Inline it;
  it.order(limit_to(kReceiver, 0));
  it.order(limit_to(v4(10, 0, 0, 9), 0, true, kStartNs + 3'000 * kMs, 1));
  it.join(1, 1);
  CHECK(it.fate() == "-");
  RuleOrder end = limit_to(kReceiver, 0);
  end.kind = RuleOrder::Kind::kEnd;
  it.order(end);
  it.join(2, 2);
  CHECK(it.fate() == ">");
  it.run.ends.acceptor = ts::endpoint("10.0.0.9", 80);
  it.join(3, 3);
  CHECK(it.fate() == "-");
  it.join(5'000, 4);
  CHECK(it.fate() == ">");
}

TEST_CASE("what is only observed passes, and is counted", "[verdicts]") {
  Inline it;
  it.order(limit_to(kReceiver, 1, false));
  for (std::uint16_t port = 1; port <= 4; ++port) it.join(port, port);
  CHECK(it.fate() == ">>>>");
  CHECK(it.run.tally().observed_joins == 3);
  CHECK(it.run.tally().held_back_joins == 0);
}

TEST_CASE("who is allowed always passes, and so does what only listens", "[verdicts]") {
  WorkerOptions options = small_options();
  options.spared = {{v4(10, 0, 0, 1), 128}};
  Inline it(options);
  it.order(limit_to(kReceiver, 0));
  it.join(1, 1);
  it.run.ends.opener = ts::endpoint("10.0.0.7", 1);
  it.join(2, 2);
  CHECK(it.fate() == ">-");
  it.run.source_.is_inline = false;
  it.join(3, 3);
  CHECK(it.fate() == ">");
  CHECK(it.run.tally().held_back_joins == 1);
}

TEST_CASE("a subflow is blocked by its slot and generation, for a time", "[verdicts]") {
  Inline it;
  RuleOrder block = it.open_to_block(kStartNs + 10'000 * kMs);
  ++block.generation;  // of one that came later
  it.order(block);
  it.run.source_.held_back.clear();
  const auto data = [&](double ms, From from) {
    const bool opener = from == From::kOpener;
    it.run.send(ms, from, kAckFlag, (opener ? kOpenerIsn : kAcceptorIsn) + 1, (opener ? kAcceptorIsn : kOpenerIsn) + 1, {}, 100);
  };
  data(30, From::kOpener);
  CHECK(it.fate() == ">");
  --block.generation;
  it.order(block);
  data(40, From::kOpener);
  data(50, From::kAcceptor);
  it.run.ends.opener.port = 9;
  it.run.open_v1(60);
  CHECK(it.fate() == "-->>>");
  CHECK(it.run.tally().held_back_segments == 2);
  CHECK(it.rules.packets.of(place_of_block(block.slot)) == 2);
  it.run.ends.opener.port = 40000;
  data(12'000, From::kOpener);
  CHECK(it.fate() == ">");
}

TEST_CASE("a join that gets the addresses and ports of a blocked subflow is let in", "[verdicts]") {
  Inline it;
  it.order(it.open_to_block(kForever));
  it.run.source_.held_back.clear();
  constexpr std::uint32_t kOtherIsn = kOpenerIsn + 100'000'000;
  it.run.syn_join(40, kOtherIsn);
  it.run.syn_ack_join(50);  // to the blocked one's SYN
  it.run.syn_ack_join(60, kOtherIsn);
  it.run.ack_join(70, kOtherIsn);
  CHECK(it.fate() == ">->>");
}

TEST_CASE("a blocked subflow is let through when its rule ends", "[verdicts]") {
  Inline it;
  RuleOrder block = it.open_to_block(kForever);
  it.order(block);
  it.run.source_.held_back.clear();
  it.run.send(30, From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1, {}, 100);
  CHECK(it.fate() == "-");
  block.kind = RuleOrder::Kind::kEnd;
  it.order(block);
  it.order(block);  // of one that has ended
  it.run.send(40, From::kOpener, kAckFlag, kOpenerIsn + 1, kAcceptorIsn + 1, {}, 100);
  CHECK(it.fate() == ">");
}

TEST_CASE("a join that is held back takes no slot, and some of them stand for all", "[verdicts]") {
  WorkerOptions options = small_options();
  options.refused_join_sample = 4;
  Inline it(options);
  it.order(limit_to(kReceiver, 0));
  for (std::uint16_t port = 1; port <= 200; ++port) it.join(port / 10.0, port);
  std::uint32_t told = 0;
  for (const Record& record : it.run.take()) {
    if (record.kind != RecordKind::kJoinNotStored) continue;
    CHECK(record.not_stored.stands_for == 4);
    ++told;
  }
  CHECK(it.fate() == std::string(200, '-'));
  CHECK((told > 20 && told < 100));
  const WorkerTally tally = it.run.tally();
  CHECK(tally.joins_seen == 200);
  CHECK(tally.joins_sampled_out == 200 - told);
  CHECK(tally.subflows_opened == 0);
  it.join(1'500, 7);  // comes again, and passes
  it.run.syn_ack_join(1'501);
  CHECK(it.fate() == ">>");
  CHECK(it.run.tally().joins_answered == 1);
}

TEST_CASE("a source that has joined by proof passes a limit, a few times a second, and is forgotten after ten minutes", "[verdicts]") {
  Inline it;
  const auto proven = std::make_unique<ProvenSources>(3);
  it.rules.proven = proven.get();
  it.order(limit_to(kReceiver, 1));
  const IpAddress source = v4(10, 0, 0, 1);
  it.join(1, 1);
  it.join(2, 2);
  CHECK(it.fate() == ">-");
  proven->note(v4(10, 0, 0, 7), kStartNs);  // another
  it.join(3, 3);
  CHECK(it.fate() == "-");
  proven->note(source, kStartNs);
  for (std::uint16_t port = 10; port < 16; ++port) it.join(4, port);
  CHECK(it.fate() == ">>>>--");
  for (std::uint16_t port = 20; port < 26; ++port) it.join(2'500, port);  // these take nothing of what anybody may send
  CHECK(it.fate() == ">>>>>-");
  const WorkerTally tally = it.run.tally();
  CHECK(tally.spared_joins == 8);
  CHECK(tally.held_back_joins == 5);
  CHECK(proven->find(source, kStartNs + 599 * kNsPerSecond));
  CHECK(proven->find(source, kStartNs - 5 * kNsPerSecond));  // control's time was ahead
  CHECK_FALSE(proven->find(source, kStartNs + 605 * kNsPerSecond));
}

TEST_CASE("whoever is proven may be known for as long, whoever else is noted meanwhile, and is ruled out some time after", "[verdicts]") {
  const auto proven = std::make_unique<ProvenSources>(3);
  const IpAddress source = v4(10, 0, 0, 1);
  for (const std::uint64_t begin_s : {0u, 300u, 599u}) {  // of the sets that take turns
    const std::uint64_t begin_ns = kStartNs + begin_s * 10'000 * kNsPerSecond;
    for (std::uint64_t s = 0; s <= begin_s; s += 50) proven->note(v4(10, 0, 1, 1), begin_ns + s * kNsPerSecond);
    const std::uint64_t noted_ns = begin_ns + begin_s * kNsPerSecond;
    proven->note(source, noted_ns);
    for (std::uint64_t s = 0; s < 1'900; s += 50) {
      proven->note(v4(10, 0, 2, 1), noted_ns + s * kNsPerSecond);
      if (proven->find(source, noted_ns + s * kNsPerSecond)) CHECK(proven->may_know(source));
    }
    CHECK_FALSE(proven->may_know(source));
  }
  CHECK_FALSE(proven->may_know(v4(10, 0, 3, 1)));
}

TEST_CASE("of proven sources the newest are known", "[verdicts]") {
  const auto proven = std::make_unique<ProvenSources>(3);
  const auto nth = [](unsigned i) { return v4(10, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)); };
  unsigned known = 0;
  for (unsigned i = 0; i < 20'000; ++i) proven->note(nth(i), kStartNs);
  for (unsigned i = 0; i < 20'000; ++i) known += proven->find(nth(i), kStartNs) ? 1 : 0;
  CHECK(known > ProvenSources::kCells * 8 / 10);
  CHECK(known <= ProvenSources::kCells);
  CHECK(proven->find(nth(19'999), kStartNs));
  for (unsigned i = 20'000; i < 40'000; ++i) CHECK_FALSE(proven->find(nth(i), kStartNs));
}

TEST_CASE("what each rule held back is counted apart", "[verdicts]") {
  Inline it;
  it.order(limit_to(kReceiver, 0, true, kForever, 5));
  it.order(limit_to(v4(10, 0, 0, 9), 0, false, kForever, 6));
  it.join(1, 1);
  it.join(2, 2);
  it.run.ends.acceptor = ts::endpoint("10.0.0.9", 80);
  it.join(3, 3);
  it.run.ends.acceptor = ts::endpoint("10.0.0.10", 80);
  it.join(4, 4);
  CHECK(it.fate() == "-->>");
  CHECK(it.rules.packets.of(5) == 2);
  CHECK(it.rules.packets.of(6) == 1);
  CHECK(it.rules.packets.of(0) == 0);
  const WorkerTally tally = it.run.tally();
  CHECK(tally.held_back_joins == 2);
  CHECK(tally.observed_joins == 1);
}

TEST_CASE("more rules than there is room for change none of those there are", "[verdicts]") {
  Inline it;
  it.order(limit_to(kReceiver, 0));
  for (unsigned i = 0; i < 200; ++i) {
    it.order(limit_to(v4(10, 1, 0, static_cast<std::uint8_t>(i)), 0, true, kForever, static_cast<std::uint16_t>(i + 1)));
    it.run.tick(i);
    (void)it.run.take();
  }
  it.run.source_.held_back.clear();
  it.join(300, 1);
  CHECK(it.fate() == "-");
}

TEST_CASE("a SYN that comes again is known for some seconds, and few others are taken for one", "[verdicts]") {
  using Memory = RetriedSyns::Memory;
  RetriedSyns retried;
  const auto name = [](std::uint64_t i) { return mix64(i + 1); };
  constexpr std::uint64_t kFlood = 500'000;
  const auto time_ns = [](std::uint64_t i) { return kStartNs + i * 1'000; };  // a million a second
  std::uint64_t mistaken = 0;
  for (std::uint64_t i = 0; i < kFlood; ++i) mistaken += retried.remember(name(i), time_ns(i)) != Memory::kNone ? 1 : 0;
  for (std::uint64_t i = 0; i < kFlood; ++i) mistaken += retried.remember(name(kFlood + i), time_ns(kFlood + i)) != Memory::kNone ? 1 : 0;
  CHECK(mistaken < 500);  // of a million: 1 in 2,000
  for (std::uint64_t i = 0; i < 1'000; ++i) CHECK(retried.remember(name(i), kStartNs + 1'100 * kMs) == Memory::kEarlier);
  for (std::uint64_t i = 1'000; i < 2'000; ++i) CHECK(retried.remember(name(i), kStartNs + 3'100 * kMs) == Memory::kEarlier);
  std::uint64_t late = 0;
  for (std::uint64_t i = 2'000; i < 3'000; ++i) late += retried.remember(name(i), kStartNs + 9'000 * kMs) != Memory::kNone ? 1 : 0;
  CHECK(retried.remember(name(2'000), kStartNs + 9'001 * kMs) == Memory::kThisSlice);
  CHECK(late < 10);
}

}  // namespace
}  // namespace mptap::test

// ADD_ADDRs on inline ports: what waits for control, and what becomes of one whose HMAC is wrong.
#include <atomic>
#include <thread>

#include "dataplane/address_judge.h"
#include "tests/unit/worker_run.h"

namespace mptap::test {
namespace {

constexpr std::uint64_t kForever = kStartNs + 3'600 * kNsPerSecond;
constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kHmac = 0xa1a2a3a4a5a6a7a8;

ts::AddAddr forged(std::uint8_t id = 4, std::uint64_t hmac = kHmac) {
  ts::AddAddr add;
  add.address_id = id;
  add.address = ts::endpoint("10.0.9.9", 0).address;
  add.addr_hmac = hmac;
  return add;
}

/// An inline worker with an MPTCP connection, and control, which a test speaks for.
struct Judged {
  explicit Judged(const WorkerOptions& options = small_options()) : run(options, 1, true, nullptr, &rules) {
    run.source_.is_inline = true;
    rules.control.judges_addresses = true;
    rules.control.records_taken = kAll;
    run.open_v1();
    const std::vector<Record> records = run.take();
    REQUIRE_FALSE(records.empty());
    order.kind = RuleOrder::Kind::kStrike;
    order.enforced = true;
    order.slot = records[0].slot;
    order.generation = records[0].generation;
    order.place = place_of_strike(order.slot);
    order.until_ns = kForever;
    order.claim.address = IpAddress::from_v4(std::array<std::uint8_t, 4>{10, 0, 9, 9}.data());
    order.claim.hmac = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8};
    order.claim.address_id = AddressId{4};
  }
  void say(const RuleOrder& what) {
    REQUIRE(rules.orders.try_push(what));
    rules.orders.publish();
  }
  /// Whether a segment with these options goes on as it came.
  bool passes(double ms, const ts::Bytes& options, From from = From::kOpener) {
    const bool opener = from == From::kOpener;
    const ts::Bytes frame = run.send(ms, from, kAckFlag, (opener ? kOpenerIsn : kAcceptorIsn) + 1, (opener ? kAcceptorIsn : kOpenerIsn) + 1, options, 33);
    (void)run.take();
    return run.source_.last_left == frame;
  }

  RuleChannel rules;
  WorkerRun run;
  RuleOrder order;
};

ts::Bytes nops(std::size_t count) { return ts::Bytes(count, 1); }

ts::Bytes both(const ts::Bytes& one, const ts::Bytes& other) {
  ts::Bytes all = one;
  all.insert(all.end(), other.begin(), other.end());
  return all;
}

/// The same frame from the same hosts, but with other options.
ts::Bytes frame_with(const ts::Bytes& options, const ts::PacketBuilder& below = ts::PacketBuilder().ethernet()) {
  Judged other;
  other.run.below = below;
  other.rules.control.judges_addresses = false;
  CHECK(other.passes(100, options));
  return other.run.source_.last_left;
}

TEST_CASE("a forged ADD_ADDR leaves NOPs and a right checksum behind", "[addresses]") {
  ts::AddAddr v6 = forged();
  v6.address = ts::endpoint("2001:db8::9", 0).address;
  ts::AddAddr with_port = forged();
  with_port.port = 8080;
  const ts::Bytes prio = ts::encode_mp_prio(true, 3);  // 4 bytes
  for (const ts::AddAddr& add : {forged(), v6, with_port}) {
    const ts::Bytes option = ts::encode_add_addr(add);
    for (const bool before : {false, true}) {
      Judged it;
      it.order.claim.port = add.port.value_or(0);
      if (add.address.is_v6) std::copy_n(add.address.octets.begin(), 16, it.order.claim.address.bytes.begin());
      it.say(it.order);
      const ts::Bytes padding = nops((4 - option.size() % 4) % 4);
      CHECK_FALSE(it.passes(100, both(before ? prio : ts::Bytes(), both(option, padding))));
      CHECK(it.run.source_.last_left == frame_with(both(before ? prio : ts::Bytes(), nops(option.size() + padding.size()))));
      CHECK(it.run.tally().struck_addresses == 1);
      CHECK(it.rules.packets.of(it.order.place) == 1);
      CHECK(it.run.source_.held_back == std::vector<bool>(4, false));
    }
  }
}

TEST_CASE("a forged ADD_ADDR is struck in a tunnel, too, and the checksums of outer headers stay right", "[addresses]") {
  const auto below = [] { return ts::PacketBuilder().ethernet().ipv4("192.0.2.1", "192.0.2.2"); };
  const auto below_v6 = [] { return ts::PacketBuilder().ethernet().vlan(7).ipv6("2001:db8:ffff::1", "2001:db8:ffff::2"); };
  const ts::PacketBuilder outers[] = {
      ts::PacketBuilder().ethernet().mpls(100),
      below(),
      below().gre({.key = 1, .sequence = 2, .checksum = true}),
      below().gre({.checksum = true}).ethernet(),
      below().erspan3({.platform_subheader = true}).ethernet(),
      below().vxlan(7).ethernet().vlan(9),
      below_v6().vxlan(7).ethernet(),
      below().gtpu({}),
      below_v6().gtpu({.sequence = 1, .extensions = {{0x85, ts::Bytes(2, 0)}}}),
      below().vxlan(7).ethernet().ipv4("1.1.1.1", "1.1.1.2").gre({.checksum = true}).ipv6("2001:db8::5", "2001:db8::6").gtpu({}),
  };
  for (const ts::PacketBuilder& outer : outers) {
    const ts::Bytes option = ts::encode_add_addr(forged());
    Judged it;
    it.run.below = outer;
    it.say(it.order);
    CHECK_FALSE(it.passes(100, option));
    CHECK(it.run.source_.last_left == frame_with(nops(option.size()), outer));
    CHECK(it.run.tally().struck_addresses == 1);
    CHECK(it.run.tally().unjudged_addresses == 0);
  }
}

TEST_CASE("only what the rule says is struck", "[addresses]") {
  Judged it;
  it.say(it.order);
  CHECK(it.passes(100, ts::encode_add_addr(forged(5))));
  CHECK(it.passes(110, ts::encode_add_addr(forged(4, kHmac + 1))));
  ts::AddAddr other = forged();
  other.address = ts::endpoint("10.0.9.8", 0).address;
  CHECK(it.passes(120, ts::encode_add_addr(other)));
  CHECK(it.passes(130, ts::encode_add_addr(forged()), From::kAcceptor));
  ts::AddAddr echo = forged();
  echo.echo = true;
  echo.addr_hmac.reset();
  CHECK(it.passes(140, ts::encode_add_addr(echo)));
  CHECK_FALSE(it.passes(150, ts::encode_add_addr(forged())));
  RuleOrder end = it.order;
  end.kind = RuleOrder::Kind::kEnd;
  it.say(end);
  CHECK(it.passes(160, ts::encode_add_addr(forged())));
  it.order.until_ns = kStartNs + 1'000 * kMs;
  it.say(it.order);
  CHECK_FALSE(it.passes(170, ts::encode_add_addr(forged())));
  CHECK(it.passes(5'000, ts::encode_add_addr(forged())));
  CHECK(it.run.tally().struck_addresses == 2);
  CHECK(it.run.tally().unjudged_addresses == 0);
}

TEST_CASE("several that are forged are all struck, in one segment and in one burst", "[addresses]") {
  Judged it;
  const auto say = [&](std::uint8_t id) {
    it.order.claim.address_id = AddressId{id};
    it.say(it.order);
  };
  say(4);
  say(5);
  CHECK_FALSE(it.passes(100, both(ts::encode_add_addr(forged(4)), ts::encode_add_addr(forged(5)))));
  CHECK(it.run.source_.last_left == frame_with(nops(32)));
  for (std::uint8_t id = 100; id < 200; ++id) say(id);
  for (std::uint8_t id = 100; id < 200; ++id) CHECK_FALSE(it.passes(110, ts::encode_add_addr(forged(id))));
  CHECK_FALSE(it.passes(120, ts::encode_add_addr(forged(4))));
  CHECK(it.passes(130, ts::encode_add_addr(forged(6))));
  CHECK(it.run.tally().struck_addresses == 102);
}

TEST_CASE("one that is known to be wrong does not hide another beside it", "[addresses]") {
  Judged it;
  it.say(it.order);
  CHECK_FALSE(it.passes(100, ts::encode_add_addr(forged())));
  it.rules.control.records_taken = 0;
  CHECK_FALSE(it.passes(110, ts::encode_add_addr(forged())));  // nobody need be asked
  CHECK(it.run.tally().unjudged_addresses == 0);
  CHECK_FALSE(it.passes(120, both(ts::encode_add_addr(forged()), ts::encode_add_addr(forged(9)))));
  CHECK(it.run.tally().struck_addresses == 3);
  CHECK(it.run.tally().unjudged_addresses == 1);  // control was asked of the other
}

TEST_CASE("a rule that is observed counts and changes nothing", "[addresses]") {
  Judged it;
  it.order.enforced = false;
  it.say(it.order);
  CHECK(it.passes(100, ts::encode_add_addr(forged())));
  CHECK(it.run.tally().observed_addresses == 1);
  CHECK(it.run.tally().struck_addresses == 0);
  CHECK(it.rules.packets.of(it.order.place) == 1);
}

TEST_CASE("a segment with an ADD_ADDR waits for control, which then may strike it", "[addresses]") {
  Judged it;
  std::uint64_t late = 0;
  bool passed = true;
  for (double ms = 2'000; passed && late < 100; ms += 2'000) {  // a busy machine may let control come late: another second
    const std::uint64_t before = it.run.tally().records_pushed;
    it.rules.control.records_taken = before;
    std::atomic<bool> is_over = false;
    std::thread control([&] {
      while (it.run.ring().size() == 0 && !is_over) std::this_thread::yield();
      it.order.claim.address_id = AddressId{static_cast<std::uint8_t>(late)};
      (void)it.rules.orders.try_push(it.order);  // there is room
      it.rules.orders.publish();
      it.rules.control.records_taken.store(before + 1, std::memory_order_release);
    });
    passed = it.passes(ms, ts::encode_add_addr(forged(static_cast<std::uint8_t>(late))));
    is_over = true;
    control.join();
    if (passed) ++late;
  }
  CHECK_FALSE(passed);
  CHECK(it.run.tally().struck_addresses == 1);
  CHECK(it.run.tally().unjudged_addresses == late);
}

TEST_CASE("where control is late the segment goes on, and after some of them nobody waits", "[addresses]") {
  Judged it;
  it.rules.control.records_taken = 0;
  const std::uint64_t count = 2'000;  // at 2 ms each this would take 4 s
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < count; ++i) CHECK(it.passes(100, ts::encode_add_addr(forged())));
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(it.run.tally().unjudged_addresses == count);
  CHECK(took < std::chrono::milliseconds(2 * count));
  it.say(it.order);
  CHECK_FALSE(it.passes(110, ts::encode_add_addr(forged())));  // of what is known nobody asks
}

TEST_CASE("nothing is asked of what only listens, is spared, or where nobody judges", "[addresses]") {
  WorkerOptions options = small_options();
  options.spared = {Prefix{IpAddress::from_v4(std::array<std::uint8_t, 4>{10, 0, 0, 1}.data()), 128}};
  Judged spared(options);
  spared.say(spared.order);
  CHECK(spared.passes(100, ts::encode_add_addr(forged())));
  Judged listening;
  listening.say(listening.order);
  listening.run.source_.is_inline = false;
  CHECK(listening.passes(100, ts::encode_add_addr(forged())));
  Judged off;
  off.say(off.order);
  off.rules.control.judges_addresses = false;
  CHECK(off.passes(100, ts::encode_add_addr(forged())));
  for (const Judged* it : {&spared, &listening, &off}) CHECK(it->run.tally().struck_addresses + it->run.tally().unjudged_addresses == 0);
}

}  // namespace
}  // namespace mptap::test

// Keys are secrets: what control knew of them is in no memory once it needs them no more.
#include "tests/unit/control_run.h"
#include "tests/unit/memory_scan.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h, memory_scan.h

struct Case {
  const char* what;
  std::uint8_t version;
  bool ack_first;  // the third ACK before the SYN/ACK, as from another tap
};

TEST_CASE("a key is found in memory as long as its connection lives, and nowhere once it has ended", "[keys]") {
  for (const Case& it : {Case{"v0", 0, false}, Case{"v1", 1, false}, Case{"v0, the ACK first", 0, true}, Case{"v1, the ACK first", 1, true}}) {
    INFO(it.what);
    volatile std::uint64_t seed = 0x9d17c3a5b2e46f08;  // else the compiler keeps the keys among its constants
    const Secrets secrets{it.version, seed ^ 0x1111111111111111, seed ^ 0x2222222222222222};
    const std::uint64_t initiator = ~secrets.initiator_key;
    const std::uint64_t responder = ~secrets.responder_key;
    ControlRun run;
    const Slot first = run.slot();
    run.syn_capable(first, 0, secrets);
    if (it.ack_first) run.capable_ack(first, 0.005, secrets);
    run.syn_ack_capable(first, 0.01, secrets);
    run.capable_ack(first, 0.02, secrets);
    run.capable_ack(first, 0.03, secrets);
    CHECK(times_in_memory(initiator) == 1);  // the connection's; the subflow's are gone
    CHECK(times_in_memory(responder) == 1);
    run.close(first, 1);
    run.finish();
    CHECK(times_in_memory(initiator) == 0);
    CHECK(times_in_memory(responder) == 0);
  }
}

TEST_CASE("the key of an attempt that came to nothing is wiped", "[keys]") {
  for (const bool answered : {false, true}) {
    INFO("answered without MPTCP: " << answered);
    volatile std::uint64_t seed = 0x6b1f83d95e02c74a;
    const Secrets secrets{0, seed ^ 0x3333333333333333, 0};
    const std::uint64_t initiator = ~secrets.initiator_key;
    ControlRun run;
    const Slot first = run.slot();
    run.syn_capable(first, 0, secrets);
    CHECK(times_in_memory(initiator) == 1);
    if (answered) run.answer(first, 0.1, Offer::kNone);
    CHECK(times_in_memory(initiator) == (answered ? 0 : 1));
    run.close(first, 1);
    CHECK(times_in_memory(initiator) == 0);
  }
}

TEST_CASE("a proof leaves no key on the stack, where the notice it may cause is built next", "[keys]") {
  volatile std::uint64_t seed = 0x3c80a96f17e5d24b;
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    ConnectionTable connections{CorrelatorOptions{}};
    Crypto crypto;
    ControlCounters counters;
    Prover prover{crypto, counters, 1'000};
    Connection* connection = connections.try_create();
    connection->set_version(version);
    connection->host(Role::kInitiator).set_key(Key{seed ^ 0x4444444444444444});
    connection->host(Role::kResponder).set_key(Key{seed ^ 0x5555555555555555});
    for (Host& host : connection->hosts) host.key_confirmed = true;
    Subflow join;
    join.syn_seen = true;
    join.set_syn_ack_ns(1);
    join.extra.make().ack_hmac = {};
    join.has_ack_hmac = true;
    const auto left = [&] { return times_below_stack(~(seed ^ 0x4444444444444444)) + times_below_stack(~(seed ^ 0x5555555555555555)); };
    CHECK(prover.verify_syn_ack(*connection, Role::kResponder, join).proof == Proof::kInvalid);
    const std::size_t after_syn_ack = left();
    CHECK(prover.verify_ack(*connection, Role::kResponder, join).proof == Proof::kInvalid);
    const std::size_t after_ack = left();
    AddAddrBody add{};
    add.has_hmac = true;
    CHECK(prover.verify_address(*connection, Role::kResponder, add).proof == Proof::kInvalid);
    const std::size_t after_address = left();
    INFO("version " << int{version});
    CHECK(after_syn_ack == 0);
    CHECK(after_ack == 0);
    CHECK(after_address == 0);
  }
}

}  // namespace
}  // namespace mptap

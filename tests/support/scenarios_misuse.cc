// Misuse, and the honest traffic that is most like it.

#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

void play_key_change(Stage& stage) {
  constexpr std::array<std::pair<int, KeyFault>, 4> kCases = {{
      {0, KeyFault::kInitiatorKeyInAck},
      {0, KeyFault::kResponderKeyInAck},
      {1, KeyFault::kResponderKeyInAck},
      {1, KeyFault::kInitiatorKeyInData},
  }};
  for (const auto& [version, fault] : kCases) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    dialogue.open(fault);
    if (fault == KeyFault::kInitiatorKeyInData) dialogue.send(Side::kInitiator, 420);
    dialogue.wait(20 * kMillisecondNs);
    dialogue.reset_subflow(0, Side::kResponder, 1);
    stage.truth().expect_notice("key_change");
    stage.wait(kSecondNs);
  }
}

void play_unknown_join(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    stage.tap().set_blind(true);
    exchange_request(dialogue, 2'000);
    stage.tap().set_blind(false);
    const JoinSpec join{.from = stage.next_client(),
                        .to = dialogue.spec().responder,
                        .token = dialogue.token(Side::kResponder)};
    const std::size_t joined = dialogue.join(join);
    dialogue.send(Side::kResponder, 4'000, {joined});
    dialogue.close_subflow(joined, Side::kInitiator);
    stage.truth().expect_notice("unknown_join");
    stage.wait(2 * kSecondNs);
  }
}

void play_join_flood(Stage& stage) {
  const std::uint64_t joins = stage.options().connections.value_or(3000);
  const Endpoint victim = stage.server(7);
  const std::int64_t start_ns = stage.now_ns() + kSecondNs;
  std::vector<Token> tokens;
  for (int i = 0; i < 4; ++i) {
    DialogueSpec spec = stage.spec(i % 2);
    spec.responder = victim;
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 3'000);
    tokens.push_back(dialogue.token(Side::kResponder));
    dialogue.wait_until(start_ns + i * kSecondNs);  // joins in the middle of the flood
    join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 6'000);
    dialogue.close();
    stage.wait(40 * kMillisecondNs);
  }
  // Half of the SYNs know a token in use, half guess. Nobody answers.
  Random& random = stage.random();
  for (std::uint64_t i = 0; i < joins; ++i) {
    const Endpoint source{IpAddress::from_v4(0x2d000000U + (random.u32() & 0xffffffU)),
                          static_cast<std::uint16_t>(1024 + random.below(60000))};
    TcpFlow flow(stage.tap(), random.fork(), {.opener = source, .acceptor = victim, .timestamps = false},
                 nullptr);
    const Token token = i % 2 == 0 ? tokens[i / 2 % tokens.size()] : random.u32();
    const std::int64_t offset_ns =
        static_cast<std::int64_t>(i) * (5 * kSecondNs / static_cast<std::int64_t>(joins));
    const auto address_id = static_cast<std::uint8_t>(random.below(256));
    const std::uint32_t nonce = random.u32();  // named, because arguments have no order
    flow.send(start_ns + offset_ns, End::kOpener, kSyn, encode_mp_join_syn(address_id, token, nonce));
  }
  stage.truth().expect_notice("join_flood");
  stage.truth().set_extra("flood", {{"receiver", victim.address.to_string()}, {"joins", joins}});
}

void play_honest_join_burst(Stage& stage) {
  constexpr std::uint8_t kJoinsEach = 8;
  const Endpoint receiver = stage.server(7);
  const std::uint64_t connections = stage.options().connections.value_or(135);
  for (std::uint64_t i = 0; i < connections; ++i) {
    DialogueSpec spec = stage.spec(1);
    spec.responder = receiver;
    spec.timestamps = false;
    spec.rtt_ns = 10 * kMillisecondNs;
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 0);
    for (std::uint8_t id = 1; id <= kJoinsEach; ++id) {
      join_from_second_address(dialogue, Side::kInitiator, id);
    }
    stage.wait(8 * kSecondNs / static_cast<std::int64_t>(connections));
  }
}

void play_wrong_hmac(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 2'000);
    JoinSpec join{.from = stage.next_client(), .to = dialogue.spec().responder};
    join.wrong_ack_hmac = true;
    dialogue.join(join);
    join.from = stage.next_client();
    join.wrong_ack_hmac = false;
    join.wrong_synack_hmac = true;
    dialogue.join(join);
    stage.truth().expect_notice("join_hmac", 2);
    dialogue.send(Side::kResponder, 4'000);
    dialogue.close();
    stage.wait(2 * kSecondNs);
  }
}

/// Two keys with one token, found by the birthday paradox in some 2^16 hashes.
std::pair<Key, Key> find_token_collision(int version, Random& random) {
  std::unordered_map<Token, Key> seen;
  for (;;) {
    const Key key = random.next();
    const auto [found, fresh] = seen.try_emplace(derive_token(version, key), key);
    if (!fresh && found->second != key) return {found->second, key};
  }
}

void play_token_collision(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    const auto [first_key, second_key] = find_token_collision(version, stage.random());
    DialogueSpec spec = stage.spec(version);
    spec.responder = stage.server(11);
    spec.responder_key = first_key;
    MptcpDialogue first = stage.dialogue(spec);
    spec = stage.spec(version);
    spec.responder = stage.server(22);
    spec.responder_key = second_key;
    spec.start_ns += 5 * kMillisecondNs;
    MptcpDialogue second = stage.dialogue(spec);

    exchange_request(first, 2'000);
    exchange_request(second, 2'000);
    join_from_second_address(first);
    join_from_second_address(second);
    // To advertised addresses, which lead to a host only through its ADD_ADDR.
    first.add_address({.address_id = 1, .address = stage.server(111).address});
    second.add_address({.address_id = 1, .address = stage.server(122).address});
    first.join({.from = stage.next_client(), .to = stage.server(111), .from_id = 2, .to_id = 1});
    second.join({.from = stage.next_client(), .to = stage.server(122), .from_id = 2, .to_id = 1});
    // To addresses that nobody mentioned: only the HMAC can tell.
    first.join({.from = stage.next_client(), .to = stage.server(151), .from_id = 3, .to_id = 2});
    second.join({.from = stage.next_client(), .to = stage.server(152), .from_id = 3, .to_id = 2});
    first.close();
    second.close();
    stage.wait(3 * kSecondNs);
  }
}

constexpr std::array kScenarios = {
    Scenario{"key-change", "other keys in the third ACK, and in the first data of v1", play_key_change},
    Scenario{"unknown-join", "answered joins to connections that were never captured", play_unknown_join},
    Scenario{"join-flood", "spoofed MP_JOIN SYNs to one receiver (--connections of them)", play_join_flood},
    Scenario{"honest-join-burst", "over 1000 joins to one receiver in 10 s, all completed",
             play_honest_join_burst},
    Scenario{"wrong-hmac", "joins whose SYN/ACK or third ACK proves nothing", play_wrong_hmac},
    Scenario{"token-collision", "two hosts whose tokens are equal, joins to both", play_token_collision},
};

}  // namespace

std::span<const Scenario> misuse_scenarios() { return kScenarios; }

}  // namespace mptap::testing

// The corpus's misuse of joins and keys.

#include <array>

#include "tests/support/corpus.h"

namespace mptap::testing {
namespace {

void play_clean_only(Stage& stage) { Corpus(stage).bury(); }

void play_key_change(Stage& stage) {
  Corpus corpus(stage);
  DialogueSpec spec = corpus.spec();
  spec.start_ns += 6 * kSecondNs;
  MptcpDialogue dialogue = corpus.dialogue(spec);
  exchange_request(dialogue, 0, corpus.version() == 0 ? KeyFault::kInitiatorKeyInAck : KeyFault::kInitiatorKeyInData);
  dialogue.reset_subflow(0, Side::kResponder, 1);
  corpus.expect("key_change");
  corpus.bury();
}

/// Nothing repeats the initiator's key: only the number of its first data tells.
void play_key_change_by_number(Stage& stage) {
  Corpus corpus(stage);
  if (!corpus.needs_version(1)) return;
  DialogueSpec spec = corpus.spec();
  spec.start_ns += 6 * kSecondNs;
  MptcpDialogue dialogue = corpus.dialogue(spec);
  dialogue.open(KeyFault::kInitiatorKeyInAck);
  dialogue.send(Side::kResponder, 900);
  dialogue.send(Side::kInitiator, 400);
  dialogue.reset_subflow(0, Side::kResponder, 1);
  dialogue.truth().token_orig.reset();  // no tap can know it
  corpus.expect("key_change");
  corpus.bury();
}

void play_join_hmac(Stage& stage, bool of_syn_ack) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  JoinSpec join{.from = corpus.client(), .to = dialogue.spec().responder};
  (of_syn_ack ? join.wrong_synack_hmac : join.wrong_ack_hmac) = true;
  dialogue.join(join);
  corpus.expect("join_hmac");
  dialogue.send(Side::kResponder, 2'000);
  dialogue.close();
  corpus.bury();
}
void play_join_hmac_syn_ack(Stage& stage) { play_join_hmac(stage, true); }
void play_join_hmac_ack(Stage& stage) { play_join_hmac(stage, false); }

void play_unknown_join(Stage& stage) {
  Corpus corpus(stage);
  DialogueSpec spec = corpus.spec();
  spec.start_ns += 6 * kSecondNs;
  MptcpDialogue dialogue = corpus.dialogue(spec);
  stage.tap().set_blind(true);
  exchange_request(dialogue, 2'000);
  stage.tap().set_blind(false);
  const std::size_t joined = dialogue.join(
      {.from = corpus.client(), .to = spec.responder, .token = dialogue.token(Side::kResponder)});
  dialogue.send(Side::kResponder, 2'000, {joined});
  dialogue.close_subflow(joined, Side::kInitiator);
  corpus.expect("unknown_join");
  corpus.bury();
}

void play_token_guessing(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  Endpoint source = corpus.client();
  for (int i = 0; i < 20; ++i) {
    ++source.port;
    const Token guess = stage.random().u32();
    dialogue.join({.from = source, .to = dialogue.spec().responder, .outcome = JoinOutcome::kRefused, .token = guess});
  }
  corpus.expect("token_guessing");
  dialogue.close();
  corpus.bury();
}

/// Spoofed SYNs to one receiver, evenly over `for_ns`.
void flood(Corpus& corpus, const Endpoint& victim, std::uint32_t joins, std::int64_t start_ns, std::int64_t for_ns,
           const Token* token) {
  Random& random = corpus.stage().random();
  for (std::uint32_t i = 0; i < joins; ++i) {
    Endpoint source = victim;
    source.address = victim.address.is_v6 ? IpAddress::parse("2001:db8:66::1").plus(random.u32() & 0xffffff)
                                          : IpAddress::from_v4(0x2d000000U + (random.u32() & 0xffffffU));
    source.port = static_cast<std::uint16_t>(1024 + random.below(60000));
    TcpFlow flow(corpus.stage().tap(), random.fork(), {.opener = source, .acceptor = victim, .timestamps = false}, nullptr);
    const Token guess = random.u32();
    const std::uint32_t nonce = random.u32();
    flow.send(start_ns + for_ns / joins * i, End::kOpener, kSyn, encode_mp_join_syn(1, token != nullptr ? *token : guess, nonce));
  }
}

void play_join_flood(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  flood(corpus, dialogue.spec().responder, 4'000, dialogue.now_ns(), 25 * kSecondNs, nullptr);  // 160 a second
  dialogue.wait(70 * kSecondNs);
  dialogue.send(Side::kInitiator, 100);
  dialogue.close();
  corpus.expect("join_flood");
  corpus.expect("join_flood_status");
  corpus.expect("join_flood_end");
  corpus.bury();
}

void play_join_flood_known(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  const Token token = dialogue.token(Side::kResponder);
  const Endpoint victim = dialogue.spec().responder;
  flood(corpus, victim, 400, dialogue.now_ns(), 2 * kSecondNs, &token);
  stage.truth().set_extra("flood", {{"receiver", victim.address.to_string()}, {"joins", 400}});
  dialogue.wait(3 * kSecondNs);
  dialogue.close();
  corpus.expect("join_flood");
  corpus.bury();
}

void play_half_open_join(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  dialogue.join({.from = corpus.client(), .to = dialogue.spec().responder, .outcome = JoinOutcome::kHalfOpen});
  corpus.expect("half_open_join");
  dialogue.wait(4 * kSecondNs);
  dialogue.close();
  corpus.bury();
}

void play_premature_join(Stage& stage) {
  Corpus corpus(stage);
  DialogueSpec spec = corpus.spec();
  spec.start_ns += 6 * kSecondNs;
  MptcpDialogue dialogue = corpus.dialogue(spec);
  const Endpoint from = corpus.client();
  dialogue.set_before_third_ack([&] { dialogue.join({.from = from, .to = spec.responder}); });
  exchange_request(dialogue, 2'000);
  corpus.expect("premature_join");
  dialogue.wait(kSecondNs);
  dialogue.close();
  corpus.bury();
}

void play_join_after_c_flag(Stage& stage) {
  Corpus corpus(stage);
  if (!corpus.needs_version(1)) return;
  DialogueSpec spec = corpus.spec();
  spec.no_join_to_initial = true;
  MptcpDialogue dialogue = corpus.conversation(spec);
  corpus.join(dialogue, 1);
  corpus.expect("join_after_c_flag");
  dialogue.close();
  corpus.bury();
}

void play_token_reuse(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue first = corpus.conversation();
  DialogueSpec spec = corpus.spec();
  spec.responder = first.spec().responder;
  spec.responder_key = first.key(Side::kResponder);
  spec.start_ns = first.now_ns() + 4 * kSecondNs;
  MptcpDialogue second = corpus.dialogue(spec);
  exchange_request(second, 1'000);
  corpus.expect("token_reuse");
  second.close();
  first.wait_until(second.now_ns());
  first.close();
  corpus.bury();
}

constexpr std::array kScenarios = {
    Scenario{"corpus-clean", "no misuse (--clean connections)", play_clean_only},
    Scenario{"corpus-key-change", "the initiator's key changes", play_key_change},
    Scenario{"corpus-key-change-number", "only the first data's number tells of another key", play_key_change_by_number},
    Scenario{"corpus-join-hmac-syn-ack", "a join whose SYN/ACK proves nothing", play_join_hmac_syn_ack},
    Scenario{"corpus-join-hmac-ack", "a join whose third ACK proves nothing", play_join_hmac_ack},
    Scenario{"corpus-unknown-join", "a join whose connection was not captured", play_unknown_join},
    Scenario{"corpus-token-guessing", "one source tries tokens and is refused", play_token_guessing},
    Scenario{"corpus-join-flood", "spoofed joins for 25 s, and quiet after them", play_join_flood},
    Scenario{"corpus-join-flood-known", "spoofed joins with a token in use", play_join_flood_known},
    Scenario{"corpus-half-open-join", "the opener falls silent after the SYN/ACK", play_half_open_join},
    Scenario{"corpus-premature-join", "a join before the third ACK", play_premature_join},
    Scenario{"corpus-join-after-c-flag", "a join to an address that forbade it", play_join_after_c_flag},
    Scenario{"corpus-token-reuse", "one key in two live connections of a host", play_token_reuse},
};

}  // namespace

std::span<const Scenario> corpus_join_scenarios() { return kScenarios; }

}  // namespace mptap::testing

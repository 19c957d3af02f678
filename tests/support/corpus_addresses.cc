// The corpus's misuse of addresses, priorities and fallback.

#include <array>

#include "tests/support/corpus.h"

namespace mptap::testing {
namespace {

void play_duplicate_add_addr(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  dialogue.add_address({.address_id = 2, .address = corpus.server(240).address});
  dialogue.wait(300 * kMillisecondNs);
  dialogue.add_address({.address_id = 2, .address = corpus.server(241).address});
  corpus.expect("duplicate_add_addr");
  dialogue.close();
  corpus.bury();
}

void play_address_id_exhaustion(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  for (std::uint8_t id = 1; id <= 40; ++id) {
    dialogue.add_address({.address_id = id, .address = corpus.server(240u + id).address});
  }
  corpus.expect("address_id_exhaustion");
  dialogue.close();
  corpus.bury();
}

void play_add_addr_hmac(Stage& stage) {
  Corpus corpus(stage);
  if (!corpus.needs_version(1)) return;
  MptcpDialogue dialogue = corpus.conversation();
  dialogue.signal(Side::kResponder, encode_add_addr({.version = 1,
                                                     .address_id = 5,
                                                     .address = corpus.server(240).address,
                                                     .addr_hmac = stage.random().next()}));
  corpus.expect("add_addr_hmac");
  dialogue.send(Side::kResponder, 2'000);
  dialogue.close();
  corpus.bury();
}

void play_join_to_removed(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  const Endpoint second = corpus.server(240);
  dialogue.add_address({.address_id = 1, .address = second.address});
  dialogue.remove_addresses(Side::kResponder, {1});
  dialogue.wait(500 * kMillisecondNs);
  dialogue.join({.from = corpus.client(), .to = second, .from_id = 3, .to_id = 1});
  corpus.expect("join_to_removed");
  dialogue.close();
  corpus.bury();
}

void play_remove_addr_data(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  const std::size_t second = corpus.join(dialogue, 1);
  dialogue.remove_addresses(Side::kInitiator, {1});
  dialogue.wait(800 * kMillisecondNs);
  dialogue.send(Side::kResponder, 4'000, {second});
  corpus.expect("remove_addr_abuse");
  dialogue.close();
  corpus.bury();
}

void play_remove_addr_mass(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  dialogue.remove_addresses(Side::kInitiator, {11, 12, 13, 14, 15, 16});
  corpus.expect("remove_addr_abuse");
  dialogue.send(Side::kResponder, 2'000);
  dialogue.close();
  corpus.bury();
}

void play_priority_diversion(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  const std::size_t second = corpus.join(dialogue, 1);
  corpus.join(dialogue, 2);
  dialogue.set_priority(Side::kInitiator, true, 0);
  dialogue.set_priority(Side::kInitiator, true, second);
  corpus.expect("priority_diversion");
  dialogue.send(Side::kResponder, 2'000);
  dialogue.close();
  corpus.bury();
}

void play_priority_of_another(Stage& stage) {
  Corpus corpus(stage);
  if (!corpus.needs_version(0)) return;
  MptcpDialogue dialogue = corpus.conversation();
  corpus.join(dialogue, 1);
  dialogue.set_priority(Side::kInitiator, true, 0, 1);
  corpus.expect("priority_diversion");
  dialogue.close();
  corpus.bury();
}

/// An MP_CAPABLE SYN that is answered like this, by an ACK and a FIN each.
void attempt(Corpus& corpus, const Endpoint& to, std::int64_t time_ns, const Bytes& answer) {
  Random& random = corpus.stage().random();
  const Endpoint from = corpus.client();
  TcpFlow flow(corpus.stage().tap(), random.fork(), {.opener = from, .acceptor = to}, &corpus.attempt(from, to, "denied"));
  MpCapable capable{.version = corpus.version()};
  if (corpus.version() == 0) capable.sender_key = random.next();
  flow.send(time_ns, End::kOpener, kSyn, encode_mp_capable(capable));
  flow.send(time_ns + 10 * kMillisecondNs, End::kAcceptor, kSyn | kAck, answer);
  flow.send(time_ns + 20 * kMillisecondNs, End::kOpener, kAck);
  flow.send(time_ns + 30 * kMillisecondNs, End::kOpener, kFin | kAck);
  flow.send(time_ns + 40 * kMillisecondNs, End::kAcceptor, kFin | kAck);
  flow.send(time_ns + 50 * kMillisecondNs, End::kOpener, kAck);
}

void play_rejected(Stage& stage) {
  Corpus corpus(stage);
  attempt(corpus, corpus.server(9), stage.now_ns() + 6 * kSecondNs, {});
  corpus.expect("rejected");
  corpus.bury();
}

void play_other_version(Stage& stage) {
  Corpus corpus(stage);
  MpCapable other{.version = 1 - corpus.version(), .sender_key = stage.random().next()};
  attempt(corpus, corpus.server(9), stage.now_ns() + 6 * kSecondNs, encode_mp_capable(other));
  corpus.expect("rejected");
  corpus.bury();
}

void play_fallback_burst(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  for (int i = 0; i < 12; ++i) {
    attempt(corpus, dialogue.spec().responder, dialogue.now_ns(), {});
    dialogue.wait(kSecondNs);
  }
  corpus.expect("fallback_burst");
  corpus.expect("rejected", 12);
  dialogue.close();
  corpus.bury();
}

constexpr std::array kScenarios = {
    Scenario{"corpus-duplicate-add-addr", "another address on an address ID in use", play_duplicate_add_addr},
    Scenario{"corpus-address-id-exhaustion", "forty address IDs of one host", play_address_id_exhaustion},
    Scenario{"corpus-add-addr-hmac", "an ADD_ADDR by somebody without the keys", play_add_addr_hmac},
    Scenario{"corpus-join-to-removed", "a join to an address that was removed", play_join_to_removed},
    Scenario{"corpus-remove-addr-data", "data over a path whose address was removed", play_remove_addr_data},
    Scenario{"corpus-remove-addr-mass", "six addresses removed at once", play_remove_addr_mass},
    Scenario{"corpus-priority-diversion", "all paths but one become backups", play_priority_diversion},
    Scenario{"corpus-priority-of-another", "MP_PRIO for another's address ID (v0)", play_priority_of_another},
    Scenario{"corpus-rejected", "a SYN/ACK without MPTCP", play_rejected},
    Scenario{"corpus-other-version", "a SYN/ACK of another version", play_other_version},
    Scenario{"corpus-fallback-burst", "a host that spoke MPTCP no longer does", play_fallback_burst},
};

}  // namespace

std::span<const Scenario> corpus_address_scenarios() { return kScenarios; }

}  // namespace mptap::testing

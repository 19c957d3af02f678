// The corpus's misuse of data and options.

#include <array>

#include "tests/support/corpus.h"

namespace mptap::testing {
namespace {

void play_fastclose_key(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  const Bytes option = encode_mp_fastclose(stage.random().next());
  const auto flags = static_cast<std::uint8_t>(corpus.version() == 1 ? kRst | kAck : kAck);
  dialogue.flow(0).send(dialogue.now_ns(), End::kOpener, flags, option);
  corpus.expect("fastclose_key");
  corpus.bury();
}

void play_data_ack_beyond(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  const std::uint64_t beyond = dialogue.next_dsn(Side::kInitiator) + 5'000;
  dialogue.signal(Side::kResponder, encode_dss({.data_ack = beyond, .ack8 = true}));
  corpus.expect("data_ack_beyond");
  for (int i = 0; i < 3; ++i) {
    dialogue.wait(1'100 * kMillisecondNs);
    dialogue.send(Side::kResponder, 500);
  }
  dialogue.close();
  corpus.bury();
}

/// A segment of the initiator with this mapping, and its acknowledgement.
SentSegment send_mapping(MptcpDialogue& dialogue, const DssMapping& mapping, std::size_t bytes) {
  const SentSegment sent = dialogue.flow(0).send(dialogue.now_ns(), End::kOpener, kAck | kPsh,
                                                 encode_dss({.mapping = mapping, .dsn8 = true}), Bytes(bytes, 'm'));
  dialogue.wait(20 * kMillisecondNs);
  dialogue.flow(0).send(dialogue.now_ns(), End::kAcceptor, kAck);
  dialogue.wait(20 * kMillisecondNs);
  return sent;
}

void play_mapping_conflict(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  DssMapping mapping{dialogue.next_dsn(Side::kInitiator), dialogue.flow(0).next_ssn(End::kOpener), 200};
  SentSegment sent = send_mapping(dialogue, mapping, 200);
  mapping.dsn += 10'000;
  sent.options = encode_dss({.mapping = mapping, .dsn8 = true});
  dialogue.flow(0).send_again(dialogue.now_ns(), sent);
  corpus.expect("mapping_conflict");
  dialogue.reset_subflow(0, Side::kResponder, 1);
  corpus.bury();
}

void play_infinite_mapping(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  send_mapping(dialogue, {dialogue.next_dsn(Side::kInitiator), dialogue.flow(0).next_ssn(End::kOpener), 0}, 300);
  corpus.expect("infinite_mapping");
  corpus.bury();
}

void play_checksum(Stage& stage, bool negotiated) {
  Corpus corpus(stage);
  DialogueSpec spec = corpus.spec();
  spec.checksums = negotiated;
  MptcpDialogue dialogue = corpus.conversation(spec);
  DssMapping mapping{dialogue.next_dsn(Side::kInitiator), dialogue.flow(0).next_ssn(End::kOpener), 200};
  if (!negotiated) mapping.checksum = std::uint16_t{0x1234};
  send_mapping(dialogue, mapping, 200);
  corpus.expect("checksum_mismatch");
  dialogue.reset_subflow(0, Side::kResponder, 1);
  corpus.bury();
}
void play_checksum_absent(Stage& stage) { play_checksum(stage, true); }
void play_checksum_unexpected(Stage& stage) { play_checksum(stage, false); }

void play_unknown_version(Stage& stage) {
  Corpus corpus(stage);
  TcpFlow flow(stage.tap(), stage.random().fork(), {.opener = corpus.client(), .acceptor = corpus.server(9)}, nullptr);
  const SentSegment syn = flow.send(stage.now_ns() + 6 * kSecondNs, End::kOpener, kSyn, encode_mptcp_raw(0, 2, Bytes{0x01}));
  flow.send_again(stage.now_ns() + 7 * kSecondNs, syn);
  corpus.expect("unknown_version");
  corpus.bury();
}

void play_unknown_algorithm(Stage& stage) {
  Corpus corpus(stage);
  const Endpoint from = corpus.client();
  const Endpoint to = corpus.server(9);
  TcpFlow flow(stage.tap(), stage.random().fork(), {.opener = from, .acceptor = to}, &corpus.attempt(from, to, "attempted"));
  MpCapable capable{.version = corpus.version(), .hmac_algorithm = false};
  if (corpus.version() == 0) capable.sender_key = stage.random().next();
  const SentSegment syn = flow.send(stage.now_ns() + 6 * kSecondNs, End::kOpener, kSyn, encode_mp_capable(capable));
  flow.send_again(stage.now_ns() + 7 * kSecondNs, syn);
  corpus.expect("unknown_version");
  corpus.bury();
}

void play_reserved_bits(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  dialogue.signal(Side::kInitiator, encode_mptcp_raw(5, 0x04, {}));  // MP_PRIO
  corpus.expect("reserved_bits");
  dialogue.close();
  corpus.bury();
}

void play_malformed_option(Stage& stage) {
  Corpus corpus(stage);
  MptcpDialogue dialogue = corpus.conversation();
  dialogue.signal(Side::kInitiator, encode_mptcp_raw(3, 0, Bytes(6, 0x11)));  // an ADD_ADDR of 9 bytes
  corpus.expect("malformed_option");
  dialogue.close();
  corpus.bury();
}

void play_cross_path_scatter(Stage& stage) {
  Corpus corpus(stage);
  DialogueSpec spec = corpus.spec();
  MptcpDialogue dialogue = corpus.conversation([&spec] {
    spec.segment_bytes = 40;
    return spec;
  }());
  const std::size_t second = corpus.join(dialogue, 1);
  const std::size_t third = corpus.join(dialogue, 2);
  dialogue.send(Side::kInitiator, 40 * 90, {0, second, third});
  corpus.expect("cross_path_scatter");
  dialogue.wait(2 * kSecondNs);
  dialogue.close();
  corpus.bury();
}

constexpr std::array kScenarios = {
    Scenario{"corpus-fastclose-key", "MP_FASTCLOSE with another key than its receiver's", play_fastclose_key},
    Scenario{"corpus-data-ack-beyond", "a data ACK for data that was never sent", play_data_ack_beyond},
    Scenario{"corpus-mapping-conflict", "one SSN mapped to two DSNs", play_mapping_conflict},
    Scenario{"corpus-infinite-mapping", "an infinite mapping that no MP_FAIL asked for", play_infinite_mapping},
    Scenario{"corpus-checksum-absent", "a mapping without the checksum negotiated", play_checksum_absent},
    Scenario{"corpus-checksum-unexpected", "a mapping with a checksum that was not negotiated", play_checksum_unexpected},
    Scenario{"corpus-unknown-version", "MP_CAPABLE of version 2", play_unknown_version},
    Scenario{"corpus-unknown-algorithm", "MP_CAPABLE without the HMAC algorithm", play_unknown_algorithm},
    Scenario{"corpus-reserved-bits", "a reserved bit of MP_PRIO", play_reserved_bits},
    Scenario{"corpus-malformed-option", "an ADD_ADDR of a length that no shape has", play_malformed_option},
    Scenario{"corpus-cross-path-scatter", "tiny mappings that alternate over three paths", play_cross_path_scatter},
};

}  // namespace

std::span<const Scenario> corpus_data_scenarios() { return kScenarios; }

}  // namespace mptap::testing

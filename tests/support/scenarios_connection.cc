// Honest connections: what MPTCP looks like when nothing is wrong.

#include <array>
#include <vector>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

void play_basic(Stage& stage, int version) {
  for (std::uint64_t i = 0; i < stage.options().connections.value_or(2); ++i) {
    DialogueSpec spec = stage.spec(version);
    spec.checksums = i % 2 == 1;
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 24'000);
    join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 40'000);
    dialogue.close();
    stage.wait(700 * kMillisecondNs);
  }
}

void play_basic_v0(Stage& stage) { play_basic(stage, 0); }
void play_basic_v1(Stage& stage) { play_basic(stage, 1); }

void play_ipv6(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version, true));
    exchange_request(dialogue, 9'000);
    join_from_second_address(dialogue);
    // An IPv4 subflow of the same connection, to an address that the responder advertises.
    JoinSpec join;
    join.from = stage.next_client();
    join.to = stage.server(9);
    join.from_id = 2;
    join.to_id = 3;
    dialogue.add_address({.address_id = 3, .address = join.to.address});
    dialogue.join(join);
    dialogue.send(Side::kResponder, 30'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_joins_both(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 5'000);
    join_from_second_address(dialogue, Side::kInitiator, 1);
    join_from_second_address(dialogue, Side::kResponder, 1);
    join_from_second_address(dialogue, Side::kResponder, 2, true);
    dialogue.send(Side::kInitiator, 20'000);
    dialogue.send(Side::kResponder, 30'000);
    dialogue.close(Side::kResponder);
    stage.wait(kSecondNs);
  }
}

void play_nat(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 5'000);
    // The initiator advertises its inner address; its join arrives from the translator's.
    const IpAddress inner = IpAddress::parse("192.168.1.57");
    dialogue.add_address({.from = Side::kInitiator, .address_id = 2, .address = inner});
    JoinSpec join;
    join.from = endpoint("203.0.113.80", 61234);
    join.to = dialogue.spec().responder;
    join.from_id = 2;
    dialogue.join(join);
    dialogue.send(Side::kResponder, 20'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_lossy(Stage& stage) {
  for (std::uint64_t i = 0; i < stage.options().connections.value_or(8); ++i) {
    DialogueSpec spec = stage.spec(i % 2 == 0 ? 1 : 0, i % 3 == 2);
    spec.loss = stage.options().loss.value_or(0.04);
    spec.checksums = i % 4 == 1;
    spec.segments_per_mapping = 1 + i % 3;
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 20'000);
    join_from_second_address(dialogue);
    join_from_second_address(dialogue, Side::kResponder, 2);
    dialogue.send(Side::kResponder, 60'000);
    dialogue.send(Side::kInitiator, 10'000);
    dialogue.reinject(Side::kResponder, 1);
    dialogue.close();
    stage.wait(300 * kMillisecondNs);
  }
}

void play_priority(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 5'000);
    const std::size_t second = join_from_second_address(dialogue, Side::kInitiator, 1, true);
    dialogue.send(Side::kResponder, 10'000, {0});
    dialogue.set_priority(Side::kInitiator, true, 0);
    dialogue.set_priority(Side::kInitiator, false, second);
    if (version == 0) {
      dialogue.set_priority(Side::kInitiator, false, 0, 1);
      stage.truth().expect_notice("priority_diversion");  // for another's address ID: legal, and told at severity low
    }
    dialogue.send(Side::kResponder, 10'000, {second});
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_fastclose(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    for (const Side side : {Side::kInitiator, Side::kResponder}) {
      MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
      exchange_request(dialogue, 5'000);
      join_from_second_address(dialogue);
      dialogue.send(Side::kResponder, 10'000);
      dialogue.fastclose(side);
      stage.wait(kSecondNs);
    }
  }
}

void play_offload(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    DialogueSpec spec = stage.spec(version);
    spec.checksums = true;
    spec.segments_per_mapping = 5;
    spec.dss_form = version == 0 ? DssForm::kShort : DssForm::kLong;
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 30'000);
    const std::size_t second = join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 30'000);
    dialogue.reinject(Side::kResponder, 0);
    dialogue.reinject(Side::kResponder, second);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

/// A FIN both ways without MPTCP, for connections that have become plain TCP.
void close_plain(MptcpDialogue& dialogue) {
  TcpFlow& flow = dialogue.flow(0);
  std::int64_t now_ns = dialogue.now_ns();
  for (const End end : {End::kOpener, End::kAcceptor}) {
    now_ns += 10 * kMillisecondNs;
    flow.send(now_ns, end, kFin | kAck);
  }
  flow.send(now_ns + 10 * kMillisecondNs, End::kOpener, kAck);
}

void send_plain(MptcpDialogue& dialogue, End from, const Bytes& option) {
  dialogue.flow(0).send(dialogue.now_ns(), from, kAck | kPsh, option, Bytes(900, 'p'));
  dialogue.wait(10 * kMillisecondNs);
  dialogue.flow(0).send(dialogue.now_ns(), peer_of(from), kAck);
  dialogue.wait(10 * kMillisecondNs);
}

void play_fallback(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    // The option survives the handshake and is stripped afterwards.
    MptcpDialogue stripped = stage.dialogue(stage.spec(version));
    stripped.open();
    stripped.wait(kMillisecondNs);
    send_plain(stripped, End::kOpener, {});
    send_plain(stripped, End::kAcceptor, {});
    close_plain(stripped);
    stage.wait(kSecondNs);

    // A checksum fails: MP_FAIL, then the infinite mapping.
    DialogueSpec spec = stage.spec(version);
    spec.checksums = true;
    MptcpDialogue failed = stage.dialogue(spec);
    exchange_request(failed, 3'000);
    failed.fail(Side::kResponder, 0);
    const std::uint64_t dsn = derive_idsn(version, failed.key(Side::kInitiator)) + 421;
    const std::uint32_t ssn = failed.flow(0).next_ssn(End::kOpener);
    send_plain(failed, End::kOpener,
               encode_dss({.mapping = DssMapping{dsn, ssn, 0, std::uint16_t{0}}, .dsn8 = true}));
    send_plain(failed, End::kAcceptor, {});
    close_plain(failed);
    stage.wait(kSecondNs);
  }
}

Bytes join_options(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

void play_rare_options(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
    exchange_request(dialogue, 3'000);
    dialogue.signal(Side::kResponder, encode_dss({}));
    dialogue.signal(Side::kResponder, encode_mptcp_raw(15, 0, Bytes(5, 0x5a)));
    const std::uint64_t data_ack = derive_idsn(version, dialogue.key(Side::kInitiator)) + 421;
    const AddAddr echo{.version = 1, .echo = true, .address_id = 9, .address = stage.server(240).address};
    const AddAddr plain{.version = 0, .address_id = 9, .address = stage.server(240).address};
    dialogue.signal(Side::kResponder, join_options(encode_dss({.data_ack = data_ack}),
                                                   encode_add_addr(version == 1 ? echo : plain)));
    const Bytes close = encode_mp_fastclose(dialogue.key(Side::kInitiator));
    dialogue.flow(0).send(dialogue.now_ns(), End::kAcceptor,
                          static_cast<std::uint8_t>(version == 1 ? kRst | kAck : kAck),
                          version == 1 ? join_options(close, encode_mp_tcprst(0)) : close);
    stage.wait(kSecondNs);
  }
}

constexpr std::array kScenarios = {
    Scenario{"basic-v0", "v0 connections with a join, data both ways, an orderly end", play_basic_v0},
    Scenario{"basic-v1", "the same in v1", play_basic_v1},
    Scenario{"ipv6", "IPv6 connections that gain an IPv6 and an IPv4 subflow", play_ipv6},
    Scenario{"joins-both", "joins opened by the initiator and by the responder", play_joins_both},
    Scenario{"nat", "a join whose address a NAT rewrote, its address ID right", play_nat},
    Scenario{"lossy", "losses before, after and at the tap, with retransmissions (--loss)", play_lossy},
    Scenario{"priority", "MP_PRIO in its v0 and v1 shapes, a backup subflow put to use", play_priority},
    Scenario{"fastclose", "MP_FASTCLOSE by either host, on an ACK (v0) and on a RST (v1)", play_fastclose},
    Scenario{"offload", "mappings over several segments, re-injected data, DSS checksums", play_offload},
    Scenario{"fallback", "MPTCP stripped after the handshake; MP_FAIL and the infinite mapping",
             play_fallback},
    Scenario{"rare-options", "legal but rare: empty DSS, experimental subtype, two options in a segment",
             play_rare_options},
};

}  // namespace

std::span<const Scenario> connection_scenarios() { return kScenarios; }

}  // namespace mptap::testing

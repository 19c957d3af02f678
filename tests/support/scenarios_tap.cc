// Honest traffic that the place or the manner of the tap makes hard to read.

#include <array>

#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

void play_late_handshake(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    DialogueSpec spec = stage.spec(version);
    spec.rtt_ns = 4 * kMillisecondNs;
    MptcpDialogue dialogue = stage.dialogue(spec);
    stage.tap().set_delay(80 * kMillisecondNs);  // the initial subflow's path to the tap is longer
    exchange_request(dialogue, 1'000);
    stage.tap().set_delay(0);
    const std::size_t joined = join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 5'000, {joined});
    dialogue.wait(200 * kMillisecondNs);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_synack_first(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    DialogueSpec spec = stage.spec(version);
    spec.rtt_ns = 10 * kMillisecondNs;
    MptcpDialogue dialogue = stage.dialogue(spec);
    stage.tap().delay_next(6 * kMillisecondNs);
    exchange_request(dialogue, 1'000);
    stage.tap().delay_next(6 * kMillisecondNs);
    join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 5'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_midstream(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    for (const bool address_seen : {false, true}) {
      MptcpDialogue dialogue = stage.dialogue(stage.spec(version));
      const AddressSpec address{
          .from = Side::kInitiator, .address_id = 1, .address = stage.next_client().address};
      stage.tap().set_blind(true);
      exchange_request(dialogue, 2'000);
      if (!address_seen) dialogue.add_address(address);
      dialogue.join({.from = {address.address, 40001}, .to = dialogue.spec().responder});
      stage.tap().set_blind(false);
      if (address_seen) dialogue.add_address(address);
      dialogue.send(Side::kResponder, 15'000);
      dialogue.send(Side::kInitiator, 5'000);
      dialogue.close();
      forget_handshakes(dialogue.truth());
      stage.wait(kSecondNs);
    }
  }
}

void play_port_reuse(Stage& stage) {
  const DialogueSpec pattern = stage.spec(1);
  for (int i = 0; i < 4; ++i) {
    DialogueSpec spec = pattern;
    spec.version = i < 3 ? 1 : 0;
    spec.start_ns = stage.now_ns();
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 2'000);
    join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 3'000);
    // The third takes the place of one that never ended; the second's host lost power.
    if (i != 1) dialogue.close();
    stage.wait(70 * kSecondNs);
  }
}

void play_span_twice(Stage& stage) {
  stage.tap().set_duplicate(1);
  for (int version = 0; version < 2; ++version) {
    MptcpDialogue dialogue = stage.dialogue(stage.spec(version, version == 1));
    exchange_request(dialogue, 6'000);
    dialogue.add_address({.address_id = 1, .address = stage.server(240).address});
    join_from_second_address(dialogue);
    dialogue.send(Side::kResponder, 20'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

void play_two_sides_of_nat(Stage& stage) {
  for (int version = 0; version < 2; ++version) {
    DialogueSpec spec = stage.spec(version);
    spec.initiator = Endpoint{IpAddress::parse("192.168.1.57"), spec.initiator.port};
    MptcpDialogue dialogue = stage.dialogue(spec);
    dialogue.set_second_view({.opener = endpoint("203.0.113.80", 61000), .acceptor = spec.responder});
    exchange_request(dialogue, 8'000);
    dialogue.join({.from = stage.next_client(), .to = spec.responder});
    dialogue.send(Side::kResponder, 8'000);
    dialogue.close();
    stage.wait(kSecondNs);
  }
}

constexpr std::array kScenarios = {
    Scenario{"late-handshake", "joins stand before their connection's handshake, within 100 ms",
             play_late_handshake},
    Scenario{"synack-first", "SYN/ACKs are captured before their SYNs", play_synack_first},
    Scenario{"midstream", "the capture begins after all handshakes: DSS only", play_midstream},
    Scenario{"port-reuse", "one 4-tuple used four times, once without an end before", play_port_reuse},
    Scenario{"span-twice", "every packet twice, as a span of both directions gives", play_span_twice},
    Scenario{"two-sides-of-nat", "the same subflow under two 4-tuples", play_two_sides_of_nat},
};

}  // namespace

void forget_handshakes(ConnectionTruth& connection) {
  connection.token_orig.reset();
  connection.token_resp.reset();
  for (SubflowTruth& subflow : connection.subflows) {
    subflow.state = "partial";
    subflow.orig_address_id.reset();
    subflow.resp_address_id.reset();
    subflow.hmac_ok.reset();
    subflow.backup = false;
  }
}

std::span<const Scenario> tap_scenarios() { return kScenarios; }

}  // namespace mptap::testing

// Traffic in quantity, for measurements. Work begins in order of time, so memory stays bounded.

#include <algorithm>
#include <array>
#include <deque>

#include "tests/support/scenario.h"

namespace mptap::testing {

std::size_t draw_answer_bytes(Random& random) {
  const std::uint64_t kind = random.below(100);
  if (kind < 60) return 200 + random.below(3'000);
  if (kind < 92) return 3'000 + random.below(40'000);
  return 40'000 + random.below(260'000);
}

void play_mptcp_connection(Stage& stage, std::size_t answer_bytes) {
  Random& random = stage.random();
  const int version = random.chance(0.8) ? 1 : 0;
  const bool ipv6 = random.chance(0.3);
  DialogueSpec spec = stage.spec(version, ipv6);
  spec.segments_per_mapping = 1 + random.below(3);
  MptcpDialogue dialogue = stage.dialogue(spec);
  exchange_request(dialogue, 1'000);
  if (random.chance(0.5)) {
    dialogue.add_address({.address_id = 1, .address = stage.server(600).address});
  }
  if (random.chance(0.6)) join_from_second_address(dialogue);
  dialogue.send(Side::kResponder, answer_bytes);
  dialogue.close();
}

void play_background(Stage& stage) {
  Random& random = stage.random();
  const Endpoint client = stage.next_client();
  const Endpoint server = stage.server(53);
  const std::uint64_t kind = random.below(4);
  if (kind == 0) {
    PacketBuilder arp = stage.tap().new_frame(true, true);
    const Bytes request = ByteWriter()
                              .u64(0x0001080006040001U)
                              .u48(0x020000000001U)
                              .append(client.address.bytes())
                              .zeros(6)
                              .append(server.address.bytes())
                              .take();
    stage.tap().see(stage.now_ns(), arp.raw(0x0806, request).build(), {.kind = FrameKind::kNotIp});
    return;
  }
  FrameNote note{.kind = FrameKind::kNotTcp};
  PacketBuilder packet = stage.tap().new_frame(true);
  packet.ip(client.address, server.address);
  if (kind == 1) {
    Bytes echo = ByteWriter().u8(8).zeros(3).u32(random.u32()).append(random.bytes(48)).take();
    store_u16(echo, 2, InternetChecksum().add(echo).value());
    packet.raw(1, echo);
  } else {
    packet.udp(client.port, 4500);
    const Bytes payload = random.bytes(60 + random.below(400));
    note.payload_bytes = static_cast<std::uint32_t>(payload.size());
    packet.payload(std::span<const std::uint8_t>(payload));
  }
  stage.tap().see(stage.now_ns(), packet.build(), note);
}

namespace {

void begin_next(Stage& stage) {
  stage.wait(stage.random().between(100'000, 3'000'000));
  stage.tap().release_before(stage.now_ns());
}

void play_plain(Stage& stage) {
  for (std::uint64_t i = 0; stage.wants_more(i, 300); ++i) {
    play_plain_connection(stage, stage.now_ns(), draw_answer_bytes(stage.random()));
    begin_next(stage);
  }
}

void play_mixed(Stage& stage) {
  for (std::uint64_t i = 0; stage.wants_more(i, 300); ++i) {
    const std::size_t answer_bytes = draw_answer_bytes(stage.random());
    if (i % 10 == 0) {
      play_mptcp_connection(stage, answer_bytes);
    } else {
      play_plain_connection(stage, stage.now_ns(), answer_bytes);
    }
    play_background(stage);
    begin_next(stage);
  }
}

void play_dss(Stage& stage) {
  const std::uint64_t subflows = std::max<std::uint64_t>(2, stage.options().connections.value_or(64));
  const std::uint64_t packets = stage.options().packets.value_or(20'000);
  std::deque<MptcpDialogue> dialogues;
  for (std::uint64_t i = 0; i < subflows / 2; ++i) {
    DialogueSpec spec = stage.spec(i % 4 == 0 ? 0 : 1, i % 3 == 0);
    spec.rtt_ns = 4 * kMillisecondNs;
    dialogues.push_back(stage.dialogue(spec));
    exchange_request(dialogues.back(), 0);
    join_from_second_address(dialogues.back());
    stage.wait(20'000);
  }
  while (stage.tap().captured() < packets) {
    std::int64_t earliest_ns = INT64_MAX;
    for (MptcpDialogue& dialogue : dialogues) {
      dialogue.send(Side::kResponder, 8 * 1380);
      earliest_ns = std::min(earliest_ns, dialogue.now_ns());
    }
    stage.tap().release_before(earliest_ns);
  }
  for (MptcpDialogue& dialogue : dialogues) dialogue.close();
}

void play_storm(Stage& stage) {
  for (std::uint64_t i = 0; stage.wants_more(i, 500); ++i) {
    play_storm_connection(stage, i);
    stage.wait(stage.random().between(20'000, 60'000));
    stage.tap().release_before(stage.now_ns());
  }
}

constexpr std::array kScenarios = {
    Scenario{"plain", "ordinary TCP with timestamps, many flows, mixed sizes", play_plain},
    Scenario{"mixed", "one connection in ten is MPTCP; some UDP, ICMP, ARP", play_mixed},
    Scenario{"dss", "MPTCP data over --connections subflows until --packets", play_dss},
    Scenario{"storm", "MPTCP connections that are made, joined and ended at once", play_storm},
};

}  // namespace

void play_storm_connection(Stage& stage, std::uint64_t number) {
  DialogueSpec spec = stage.spec(number % 5 == 0 ? 0 : 1, number % 4 == 0);
  spec.rtt_ns = 2 * kMillisecondNs;
  MptcpDialogue dialogue = stage.dialogue(spec);
  exchange_request(dialogue, 200);
  join_from_second_address(dialogue);
  if (number % 3 == 0) join_from_second_address(dialogue, Side::kResponder, 2);
  dialogue.close();
}

std::span<const Scenario> load_scenarios() { return kScenarios; }

}  // namespace mptap::testing

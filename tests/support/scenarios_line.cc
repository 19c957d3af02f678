// What tests/bench/line_rate replays: captures of exactly --packets frames (100,000 by default).
// Conversations begin and end inside of them, so that a replay under other addresses is a new set of whole
// conversations.

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "tests/support/honest_crowd.h"
#include "tests/support/scenario.h"

namespace mptap::testing {
namespace {

constexpr std::uint64_t kDefaultPackets = 100'000;

std::uint64_t packets_of(const Stage& stage) { return stage.options().packets.value_or(kDefaultPackets); }

void begin_next(Stage& stage, std::int64_t least_ns, std::int64_t most_ns) {
  stage.wait(stage.random().between(least_ns, most_ns));
  stage.tap().release_before(stage.now_ns());
}

/// A segment in the middle of a TCP flow of its own, either way.
void show_plain_segment(Stage& stage, std::size_t payload_bytes) {
  Random random = stage.random().fork();
  const bool ipv6 = random.chance(0.3);
  const auto server = static_cast<std::uint32_t>(random.below(500));
  const TcpFlowSpec spec{.opener = stage.next_client(ipv6), .acceptor = stage.server(server, ipv6)};
  TcpFlow flow(stage.tap(), random.fork(), spec, nullptr);
  const End from = random.chance(0.5) ? End::kOpener : End::kAcceptor;
  const auto flags = static_cast<std::uint8_t>(kAck | (payload_bytes != 0 ? kPsh : 0));
  flow.send(stage.now_ns(), from, flags, {}, Bytes(payload_bytes, 'p'));
}

void fill_up(Stage& stage, std::uint64_t packets) {
  while (stage.tap().captured() < packets) show_plain_segment(stage, 0);
}

/// Half are acknowledgements, a third is full, the rest anything between, as on any link.
std::size_t draw_segment_bytes(Random& random) {
  const std::uint64_t kind = random.below(6);
  if (kind < 3) return 0;
  return kind < 5 ? 1'448 : 1 + random.below(1'447);
}

void play_plain(Stage& stage) {
  const std::uint64_t packets = packets_of(stage);
  while (stage.tap().captured() < packets) {
    show_plain_segment(stage, draw_segment_bytes(stage.random()));
    begin_next(stage, 500, 1'500);
  }
}

void play_mixed(Stage& stage) {
  constexpr std::uint64_t kLongest = 700;  // frames of the longest conversation, and more
  const std::uint64_t packets = packets_of(stage);
  std::uint64_t of_mptcp = 0;
  while (stage.tap().captured() + kLongest < packets) {
    const std::uint64_t before = stage.tap().captured();
    const std::size_t answer_bytes = draw_answer_bytes(stage.random());
    if (of_mptcp * 10 <= before) {
      play_mptcp_connection(stage, answer_bytes);
      of_mptcp += stage.tap().captured() - before;
    } else {
      play_plain_connection(stage, stage.now_ns(), answer_bytes);
      if (stage.random().chance(0.2)) play_background(stage);
    }
    begin_next(stage, 100'000, 3'000'000);
  }
  fill_up(stage, packets);
  stage.truth().set_extra("mptcp_connections_frames", of_mptcp);
}

/// Of `packets` subflows, two a connection, first the handshakes and as much data in either direction. Where
/// --opening asks for it, this is the capture; else one data segment of each subflow is, in random order,
/// either way.
void play_dss(Stage& stage) {
  constexpr std::size_t kFirstBytes = 420;
  const bool opening = stage.options().opening;
  const std::uint64_t connections = std::max<std::uint64_t>(1, packets_of(stage) / 2);
  std::deque<MptcpDialogue> dialogues;
  stage.tap().set_blind(!opening);
  std::int64_t end_ns = stage.now_ns();
  for (std::uint64_t i = 0; i < connections; ++i) {
    DialogueSpec spec = stage.spec(i % 4 == 0 ? 0 : 1, i % 3 == 0);
    spec.rtt_ns = 4 * kMillisecondNs;
    spec.dss_form = stage.random().chance(0.3) ? DssForm::kShort : DssForm::kLong;
    MptcpDialogue& dialogue = dialogues.emplace_back(stage.dialogue(spec));
    exchange_request(dialogue, kFirstBytes);
    join_from_second_address(dialogue);
    end_ns = std::max(end_ns, dialogue.now_ns());
    begin_next(stage, 10'000, 30'000);
  }
  if (opening) return;

  stage.tap().set_blind(false);
  std::vector<std::uint32_t> order(2 * connections);
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[stage.random().below(i)]);
  std::int64_t now_ns = end_ns + kMillisecondNs;
  for (const std::uint32_t number : order) {
    MptcpDialogue& dialogue = dialogues[number / 2];
    const std::size_t subflow = number % 2;
    const Side from = (number / 2) % 2 == 0 ? Side::kInitiator : Side::kResponder;
    const End end = from == Side::kInitiator ? End::kOpener : End::kAcceptor;
    const std::uint16_t bytes = number / 2 % 5 == 0 ? 500 : 1'380;  // the same on both subflows
    const bool wide = dialogue.spec().dss_form == DssForm::kLong;
    Bytes option = encode_dss(
        {.data_ack = dialogue.next_dsn(peer_of(from)),
         .ack8 = wide,
         .mapping =
             DssMapping{
                 dialogue.next_dsn(from) + subflow * bytes, dialogue.flow(subflow).next_ssn(end), bytes, {}},
         .dsn8 = wide});
    const Bytes padding = encode_nop(2);
    option.insert(option.end(), padding.begin(), padding.end());
    dialogue.flow(subflow).send(now_ns, end, kAck | kPsh, option, Bytes(bytes, 'd'));
    now_ns += 1'000;
    stage.tap().release_before(now_ns);
  }
  if (stage.tap().captured() < packets_of(stage)) fill_up(stage, packets_of(stage));
}

void play_flood(Stage& stage) {
  constexpr std::uint32_t kTokens = 16;
  const std::uint64_t packets = packets_of(stage);
  Random& random = stage.random();
  const Endpoint victim = stage.server(0);
  std::array<Token, kTokens> tokens{};
  for (Token& token : tokens) token = derive_token(1, random.next());
  while (stage.tap().captured() < packets) {
    const TcpFlowSpec spec{.opener = stage.next_client(), .acceptor = victim};
    TcpFlow flow(stage.tap(), random.fork(), spec, nullptr);
    const Token token = tokens[random.below(kTokens)];
    const auto address_id = static_cast<std::uint8_t>(1 + random.below(8));
    const std::uint32_t nonce = random.u32();
    flow.send(stage.now_ns(), End::kOpener, kSyn, encode_mp_join_syn(address_id, token, nonce));
    begin_next(stage, 500, 1'500);
  }
}

void play_storm(Stage& stage) {
  constexpr std::uint64_t kLongest = 64;
  const std::uint64_t packets = packets_of(stage);
  for (std::uint64_t i = 0; stage.tap().captured() + kLongest < packets; ++i) {
    play_storm_connection(stage, i);
    begin_next(stage, 20'000, 60'000);
  }
  fill_up(stage, packets);
}

void play_honest(Stage& stage) {
  play_honest_crowd(stage,
                    {.connections = static_cast<std::int64_t>(stage.options().connections.value_or(10'000))});
  stage.truth().set_extra("opening_s", kCrowdOpeningNs / kSecondNs);
}

constexpr std::array kScenarios = {
    Scenario{"line-plain", "line_rate: one segment of ordinary TCP with timestamps in each of many flows",
             play_plain},
    Scenario{"line-mixed", "line_rate: a tenth of the frames are of MPTCP connections", play_mixed},
    Scenario{"line-dss",
             "line_rate: one data segment of each of --packets subflows; --opening: what is before it",
             play_dss},
    Scenario{"line-flood", "line_rate: MP_JOIN SYNs from as many sources to one receiver", play_flood},
    Scenario{"line-storm", "line_rate: MPTCP connections that are made, joined and ended at once",
             play_storm},
    Scenario{"line-honest", "flood: --connections that stay alive for a minute, and end", play_honest},
};

}  // namespace

std::span<const Scenario> line_scenarios() { return kScenarios; }

}  // namespace mptap::testing

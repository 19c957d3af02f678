#include "tests/support/honest_crowd.h"

#include <algorithm>
#include <array>

namespace mptap::testing {

std::vector<CrowdMember> play_honest_crowd(Stage& stage, const CrowdSpec& crowd) {
  constexpr int kExchanges = 3;
  const std::int64_t connections = crowd.connections;
  const std::int64_t start_ns = stage.now_ns();
  const IpAddress receiver = stage.server(0).address;
  std::vector<CrowdMember> early;
  for (std::int64_t i = 0; i < connections; ++i) {
    Random& random = stage.random();
    DialogueSpec spec = stage.spec(i % 5 == 0 ? 0 : 1, i % 4 == 0);
    spec.start_ns = start_ns + i * (kCrowdOpeningNs - kSecondNs / 2) / connections;
    const bool is_late = crowd.opens_late && i % 4 == 3;
    std::int64_t talk_from_ns = start_ns + kCrowdOpeningNs;
    if (is_late) {
      spec.start_ns = start_ns + kCrowdOpeningNs + random.between(0, kCrowdTalkNs / 2);
      talk_from_ns = spec.start_ns + kSecondNs;
      if (spec.responder.address == receiver) spec.responder.address = stage.server(1).address;
    }
    MptcpDialogue dialogue = stage.dialogue(spec);
    exchange_request(dialogue, 1'000);
    if (!is_late) {
      early.push_back({spec.initiator, spec.responder, dialogue.token(Side::kResponder),
                       &dialogue.truth().subflows.front()});
    }
    const bool joins_at_once = i % 3 == 0;
    if (joins_at_once) join_from_second_address(dialogue);
    std::array<std::int64_t, kExchanges> times{};
    for (std::int64_t& time_ns : times)
      time_ns = random.between(talk_from_ns, start_ns + kCrowdOpeningNs + kCrowdTalkNs - kSecondNs);
    std::sort(times.begin(), times.end());
    for (int exchange = 0; exchange < kExchanges; ++exchange) {
      dialogue.wait_until(times[static_cast<std::size_t>(exchange)]);
      if (crowd.joins_late && exchange == 1 && !joins_at_once && i % 7 == 0 &&
          spec.responder.address != receiver) {
        join_from_second_address(dialogue, Side::kInitiator, 3);
      }
      dialogue.send(Side::kInitiator, 300);
      dialogue.send(Side::kResponder, 500 + random.below(6'000));
    }
    dialogue.wait_until(start_ns + kCrowdOpeningNs + kCrowdTalkNs +
                        i * (kCrowdEndingNs - kSecondNs) / connections);
    dialogue.close();
  }
  return early;
}

}  // namespace mptap::testing

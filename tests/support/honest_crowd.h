#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/support/scenario.h"

namespace mptap::testing {

// When the crowd does what, from the stage's begin: it opens, talks while the flood lasts, and ends.
inline constexpr std::int64_t kCrowdOpeningNs = 5 * kSecondNs;
inline constexpr std::int64_t kCrowdTalkNs = 50 * kSecondNs;
inline constexpr std::int64_t kCrowdEndingNs = 5 * kSecondNs;

struct CrowdSpec {
  std::int64_t connections = 0;
  bool joins_late = true;   // a tenth joins a second path during the talk, not at server 0
  bool opens_late = false;  // every fourth connection opens during the talk, not at server 0
};

/// What a flood may know of a connection of the crowd that was open before it.
struct CrowdMember {
  Endpoint initiator;
  Endpoint responder;
  Token responder_token = 0;
  SubflowTruth* initial = nullptr;
};

/// Honest connections that open one after the other, talk for a while, and end one after the other. A third
/// joins a second path at once. Shows all of it to the tap, which keeps it until it is released.
std::vector<CrowdMember> play_honest_crowd(Stage& stage, const CrowdSpec& crowd);

}  // namespace mptap::testing

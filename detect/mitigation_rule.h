// A rule of inline ports, as operators see it.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/types.h"

namespace mptap {

enum class Deed : std::uint8_t {
  kLimitJoins,     // holds back the joins to `destination` beyond so many a second that do not come again
  kBlockSubflow,   // holds back the segments of a subflow from `source` to `destination` and back
  kStrikeAddress,  // takes forged ADD_ADDRs out of the segments of a subflow, the latest for `address`, from `source` to `destination`
};

struct MitigationRule {
  Deed deed = Deed::kLimitJoins;
  std::uint64_t number = 0;  // from 1; given once
  std::optional<Endpoint> source;  // kBlockSubflow, kStrikeAddress
  Endpoint destination{};    // port 0: any
  std::optional<IpAddress> address = std::nullopt;  // kStrikeAddress
  std::uint32_t joins_per_second = 0;  // kLimitJoins
  bool enforced = false;     // else what it would hold back, or strike, is only counted
  bool by_hand = false;      // an operator's: no detector ends it
  bool on_card = false;      // a card drops it now; workers obey the rule all the same, for what still comes
  std::uint64_t begun_ns = 0;  // packet time
  std::uint64_t until_ns = 0;  // packet time; renewed while its cause goes on
  std::uint64_t packets = 0;   // held back, by workers and cards, or changed, or would have been, by now
};

/// What an operator may ask for.
struct LimitByHand {
  IpAddress receiver{};
  std::optional<std::uint32_t> joins_per_second;  // each worker; none: as for a flood
  std::optional<std::uint64_t> lasts_ns;          // none: as for a flood that is no longer heard of
  bool enforced = true;
};

}  // namespace mptap

#include "detect/card_rules.h"

#include <algorithm>
#include <utility>

namespace mptap {

using Answer = CardChannel::Answer;

CardRules::CardRules(CardChannel& channel, std::vector<Prefix> spared)
    : channel_(channel), spared_(std::move(spared)), places_(kCardPlaces) {}

std::optional<std::uint16_t> CardRules::begin(const FourTuple& flow, std::uint64_t held_back, std::uint64_t now_ns) {
  if (is_spared(flow.opener.address) || is_spared(flow.acceptor.address)) return std::nullopt;
  const auto free = std::find_if(places_.begin(), places_.end(), [](const Place& place) { return place.phase == Phase::kFree; });
  if (free == places_.end()) return std::nullopt;
  const auto at = static_cast<std::uint16_t>(free - places_.begin());
  used_ = std::max<std::size_t>(used_, at + 1u);
  Place& place = *free;
  place.flow = flow;
  place.packets_before = channel_.packets_of(at);
  look_on(place, held_back, 0, now_ns);
  if (order(at, true)) place.phase = Phase::kOnCard;
  return at;
}

void CardRules::look_on(Place& place, std::uint64_t held_back, std::uint64_t wait_ns, std::uint64_t now_ns) {
  place.phase = Phase::kLooking;
  place.since_ns = now_ns;
  place.wait_ns = wait_ns;
  place.held_back = held_back;
}

void CardRules::advance(std::uint16_t at, std::uint64_t held_back, std::uint64_t now_ns) {
  Place& place = places_[at];
  const Answer answer = channel_.answer_to(at, place.number);
  const std::uint64_t age_ns = now_ns - std::min(now_ns, place.since_ns);
  if (place.phase == Phase::kOnCard && answer == Answer::kRefused) {
    look_on(place, held_back, kRefusedNs, now_ns);
  } else if (place.phase == Phase::kOnCard || place.phase == Phase::kGivingUp) {
    if (answer == Answer::kWithdrawn) {
      look_on(place, held_back, kLookNs, now_ns);
    } else if (place.phase == Phase::kOnCard && age_ns >= kOnCardNs && order(at, false)) {
      place.phase = Phase::kGivingUp;
    }
  } else if (place.phase == Phase::kLooking && age_ns >= place.wait_ns && place.held_back != held_back && order(at, true)) {
    place.phase = Phase::kOnCard;
    place.since_ns = now_ns;
  }
}

void CardRules::end(std::uint16_t at) {
  Place& place = places_[at];
  if (place.phase == Phase::kLooking) {
    place.phase = Phase::kFree;
    return;
  }
  ++ending_;
  const bool is_told = place.phase == Phase::kGivingUp || order(at, false);
  place.phase = is_told ? Phase::kEnding : Phase::kEndsUntold;
}

void CardRules::settle() {
  for (std::size_t at = 0; at < used_ && ending_ != 0; ++at) {
    Place& place = places_[at];
    const auto number = static_cast<std::uint16_t>(at);
    if (place.phase == Phase::kEndsUntold && order(number, false)) place.phase = Phase::kEnding;
    if (place.phase != Phase::kEnding || channel_.answer_to(number, place.number) != Answer::kWithdrawn) continue;
    place.phase = Phase::kFree;
    --ending_;
  }
}

bool CardRules::order(std::uint16_t at, bool drop) {
  Place& place = places_[at];
  CardOrder order{.place = at, .number = place.number + 1};
  if (drop) order.flow = place.flow;
  if (!channel_.orders.try_push(order)) return false;
  channel_.orders.publish();
  ++place.number;
  return true;
}

bool CardRules::is_spared(const IpAddress& address) const {
  return std::any_of(spared_.begin(), spared_.end(), [&](const Prefix& prefix) { return holds(prefix, address); });
}

bool CardRules::is_dropped(std::uint16_t at) const {
  return places_[at].phase == Phase::kOnCard && channel_.answer_to(at, places_[at].number) == Answer::kDropped;
}

std::uint64_t CardRules::packets(std::uint16_t at) const { return channel_.packets_of(at) - places_[at].packets_before; }

std::uint64_t CardRules::packets() const {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < used_; ++at) sum += channel_.packets_of(static_cast<std::uint16_t>(at));
  return sum;
}

std::uint64_t CardRules::dropped() const {
  std::uint64_t count = 0;
  for (std::size_t at = 0; at < used_; ++at) count += is_dropped(static_cast<std::uint16_t>(at)) ? 1 : 0;
  return count;
}

}  // namespace mptap

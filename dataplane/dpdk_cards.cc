#include "dataplane/dpdk_cards.h"

#include <algorithm>
#include <utility>

namespace mptap {
namespace {

constexpr std::uint8_t kExample[4] = {192, 0, 2, 1};  // RFC 5737

/// A flow such as is asked for, to see whether a card takes any.
FourTuple example_flow() {
  const IpAddress address = IpAddress::from_v4(kExample);
  return {{address, 1}, {address, 2}};
}

}  // namespace

DpdkCards::DpdkCards(const std::vector<std::uint16_t>& devices) {
  for (const std::uint16_t device : devices) {
    if (const DpdkFlows card(device); card.takes(example_flow())) cards_.push_back(card);
  }
}

void DpdkCards::turn(CardChannel& channel, std::uint64_t now_ns) {
  for (CardOrder order; channel.orders.try_pop(order);) obey(order, channel, now_ns);
  for (Held& held : held_) {
    if (now_ns - held.since_ns < kLongestNs) {
      count(held, channel);
    } else {
      withdraw(held, channel);
    }
  }
  std::erase_if(held_, [](const Held& held) { return held.rules.empty(); });
}

void DpdkCards::withdraw_all(CardChannel& channel) {
  for (Held& held : held_) withdraw(held, channel);
  held_.clear();
}

void DpdkCards::obey(const CardOrder& order, CardChannel& channel, std::uint64_t now_ns) {
  const auto known = std::find_if(held_.begin(), held_.end(), [&](const Held& held) { return held.order.place == order.place; });
  if (known != held_.end()) {
    withdraw(*known, channel);
    held_.erase(known);
  }
  if (!order.flow) return;
  Held held{.order = order, .since_ns = now_ns, .rules = {}};
  for (const DpdkFlows& card : cards_) held.rules.push_back(card.drop(*order.flow));
  const bool is_dropped = std::any_of(held.rules.begin(), held.rules.end(), [](const auto& rule) { return rule.has_value(); });
  channel.answer(order, is_dropped ? CardChannel::Answer::kDropped : CardChannel::Answer::kRefused);
  if (is_dropped) held_.push_back(std::move(held));
}

void DpdkCards::count(Held& held, CardChannel& channel) {
  std::uint64_t counted = 0;
  for (std::size_t i = 0; i < held.rules.size(); ++i) {
    if (held.rules[i]) counted += cards_[i].count(*held.rules[i]).value_or(0);
  }
  if (counted <= held.counted) return;  // one that says nothing this time is heard the next
  channel.add(held.order.place, counted - held.counted);
  held.counted = counted;
}

void DpdkCards::withdraw(Held& held, CardChannel& channel) {
  count(held, channel);
  for (std::size_t i = 0; i < held.rules.size(); ++i) {
    if (held.rules[i]) cards_[i].withdraw(*held.rules[i]);
  }
  held.rules.clear();
  channel.answer(held.order, CardChannel::Answer::kNone);
}

}  // namespace mptap

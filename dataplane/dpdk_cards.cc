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
    const DpdkFlows card(device);
    auto example = card.drop(example_flow(), complaint_);
    if (!example) continue;
    (void)card.withdraw(*example);
    cards_.push_back(card);
  }
}

void DpdkCards::turn(CardChannel& channel, std::uint64_t now_ns) {
  for (Held& held : held_) held.is_over = held.is_over || now_ns - held.since_ns >= kLongestNs;
  for (CardOrder order; channel.orders.try_pop(order);) obey(order, channel, now_ns);
  for (Held& held : held_) {
    if (held.is_over) try_withdraw(held, channel);
  }
  std::erase_if(held_, [](const Held& held) { return held.rules.empty(); });
  for (std::size_t i = 0; i < std::min(kCountsATurn, held_.size()); ++i) count(held_[next_counted_++ % held_.size()], channel);
}

void DpdkCards::withdraw_all(CardChannel& channel) {
  for (Held& held : held_) try_withdraw(held, channel);
  held_.clear();
}

void DpdkCards::obey(const CardOrder& order, CardChannel& channel, std::uint64_t now_ns) {
  const auto known = std::find_if(held_.begin(), held_.end(), [&](const Held& held) { return held.order.place == order.place; });
  if (!order.flow) {
    if (known == held_.end()) return channel.answer(order, CardChannel::Answer::kWithdrawn);
    known->is_over = true;
    known->order.number = order.number;  // it is this one that is answered
    return;
  }
  Held held{.order = order, .since_ns = now_ns, .rules = {}};
  bool is_dropped = false;
  for (std::size_t i = 0; i < cards_.size() && known == held_.end(); ++i) {
    held.rules.push_back(cards_[i].drop(*order.flow, complaint_));
    is_dropped = is_dropped || held.rules.back();
  }
  channel.answer(order, is_dropped ? CardChannel::Answer::kDropped : CardChannel::Answer::kRefused);
  if (is_dropped) {
    held_.push_back(std::move(held));
  } else {
    channel.count_refusal();
  }
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

/// Where a card keeps a rule, it is tried again the next turn; else none are left.
void DpdkCards::try_withdraw(Held& held, CardChannel& channel) {
  count(held, channel);
  bool is_gone = true;
  for (std::size_t i = 0; i < held.rules.size(); ++i) {
    if (held.rules[i] && !cards_[i].withdraw(*held.rules[i])) is_gone = false;
  }
  if (!is_gone) return;
  held.rules.clear();
  channel.answer(held.order, CardChannel::Answer::kWithdrawn);
}

}  // namespace mptap

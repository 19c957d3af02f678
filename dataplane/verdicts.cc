#include "dataplane/verdicts.h"

#include <algorithm>
#include <utility>

#include "dataplane/cursor.h"
#include "dataplane/refused_syns.h"

namespace mptap {
namespace {

constexpr unsigned kStepShift = 30;  // about a second

// Joins a second of one proven source that no limit holds back: who forges the address of a host that he knows gains no more.
constexpr std::uint32_t kProvenJoins = 4;
constexpr std::uint32_t kPassedBits = 3;
static_assert(kProvenJoins < 1u << kPassedBits);

/// Whether a segment is a SYN with MP_JOIN, by the first byte of each of its MPTCP options.
bool is_join_syn(const SegmentView& segment) noexcept {
  const Cursor wire({segment.header, kMinTcpHeader});
  if ((wire.u8(13) & (tcp_flag::kSyn | tcp_flag::kAck)) != tcp_flag::kSyn) return false;
  const Cursor options(segment.tcp.options);
  for (std::size_t i = 0; i < segment.scan.count; ++i) {
    if (segment.scan.length[i] > 2 && options.u8(segment.scan.offset[i] + 2u) >> 4 == static_cast<std::uint8_t>(Subtype::kJoin)) return true;
  }
  return false;
}

/// Whether a segment is of the handshake of a flow with the addresses and ports of the slot's, and an ISN of its own.
bool begins_another(const SegmentView& segment, const SubflowSlot& slot) noexcept {
  const Cursor wire({segment.header, kMinTcpHeader});
  const std::uint8_t flags = wire.u8(13);
  if ((flags & tcp_flag::kSyn) == 0) return false;
  const std::uint32_t isn = (flags & tcp_flag::kAck) != 0 ? wire.u32(8) - 1 : wire.u32(4);
  return isn != slot.opener_isn;
}

std::uint64_t name_of(const SegmentView& syn) noexcept {
  return RefusedSyns::name_of(syn.hash, Cursor({syn.header, kMinTcpHeader}).u32(4));
}

}  // namespace

Verdicts::Verdicts(RuleChannel& rules, std::vector<Prefix> spared, WorkerTally& tally)
    : rules_(rules), spared_(std::move(spared)), tally_(tally), addresses_(rules, tally) {}

void Verdicts::take_orders(std::uint64_t now_ns) noexcept {
  RuleOrder order;
  while (rules_.orders.try_pop(order)) obey(order);
  if (now_ns >> kStepShift != looked_step_) end_what_is_over(now_ns);
}

void Verdicts::obey(const RuleOrder& order) noexcept {
  switch (order.kind) {
    case RuleOrder::Kind::kLimitJoins: limit_joins(order); break;
    case RuleOrder::Kind::kBlock: {
      Blocked& cell = blocked_[order.slot % kBlockCells];
      if (cell.until_ns == 0) ++blocked_used_;
      cell = {order.until_ns, order.slot, order.generation, order.enforced};
      break;
    }
    case RuleOrder::Kind::kStrike: addresses_.obey(order); break;
    case RuleOrder::Kind::kEnd: end(order.place); break;
  }
  any_ = limits_used_ != 0 || blocked_used_ != 0;
}

void Verdicts::limit_joins(const RuleOrder& order) noexcept {
  Limit* limit = limit_at(order.place);
  if (limit == nullptr) {
    if (limits_used_ == limits_.size()) return;  // control gives no more than there is room for
    limit = &limits_[limits_used_++];
    *limit = Limit{};
  }
  limit->receiver = order.receiver;
  limit->place = order.place;
  limit->until_ns = order.until_ns;
  limit->joins_per_second = order.joins_per_second;
  limit->enforced = order.enforced;
}

void Verdicts::end(std::uint16_t place) noexcept {
  if (place < kMaxLimits) {
    if (Limit* limit = limit_at(place)) *limit = limits_[--limits_used_];
  } else if (place >= kMaxLimits + kBlockCells) {
    addresses_.end(place);
  } else if (Blocked& cell = blocked_[place - kMaxLimits]; cell.until_ns != 0) {
    cell = Blocked{};
    --blocked_used_;
  }
}

/// Once a second.
[[gnu::noinline]] void Verdicts::end_what_is_over(std::uint64_t now_ns) noexcept {
  looked_step_ = now_ns >> kStepShift;
  addresses_.end_what_is_over(now_ns);
  if (!any_) return;
  for (std::size_t i = 0; i < limits_used_;) {
    if (limits_[i].until_ns > now_ns) {
      ++i;
    } else {
      limits_[i] = limits_[--limits_used_];
    }
  }
  for (Blocked& cell : blocked_) {
    if (cell.until_ns == 0 || cell.until_ns > now_ns) continue;
    cell = Blocked{};
    --blocked_used_;
  }
  any_ = limits_used_ != 0 || blocked_used_ != 0;
}

Verdicts::Limit* Verdicts::limit_at(std::uint16_t place) noexcept {
  const auto end = limits_.begin() + static_cast<std::ptrdiff_t>(limits_used_);
  const auto found = std::find_if(limits_.begin(), end, [&](const Limit& limit) { return limit.place == place; });
  return found == end ? nullptr : &*found;
}

Verdicts::Limit* Verdicts::limit_of(const IpAddress& receiver) noexcept {
  const auto end = limits_.begin() + static_cast<std::ptrdiff_t>(limits_used_);
  const auto found = std::find_if(limits_.begin(), end, [&](const Limit& limit) { return limit.receiver == receiver; });
  return found == end ? nullptr : &*found;
}

bool Verdicts::is_spared(const IpAddress& address) const noexcept {
  return std::any_of(spared_.begin(), spared_.end(), [&](const Prefix& prefix) { return holds(prefix, address); });
}

bool Verdicts::is_proven(const SegmentView& syn, std::uint64_t now_ns) noexcept {
  if (rules_.proven == nullptr || !rules_.proven->may_know(syn.source())) return false;
  const auto cell = rules_.proven->find(syn.source(), now_ns);
  if (!cell) return false;
  std::uint32_t& passed = proven_passed_[*cell];
  const auto second = static_cast<std::uint32_t>(now_ns >> kStepShift) << kPassedBits;
  if (passed - second > kProvenJoins) passed = second;  // of another second
  if (passed - second == kProvenJoins) return false;
  ++passed;
  ++tally_.spared_joins;
  return true;
}

bool Verdicts::is_beyond(Suspect& suspect, std::uint64_t now_ns) noexcept {
  Limit& limit = *suspect.limit;
  if (limit.step != now_ns >> kStepShift) {
    limit.step = now_ns >> kStepShift;
    limit.passed = 0;
  }
  if (limit.passed < limit.joins_per_second) {
    ++limit.passed;
    return false;
  }
  const RetriedSyns::Memory memory = retried_.remember(suspect.name, now_ns);
  suspect.is_repeated = memory == RetriedSyns::Memory::kThisSlice;
  return memory != RetriedSyns::Memory::kEarlier;
}

[[gnu::flatten]] Verdicts::Suspect Verdicts::prefetch(const SegmentView& segment) noexcept {
  if (limits_used_ == 0 || segment.scan.count == 0 || !is_join_syn(segment)) return {};
  const Suspect suspect{limit_of(segment.destination()), name_of(segment)};
  if (suspect.limit != nullptr) retried_.prefetch(suspect.name);
  return suspect;
}

/// The rule by which the segment's subflow is blocked; nullptr where it is not.
[[gnu::noinline]] const Verdicts::Blocked* Verdicts::block_of(const SegmentView& segment, const SubflowTable& table) const noexcept {
  const Blocked& cell = blocked_[segment.likely_slot % kBlockCells];
  if (cell.until_ns == 0 || cell.slot != segment.likely_slot || cell.generation != table[cell.slot].generation) return nullptr;
  const bool is_of_it = table.find(segment.hash) == cell.slot && !begins_another(segment, table[cell.slot]);
  return is_of_it && !is_spared(segment.source()) ? &cell : nullptr;
}

/// With all calls inlined: nearly all of a flood goes this way.
[[gnu::flatten]] bool Verdicts::holds_back(const SegmentView& segment, Suspect& suspect, const SubflowTable& table,
                                           std::uint64_t now_ns) noexcept {
  if (blocked_used_ != 0 && segment.likely_slot != SubflowTable::kNone) {
    if (const Blocked* cell = block_of(segment, table)) {
      ++(cell->enforced ? tally_.held_back_segments : tally_.observed_segments);
      rules_.packets.add(place_of_block(cell->slot));
      return cell->enforced;
    }
  }
  if (suspect.limit == nullptr || is_spared(segment.source()) || is_proven(segment, now_ns) || !is_beyond(suspect, now_ns)) return false;
  const Limit& limit = *suspect.limit;
  ++(limit.enforced ? tally_.held_back_joins : tally_.observed_joins);
  rules_.packets.add(limit.place);
  return limit.enforced;
}

}  // namespace mptap

// Which packets of inline ports a worker holds back: control's orders, obeyed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/address_judge.h"
#include "dataplane/prefix.h"
#include "dataplane/retried_syns.h"
#include "dataplane/rule_order.h"
#include "dataplane/segment_view.h"
#include "dataplane/subflow_table.h"
#include "dataplane/worker_counters.h"

namespace mptap {

/// One worker thread. Never allocates, locks, logs or throws after construction; bounded work a segment.
class Verdicts {
 public:
  /// @param rules   From control; outlives this.
  /// @param spared  Sources whose packets are never held back.
  Verdicts(RuleChannel& rules, std::vector<Prefix> spared, WorkerTally& tally);

  /// Takes over what control has ordered, and ends what is over: once a burst.
  void take_orders(std::uint64_t now_ns) noexcept;

  /// Whether there is any rule: nothing is judged otherwise.
  [[nodiscard]] bool any() const noexcept { return any_; }

  /// Of the ADD_ADDRs. Its rules end with take_orders(), as the others do.
  [[nodiscard]] AddressJudge& addresses() noexcept { return addresses_; }

  /// Whether nothing of this source is ever held back.
  [[nodiscard]] bool is_spared(const IpAddress& address) const noexcept;

  struct Limit;
  /// A join SYN that a limit may hold back; others have no limit. Until the next take_orders().
  struct Suspect {
    Limit* limit = nullptr;
    std::uint64_t name = 0;  // see RefusedSyns::name_of()
    bool is_repeated = false;  // set by holds_back() of what was held back a moment ago
  };

  /// Looks whether a limit is for a segment, and brings what holds_back() will need of it towards the cache.
  [[nodiscard]] Suspect prefetch(const SegmentView& segment) noexcept;

  /// Whether a segment is to be held back; counts it, also where its rule is only observed. Before it is tracked.
  ///
  /// @param segment  Its `likely_slot` is set.
  /// @param suspect  What prefetch() made of it.
  [[nodiscard]] bool holds_back(const SegmentView& segment, Suspect& suspect, const SubflowTable& table, std::uint64_t now_ns) noexcept;

  /// Join SYNs to one receiver are limited.
  struct Limit {
    IpAddress receiver{};
    std::uint16_t place = 0;
    std::uint64_t until_ns = 0;
    std::uint64_t step = 0;      // the second of `passed`
    std::uint32_t joins_per_second = 0;
    std::uint32_t passed = 0;
    bool enforced = false;
  };

 private:
  /// A subflow is blocked.
  struct Blocked {
    std::uint64_t until_ns = 0;  // 0: not in use
    std::uint32_t slot = 0;
    std::uint16_t generation = 0;
    bool enforced = false;
  };

  void obey(const RuleOrder& order) noexcept;
  void limit_joins(const RuleOrder& order) noexcept;
  void end(std::uint16_t place) noexcept;
  void end_what_is_over(std::uint64_t now_ns) noexcept;
  [[nodiscard]] const Blocked* block_of(const SegmentView& segment, const SubflowTable& table) const noexcept;
  [[nodiscard]] Limit* limit_at(std::uint16_t place) noexcept;
  [[nodiscard]] Limit* limit_of(const IpAddress& receiver) noexcept;
  [[nodiscard]] bool is_beyond(Suspect& suspect, std::uint64_t now_ns) noexcept;
  [[nodiscard]] bool is_proven(const SegmentView& syn, std::uint64_t now_ns) noexcept;

  RuleChannel& rules_;
  const std::vector<Prefix> spared_;
  WorkerTally& tally_;
  bool any_ = false;
  std::uint64_t looked_step_ = 0;
  std::array<Limit, kMaxLimits> limits_{};  // those in use first
  std::size_t limits_used_ = 0;
  std::size_t blocked_used_ = 0;
  std::array<Blocked, kBlockCells> blocked_{};  // by the slot's low bits
  AddressJudge addresses_;
  RetriedSyns retried_;
  std::array<std::uint32_t, ProvenSources::kCells> proven_passed_{};  // by cell: the second, and how many passed in it
};

}  // namespace mptap

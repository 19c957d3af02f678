// ADD_ADDRs on inline ports wait for control's word on their HMAC; those that are wrong go no further.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/rule_order.h"
#include "dataplane/segment_view.h"
#include "dataplane/subflow_table.h"
#include "dataplane/worker_counters.h"

namespace mptap {

/// A TCP header as it is to be sent, options included.
struct RewrittenHeader {
  std::array<std::uint8_t, 60> bytes;
  std::size_t size = 0;
};

/// The keys are control's alone, so a worker asks: it hands over what it has, waits until control has taken that, and finds
/// an order where an HMAC was wrong. It waits for two milliseconds at most, and for a twentieth of a second in each; what is
/// not judged by then goes on.
///
/// One worker thread. Never allocates, locks, logs or throws.
class AddressJudge {
 public:
  /// @param rules  Outlives this.
  AddressJudge(RuleChannel& rules, WorkerTally& tally) : rules_(rules), tally_(tally) {}

  /// Whether control judges ADD_ADDRs at all.
  [[nodiscard]] bool is_on() const noexcept { return rules_.control.judges_addresses.load(std::memory_order_relaxed); }

  /// Whether a segment brings an ADD_ADDR with an HMAC, by the first byte and the length of each MPTCP option.
  [[nodiscard]] static bool brings_claim(const SegmentView& segment) noexcept;

  /// Whether all ADD_ADDRs with an HMAC that it brings are known to be wrong already.
  [[nodiscard]] bool knows(const SegmentView& segment, const SubflowTable& table) const noexcept;

  /// Waits until control has taken the first `records` of this worker. False where it was not in time, or was waited for
  /// too long already in this second. Asks the clock: call it for rare segments alone.
  /// @param now_ns  Packet time.
  [[nodiscard]] bool await_control(std::uint64_t records, std::uint64_t now_ns) noexcept;

  enum class Outcome : std::uint8_t {
    kPasses,    // nothing of it is known to be wrong
    kObserved,  // one does, and is not enforced
    kStruck,    // goes on with another header
  };
  /// Finds what is to become of a segment. Counts nothing: see note() and note_unjudged().
  /// @param header  Set on kStruck: NOPs in the place of the ADD_ADDR, and the checksum that goes with them (RFC 1624).
  [[nodiscard]] Outcome strike(const SegmentView& segment, const SubflowTable& table, RewrittenHeader& header) const noexcept;

  /// Counts what became of it.
  void note(const SegmentView& segment, const SubflowTable& table, Outcome outcome) noexcept;

  /// Counts a segment that goes on with an ADD_ADDR of which it is not known whether it is right, or which cannot be struck.
  void note_unjudged() noexcept { ++tally_.unjudged_addresses; }

  // Control's orders.
  void obey(const RuleOrder& order) noexcept;
  void end(std::uint16_t place) noexcept;
  void end_what_is_over(std::uint64_t now_ns) noexcept;

 private:
  /// A subflow of which forged ADD_ADDRs are struck.
  struct Rule {
    std::uint64_t until_ns = 0;  // 0: not in use
    std::uint32_t slot = 0;
    std::uint16_t generation = 0;
    bool enforced = false;
  };
  /// One of these.
  struct Wrong {
    std::uint32_t slot = SubflowTable::kNone;
    std::uint16_t generation = 0;
    bool from_acceptor = false;
    AddressClaim claim;
  };
  /// As many as a burst can bring, and as many again that may be repeated.
  static constexpr std::size_t kWrongKept = 256;

  [[nodiscard]] const Rule* rule_of(std::uint32_t slot, const SubflowTable& table) const noexcept;
  [[nodiscard]] bool is_wrong(std::uint32_t slot, std::uint16_t generation, bool from_acceptor, const AddressClaim& claim) const noexcept;

  RuleChannel& rules_;
  WorkerTally& tally_;
  std::uint64_t waited_step_ = 0;  // the second of `waited_ns_`
  std::uint64_t waited_ns_ = 0;
  std::array<Rule, kStrikeCells> cells_{};  // by the slot's low bits
  std::array<Wrong, kWrongKept> wrong_{};   // the newest takes the place of the oldest
  std::size_t wrong_next_ = 0;
};

}  // namespace mptap

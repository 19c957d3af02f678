// What control asks of a worker that forwards, which packets are to be held back, and what became of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/proven_sources.h"
#include "dataplane/spsc_ring.h"
#include "dataplane/types.h"

namespace mptap {

/// Receivers to which a worker limits joins at once; control gives no more.
constexpr std::size_t kMaxLimits = 64;

/// Cells of a worker for blocked subflows, by the slot's low bits; control gives no second one for a cell in use.
constexpr std::size_t kBlockCells = 4'096;

/// Cells of a worker for subflows of which an ADD_ADDR is struck, as those above.
constexpr std::size_t kStrikeCells = 256;

constexpr std::size_t kMaxRules = kMaxLimits + kBlockCells + kStrikeCells;

/// Orders that may wait for a worker; one that finds no room is given again when its cause is told again.
constexpr std::size_t kWaitingOrders = 256;

/// The place of the rule that blocks the subflow of a slot.
[[nodiscard]] constexpr std::uint16_t place_of_block(std::uint32_t slot) noexcept {
  return static_cast<std::uint16_t>(kMaxLimits + slot % kBlockCells);
}

/// The place of the rule that strikes an ADD_ADDR of the subflow of a slot.
[[nodiscard]] constexpr std::uint16_t place_of_strike(std::uint32_t slot) noexcept {
  return static_cast<std::uint16_t>(kMaxLimits + kBlockCells + slot % kStrikeCells);
}

/// What an ADD_ADDR with an HMAC says (RFC 8684 section 3.4.1).
struct AddressClaim {
  IpAddress address{};
  std::array<std::uint8_t, 8> hmac{};
  std::uint16_t port = 0;  // 0: none
  AddressId address_id{};

  friend bool operator==(const AddressClaim&, const AddressClaim&) = default;
};

/// One order. A rule lasts until `until_ns`, or until it is ended; a new order for the same place renews it.
struct RuleOrder {
  enum class Kind : std::uint8_t {
    kLimitJoins,  // join SYNs to `receiver` beyond `joins_per_second`, but for those that come again
    kBlock,       // the segments of a subflow
    kStrike,      // forged ADD_ADDRs of a subflow, and one of them
    kEnd,         // no longer
  };

  Kind kind = Kind::kLimitJoins;
  bool enforced = false;               // else only counted
  bool from_acceptor = false;          // kStrike: which end sends it
  std::uint16_t place = 0;             // of the rule: below kMaxLimits, place_of_block() or place_of_strike()
  std::uint16_t generation = 0;        // kBlock, kStrike: of the slot
  std::uint32_t slot = 0;              // kBlock, kStrike: in the worker's table
  std::uint32_t joins_per_second = 0;  // kLimitJoins, each worker
  std::uint64_t until_ns = 0;          // packet time
  IpAddress receiver{};                // kLimitJoins
  AddressClaim claim{};                // kStrike
};

/// From control to one worker.
using OrderRing = SpscRing<RuleOrder>;

/// Packets that the rule of each place held back or, where it is only observed, would have. Never reset: a rule's own are
/// those since it began. One worker thread adds, any thread reads.
class RulePackets {
 public:
  void add(std::uint16_t place) noexcept {
    std::atomic<std::uint64_t>& count = counts_[place];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t of(std::uint16_t place) const noexcept { return counts_[place].load(std::memory_order_relaxed); }

 private:
  alignas(64) std::array<std::atomic<std::uint64_t>, kMaxRules> counts_{};
};

/// Between control and one worker.
struct RuleChannel {
  OrderRing orders{kWaitingOrders};
  RulePackets packets;
  const ProvenSources* proven = nullptr;  // whose joins no limit holds back; none: nobody's

  /// Control's, on a line that no worker writes.
  struct alignas(64) Control {
    std::atomic<bool> judges_addresses{false};    // ADD_ADDRs wait for its word
    std::atomic<std::uint64_t> records_taken{0};  // of this worker, with all that follows of them
  };
  Control control;
};

}  // namespace mptap

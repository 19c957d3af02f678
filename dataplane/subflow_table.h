// A worker's own table of subflows: fixed capacity, seeded, no allocation after start, no lock.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/lazy_array.h"
#include "dataplane/seeded_hash.h"
#include "dataplane/subflow_slot.h"
#include "dataplane/worker_options.h"

namespace mptap {

/// Slots found by key through 8-way buckets with two choices; the second is looked at only where the first has
/// overflowed, so that a key that is not there, as on most packets of any tap, costs one cache line. A slot's
/// index is its handle in records.
///
/// One worker thread. Nothing allocates after construction; nothing throws.
class SubflowTable {
 public:
  static constexpr std::uint32_t kNone = Record::kNoSlot;

  /// @param options  Capacity is rounded up to a power of two.
  /// @throws std::bad_alloc where the address space is not granted.
  SubflowTable(const SubflowTableOptions& options, std::uint64_t seed);

  [[nodiscard]] std::uint64_t hash_of(const SubflowKey& key) const { return hash_.of40(&key); }

  /// Brings the bucket of `hash` towards the cache; the first of two passes over a burst.
  void prefetch_bucket(std::uint64_t hash) const { __builtin_prefetch(&buckets_[first_bucket(hash)]); }

  /// Brings the slot that `hash` probably means towards the cache; the second pass.
  /// @return False where no slot can have this hash.
  bool prefetch_slot(std::uint64_t hash) const;

  /// @return The slot's index, closed ones too; kNone where the key is not in the table.
  [[nodiscard]] std::uint32_t find(const SubflowKey& key, std::uint64_t hash) const;

  /// Takes a free slot for a key that is not in the table.
  ///
  /// @param klass  kMidstream, kUnanswered or kAnswered.
  /// @return Its index, zeroed but for key, generation and class; kNone where both buckets or the table are
  ///         full: see victim_for().
  [[nodiscard]] std::uint32_t try_insert(const SubflowKey& key, std::uint64_t hash, SlotClass klass);

  /// The slot that must leave for a newcomer of class `klass`: the oldest closed one, then mid-stream, then
  /// unanswered, then answered ones; never of a class above the newcomer's, but a SYN may displace an answered
  /// one. kNone where nobody may be displaced.
  [[nodiscard]] std::uint32_t victim_for(SlotClass klass) const;

  /// Gives a slot back; the next user of it gets a new generation.
  void release(std::uint32_t index);

  /// Moves a slot to another class, at the end of its line.
  void change_class(std::uint32_t index, SlotClass klass);

  /// False where this receiver already holds its share of the unanswered slots; otherwise counts one more.
  [[nodiscard]] bool try_count_receiver(const IpAddress& receiver);
  void uncount_receiver(const IpAddress& receiver);

  /// Notes that the slot's deadline is `deadline_ns` or later; deadlines are checked when they come due.
  /// @param now_ns  Packet time, never less than at an earlier call.
  void arm(std::uint32_t index, std::uint64_t now_ns, std::uint64_t deadline_ns);

  /// Calls `on_due(index)` for slots whose armed deadline has passed; on_due must release() or arm() it again.
  /// At most `budget` slots a call. Costs nothing but a comparison until a tick of about a second has passed.
  template <typename OnDue>
  void expire(std::uint64_t now_ns, std::uint32_t budget, OnDue&& on_due);

  /// Whether expire() would find anything to look at.
  [[nodiscard]] bool has_due(std::uint64_t now_ns) const {
    const auto now_tick = static_cast<std::uint32_t>(now_ns >> kTickShift);
    return wheel_started_ && (now_tick != wheel_tick_ || wheel_[now_tick % kWheelSize] != kNone);
  }

  SubflowSlot& operator[](std::uint32_t index) { return slots_[index]; }
  const SubflowSlot& operator[](std::uint32_t index) const { return slots_[index]; }

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t count(SlotClass klass) const { return lists_[static_cast<std::size_t>(klass)].count; }
  [[nodiscard]] std::uint32_t used() const { return used_; }
  /// One past the highest index ever used: what a walk over all slots has to visit.
  [[nodiscard]] std::uint32_t high_water() const { return high_water_; }

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::uint32_t kWheelSize = 4096;   // ticks of about a second
  static constexpr unsigned kTickShift = 30;
  static constexpr std::size_t kReceiverCells = 65'536;

  struct alignas(64) Bucket {
    std::array<std::uint16_t, kWays> tag;    // 0: empty
    std::array<std::uint32_t, kWays> slot;
    std::uint32_t overflowed;                // keys of this first choice that went to their second
  };
  static_assert(sizeof(Bucket) == 64);
  struct List {
    std::uint32_t head = kNone;
    std::uint32_t tail = kNone;
    std::uint32_t count = 0;
  };

  [[nodiscard]] std::size_t first_bucket(std::uint64_t hash) const { return hash & bucket_mask_; }
  [[nodiscard]] std::size_t second_bucket(std::uint64_t hash) const { return (hash >> 24) & bucket_mask_; }
  static std::uint16_t tag_of(std::uint64_t hash) { return static_cast<std::uint16_t>((hash >> 48) | 1u); }
  [[nodiscard]] std::uint32_t find_in(const Bucket& bucket, std::uint16_t tag, const SubflowKey& key) const;
  [[nodiscard]] static unsigned ways_with(const Bucket& bucket, std::uint16_t tag);
  static bool try_put(Bucket& bucket, std::uint16_t tag, std::uint32_t index);
  static bool try_take(Bucket& bucket, std::uint32_t index);
  bool try_place(std::uint64_t hash, std::uint32_t index);
  bool try_displace(Bucket& bucket);
  void erase_from_index(std::uint32_t index);
  void append(std::uint32_t index, SlotClass klass);
  void unlink(std::uint32_t index);
  void wheel_insert(std::uint32_t index, std::uint32_t tick);
  void wheel_remove(std::uint32_t index);

  const std::uint32_t capacity_;
  const std::uint32_t receiver_limit_;
  const std::size_t bucket_mask_;
  const SeededHash hash_;
  LazyArray<SubflowSlot> slots_;
  LazyArray<Bucket> buckets_;
  LazyArray<std::uint32_t> receivers_;   // unanswered slots by hash of their receiver
  std::array<List, static_cast<std::size_t>(SlotClass::kCount)> lists_{};
  std::array<std::uint32_t, kWheelSize> wheel_;
  std::uint32_t wheel_tick_ = 0;         // the tick whose bucket is worked off
  bool wheel_started_ = false;
  std::uint32_t used_ = 0;
  std::uint32_t high_water_ = 0;
};

template <typename OnDue>
void SubflowTable::expire(std::uint64_t now_ns, std::uint32_t budget, OnDue&& on_due) {
  if (!has_due(now_ns)) return;
  const auto now_tick = static_cast<std::uint32_t>(now_ns >> kTickShift);
  if (now_tick - wheel_tick_ > kWheelSize) wheel_tick_ = now_tick - kWheelSize;  // one round visits every bucket
  while (true) {
    std::uint32_t& head = wheel_[wheel_tick_ % kWheelSize];
    while (head != kNone) {
      if (budget-- == 0) return;
      const std::uint32_t index = head;
      wheel_remove(index);
      on_due(index);
    }
    if (wheel_tick_ == now_tick) return;
    ++wheel_tick_;
  }
}

}  // namespace mptap

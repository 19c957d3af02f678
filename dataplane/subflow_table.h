// A worker's own table of subflows: fixed capacity, seeded, no allocation after start, no lock.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "dataplane/lanes.h"
#include "dataplane/lazy_array.h"
#include "dataplane/prefetch.h"
#include "dataplane/seeded_hash.h"
#include "dataplane/slot_deadlines.h"
#include "dataplane/subflow_slot.h"
#include "dataplane/worker_options.h"

namespace mptap {

/// Slots found by the hash of their key through 10-way buckets with two choices; the second is looked at only where the
/// first has overflowed, so that a key that is not there, as on most packets of any tap, costs one cache line. A slot's
/// index is its handle in records.
///
/// One worker thread. Nothing allocates after construction; nothing throws.
class SubflowTable {
 public:
  static constexpr std::uint32_t kNone = Record::kNoSlot;

  /// @param options  Capacity is rounded up to a power of two.
  /// @throws std::bad_alloc where the address space is not granted.
  SubflowTable(const SubflowTableOptions& options, std::uint64_t seed);

  /// What names flows to this table: see name_flow().
  [[nodiscard]] const SeededHash& hash() const { return hash_; }

  /// False for most flows that are not in the table, true for all that are: what a segment of plain TCP, most of any tap's
  /// traffic, is passed over by. Reads four bytes of an array that stays in the cache.
  [[nodiscard]] bool may_hold(std::uint64_t hash) const {
    return (presence_[first_bucket(hash)] >> presence_bit(tag_of(hash)) & 1u) != 0;
  }

  void prefetch_presence(std::uint64_t hash) const { prefetch_line(&presence_[first_bucket(hash)]); }

  /// Brings the bucket of `hash` towards the cache: before prefetch_slot(), which waits for it.
  void prefetch_bucket(std::uint64_t hash) const { prefetch_line(&buckets_[first_bucket(hash)]); }

  /// Brings the slot that `hash` probably means towards the cache.
  /// @return Its index; kNone where no slot can have this hash; kElsewhere where one may that was not looked for.
  [[nodiscard]] std::uint32_t prefetch_slot(std::uint64_t hash) const {
    const Bucket& bucket = buckets_[first_bucket(hash)];
    const unsigned ways = ways_with(bucket, tag_of(hash));
    if (ways == 0) return bucket.overflowed != 0 ? kElsewhere : kNone;
    const std::uint32_t index = bucket.slot[first_way(ways)];
    prefetch_object(&slots_[index]);
    return index;
  }
  static constexpr std::uint32_t kElsewhere = kNone - 1;

  /// The same without a look at the bucket, for flows that are probably new.
  [[nodiscard]] std::uint32_t guess_slot(std::uint64_t hash) const { return may_hold(hash) ? kElsewhere : kNone; }

  /// @return The slot's index, closed ones too; kNone where the flow is not in the table.
  [[nodiscard]] std::uint32_t find(std::uint64_t hash) const {
    const Bucket& first = buckets_[first_bucket(hash)];
    const std::uint32_t found = find_in(first, hash);
    if (found != kNone || first.overflowed == 0) [[likely]] return found;
    return find_in(buckets_[second_bucket(hash)], hash);
  }

  /// The same, with the index that prefetch_slot() gave: mostly one comparison.
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, std::uint32_t likely) const {
    if (likely < kElsewhere && slots_[likely].hash == hash && slots_[likely].klass != SlotClass::kFree) [[likely]] return likely;
    return find(hash);
  }

  /// Tells one segment of a flow from others. @param name  See name_flow().
  [[nodiscard]] std::uint64_t hash_of_segment(std::uint64_t name, std::uint32_t ip_id, Bytes tcp_header) const {
    return hash_.of_segment(name, static_cast<std::uint16_t>(ip_id), tcp_header.data(), tcp_header.size());
  }

  /// Takes a free slot for a flow that is not in the table.
  ///
  /// @param klass  kMidstream, kUnanswered or kAnswered.
  /// @return Its index, zeroed but for hash, generation and class; kNone where both buckets or the table are
  ///         full: see victim_for().
  [[nodiscard]] std::uint32_t try_insert(std::uint64_t hash, SlotClass klass);

  /// The slot that must leave for a newcomer of class `klass`: the oldest closed one, then mid-stream, then the oldest of
  /// unanswered or answered ones, whichever are more: a flood that answers itself would else leave no SYN time for its
  /// answer. A mid-stream newcomer displaces neither. kNone where nobody may be displaced.
  [[nodiscard]] std::uint32_t victim_for(SlotClass klass) const;

  /// The slot that has been of this class for longest; kNone where there is none. Not of kConfirmed, which stands in no line.
  [[nodiscard]] std::uint32_t oldest(SlotClass klass) const { return lists_[static_cast<std::size_t>(klass)].head; }

  /// Brings what evicting the next closed slots will touch towards the cache: a newcomer to a full table evicts one, and so does
  /// each that closes where closed ones hold their share.
  void prefetch_victims() const;

  /// Gives a slot back; the next user of it gets a new generation.
  void release(std::uint32_t index);

  /// Moves a slot to another class, at the end of its line.
  void change_class(std::uint32_t index, SlotClass klass);

  /// What the slot needs seldom; takes a place for it where it has none. There is one for every slot.
  [[nodiscard]] SlotRare& rare(std::uint32_t index);
  /// The same to read; all zero where the slot has none.
  [[nodiscard]] const SlotRare& peek_rare(const SubflowSlot& slot) const {
    static constexpr SlotRare kEmpty{};
    return slot.rare == 0 ? kEmpty : rares_[slot.rare - 1];
  }
  /// Wipes it and gives its place back.
  void drop_rare(std::uint32_t index);

  /// The cell that counts this receiver's unanswered slots.
  [[nodiscard]] std::uint16_t receiver_cell(const IpAddress& receiver) const {
    return static_cast<std::uint16_t>(hash_.of16(receiver.bytes.data()) % kReceiverCells);
  }
  void prefetch_receiver(std::uint16_t cell) const { prefetch_line(&receivers_[cell]); }
  /// Whether try_count_receiver() would refuse.
  [[nodiscard]] bool is_share_taken(std::uint16_t cell) const { return receivers_[cell] >= receiver_limit_; }
  /// False where this receiver already holds its share of the unanswered slots; otherwise counts one more.
  [[nodiscard]] bool try_count_receiver(std::uint16_t cell);
  void uncount_receiver(std::uint16_t cell);

  /// Notes that the slot's deadline is `deadline_ns` or later; deadlines are checked when they come due.
  /// @param now_ns  Packet time, never less than at an earlier call.
  void arm(std::uint32_t index, std::uint64_t now_ns, std::uint64_t deadline_ns) { due_.arm(index, now_ns, deadline_ns); }

  /// Calls `on_due(index)` for slots whose armed deadline has passed; on_due must release() or arm() it again.
  /// At most `budget` slots a call. Costs nothing but a comparison until a tick of about a second has passed.
  template <typename OnDue>
  void expire(std::uint64_t now_ns, std::uint32_t budget, OnDue&& on_due) {
    due_.expire(now_ns, high_water_, budget, [&](std::uint32_t index) {
      if (slots_[index].klass != SlotClass::kFree) on_due(index);
    });
  }

  /// Whether expire() would find anything to look at.
  [[nodiscard]] bool has_due(std::uint64_t now_ns) const { return due_.has_due(now_ns); }

  SubflowSlot& operator[](std::uint32_t index) { return slots_[index]; }
  const SubflowSlot& operator[](std::uint32_t index) const { return slots_[index]; }

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t count(SlotClass klass) const { return lists_[static_cast<std::size_t>(klass)].count; }
  [[nodiscard]] std::uint32_t used() const { return used_; }
  /// One past the highest index ever used: what a walk over all slots has to visit.
  [[nodiscard]] std::uint32_t high_water() const { return high_water_; }

 private:
  static constexpr std::size_t kWays = 10;
  static constexpr std::uint32_t kSlotsABucket = 6;   // of a full table: a first choice is full for few keys
  static constexpr std::size_t kReceiverCells = 65'536;

  struct alignas(64) Bucket {
    std::array<std::uint16_t, kWays> tag;    // 0: empty
    std::array<std::uint32_t, kWays> slot;
    std::uint32_t overflowed;                // keys of this first choice that went to their second
  };
  static_assert(sizeof(Bucket) == 64);
  struct Links {
    std::uint32_t next;
    std::uint32_t previous;
  };
  struct List {
    std::uint32_t head = kNone;
    std::uint32_t tail = kNone;
    std::uint32_t count = 0;
  };

  // Two choices by different bits, scaled to the number of buckets.
  [[nodiscard]] std::size_t first_bucket(std::uint64_t hash) const { return ((hash & 0xffffffffu) * bucket_count_) >> 32; }
  [[nodiscard]] std::size_t second_bucket(std::uint64_t hash) const {
    return (((hash >> 16) & 0xffffffffu) * bucket_count_) >> 32;
  }
  static std::uint16_t tag_of(std::uint64_t hash) { return static_cast<std::uint16_t>((hash >> 48) | 1u); }
  /// Two bits, both set, for each way that carries `tag`.
  [[nodiscard]] static unsigned ways_with(const Bucket& bucket, std::uint16_t tag) {
    using Lanes [[gnu::vector_size(32)]] = std::uint16_t;
    Lanes lanes;  // the last six are no tags
    std::memcpy(&lanes, &bucket, sizeof lanes);
    constexpr unsigned kTags = (1u << (2 * kWays)) - 1;
    return mask_of_lanes(lanes == tag) & kTags;
  }
  /// Of the word of a key's first bucket: one of the tag's bits that do not choose the bucket.
  [[nodiscard]] static unsigned presence_bit(std::uint16_t tag) { return tag >> 1u & 31u; }
  void note_absence(std::size_t bucket);
  [[nodiscard]] static std::size_t first_way(unsigned ways) { return static_cast<std::size_t>(std::countr_zero(ways)) / 2; }
  [[nodiscard]] std::uint32_t find_in(const Bucket& bucket, std::uint64_t hash) const {
    for (unsigned ways = ways_with(bucket, tag_of(hash)); ways != 0; ways &= ways - 1, ways &= ways - 1) {
      const std::uint32_t index = bucket.slot[first_way(ways)];
      if (slots_[index].hash == hash) [[likely]] return index;
    }
    return kNone;
  }
  static bool try_put(Bucket& bucket, std::uint16_t tag, std::uint32_t index);
  static bool try_take(Bucket& bucket, std::uint32_t index);
  bool try_place(std::uint64_t hash, std::uint32_t index);
  bool try_displace(Bucket& bucket);
  void erase_from_index(std::uint32_t index);
  void append(std::uint32_t index, SlotClass klass);
  void unlink(std::uint32_t index);

  const std::uint32_t capacity_;
  const std::uint32_t receiver_limit_;
  const std::uint64_t bucket_count_;
  const SeededHash hash_;
  LazyArray<SubflowSlot> slots_;
  LazyArray<Bucket> buckets_;
  LazyArray<std::uint32_t> presence_;    // of a bucket: bits of the keys whose first choice it is, perhaps of more
  LazyArray<SlotRare> rares_;
  LazyArray<Links> links_;               // of a slot in the line of its class
  LazyArray<std::uint32_t> receivers_;   // unanswered slots by hash of their receiver
  SlotDeadlines due_;
  std::array<List, static_cast<std::size_t>(SlotClass::kCount)> lists_{};
  std::uint32_t used_ = 0;
  std::uint32_t high_water_ = 0;
  std::uint32_t free_rare_ = 0;          // the pool's first free one, plus 1
  std::uint32_t rares_used_ = 0;         // one past the highest ever used
};

}  // namespace mptap

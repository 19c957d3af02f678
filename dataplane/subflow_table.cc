#include "dataplane/subflow_table.h"

#include <algorithm>
#include <bit>

namespace mptap {

SubflowTable::SubflowTable(const SubflowTableOptions& options, std::uint64_t seed)
    : capacity_(std::bit_ceil(std::max(options.capacity, 16u))),
      receiver_limit_(std::max(capacity_ / std::max(options.receiver_share, 1u), 1u)),
      bucket_count_(capacity_ / kSlotsABucket + 1),
      hash_(seed),
      slots_(capacity_),
      buckets_(bucket_count_),
      presence_(bucket_count_),
      rares_(capacity_),
      links_(capacity_),
      receivers_(kReceiverCells),
      due_(capacity_) {}

bool SubflowTable::try_put(Bucket& bucket, std::uint16_t tag, std::uint32_t index) {
  const unsigned free_ways = ways_with(bucket, 0);
  if (free_ways == 0) return false;
  const std::size_t way = first_way(free_ways);
  bucket.tag[way] = tag;
  bucket.slot[way] = index;
  return true;
}

bool SubflowTable::try_take(Bucket& bucket, std::uint32_t index) {
  for (std::size_t way = 0; way < kWays; ++way) {
    if (bucket.tag[way] == 0 || bucket.slot[way] != index) continue;
    bucket.tag[way] = 0;
    bucket.slot[way] = 0;
    return true;
  }
  return false;
}

bool SubflowTable::try_place(std::uint64_t hash, std::uint32_t index) {
  Bucket& first = buckets_[first_bucket(hash)];
  presence_[first_bucket(hash)] |= 1u << presence_bit(tag_of(hash));
  if (try_put(first, tag_of(hash), index)) return true;
  if (try_put(buckets_[second_bucket(hash)], tag_of(hash), index)) {
    ++first.overflowed;
    return true;
  }
  return try_displace(first) && try_put(first, tag_of(hash), index);
}

/// Moves one key of a full bucket to its second choice: happens to one key in four hundred of a full table.
bool SubflowTable::try_displace(Bucket& bucket) {
  for (std::size_t way = 0; way < kWays; ++way) {
    const std::uint32_t index = bucket.slot[way];
    const std::uint64_t hash = slots_[index].hash;
    if (&buckets_[first_bucket(hash)] != &bucket) continue;  // it is displaced already
    if (!try_put(buckets_[second_bucket(hash)], bucket.tag[way], index)) continue;
    ++bucket.overflowed;
    bucket.tag[way] = 0;
    return true;
  }
  return false;
}

void SubflowTable::erase_from_index(std::uint32_t index) {
  const std::uint64_t hash = slots_[index].hash;
  const std::size_t bucket = first_bucket(hash);
  Bucket& first = buckets_[bucket];
  if (!try_take(first, index) && try_take(buckets_[second_bucket(hash)], index)) --first.overflowed;
  note_absence(bucket);
}

/// The bits of who is left; where some went to their second choice, nobody here knows theirs, and all bits stay.
void SubflowTable::note_absence(std::size_t bucket) {
  const Bucket& left = buckets_[bucket];
  if (left.overflowed != 0) return;
  std::uint32_t bits = 0;
  for (const std::uint16_t tag : left.tag) bits |= (tag != 0 ? 1u : 0u) << presence_bit(tag);
  presence_[bucket] = bits;
}

std::uint32_t SubflowTable::try_insert(std::uint64_t hash, SlotClass klass) {
  const List& free_list = lists_[static_cast<std::size_t>(SlotClass::kFree)];
  const bool fresh = free_list.head == kNone;
  if (fresh && high_water_ == capacity_) return kNone;
  const std::uint32_t index = fresh ? high_water_ : free_list.head;
  if (!try_place(hash, index)) return kNone;
  if (fresh) {
    ++high_water_;
  } else {
    unlink(index);
  }
  const auto generation = static_cast<std::uint16_t>(slots_[index].generation + 1);
  slots_[index] = SubflowSlot{};
  slots_[index].hash = hash;
  slots_[index].generation = generation;
  append(index, klass);
  ++used_;
  return index;
}

std::uint32_t SubflowTable::victim_for(SlotClass klass) const {
  for (const SlotClass of : {SlotClass::kClosed, SlotClass::kMidstream}) {
    if (oldest(of) != kNone) return oldest(of);
  }
  if (klass == SlotClass::kMidstream) return kNone;
  // A flood is the many, whichever kind it is of.
  const bool more_answered = count(SlotClass::kAnswered) > count(SlotClass::kUnanswered);
  return oldest(more_answered ? SlotClass::kAnswered : SlotClass::kUnanswered);
}

/// One call ahead the bucket, which only the slot names; two calls ahead the slot.
void SubflowTable::prefetch_victims() const {
  const std::uint32_t next = oldest(SlotClass::kClosed);
  if (next == kNone) return;
  prefetch_bucket(slots_[next].hash);
  const std::uint32_t after = links_[next].next;
  if (after == kNone) return;
  prefetch_object(&slots_[after]);
  prefetch_line(&links_[after]);
}

void SubflowTable::release(std::uint32_t index) {
  erase_from_index(index);
  drop_rare(index);
  unlink(index);
  const std::uint16_t generation = slots_[index].generation;
  slots_[index] = SubflowSlot{};  // nothing of its keys stays
  slots_[index].generation = generation;
  append(index, SlotClass::kFree);
  --used_;
}

void SubflowTable::change_class(std::uint32_t index, SlotClass klass) {
  unlink(index);
  append(index, klass);
}

SlotRare& SubflowTable::rare(std::uint32_t index) {
  SubflowSlot& slot = slots_[index];
  if (slot.rare == 0) {
    if (free_rare_ != 0) {
      slot.rare = free_rare_;
      free_rare_ = rares_[slot.rare - 1].next_free;
      rares_[slot.rare - 1].next_free = 0;
    } else {
      slot.rare = ++rares_used_;
    }
  }
  return rares_[slot.rare - 1];
}

void SubflowTable::drop_rare(std::uint32_t index) {
  SubflowSlot& slot = slots_[index];
  if (slot.rare == 0) return;
  rares_[slot.rare - 1] = SlotRare{};  // nothing of its keys stays
  rares_[slot.rare - 1].next_free = free_rare_;
  free_rare_ = slot.rare;
  slot.rare = 0;
}

bool SubflowTable::try_count_receiver(std::uint16_t cell) {
  if (receivers_[cell] >= receiver_limit_) return false;
  ++receivers_[cell];
  return true;
}

void SubflowTable::uncount_receiver(std::uint16_t cell) {
  if (receivers_[cell] > 0) --receivers_[cell];
}

/// Confirmed slots stand in no line: they never give way.
void SubflowTable::append(std::uint32_t index, SlotClass klass) {
  List& list = lists_[static_cast<std::size_t>(klass)];
  slots_[index].klass = klass;
  ++list.count;
  if (klass == SlotClass::kConfirmed) return;
  links_[index] = Links{kNone, list.tail};
  (list.tail == kNone ? list.head : links_[list.tail].next) = index;
  list.tail = index;
}

void SubflowTable::unlink(std::uint32_t index) {
  const SlotClass klass = slots_[index].klass;
  List& list = lists_[static_cast<std::size_t>(klass)];
  --list.count;
  if (klass == SlotClass::kConfirmed) return;
  const Links links = links_[index];
  (links.previous == kNone ? list.head : links_[links.previous].next) = links.next;
  (links.next == kNone ? list.tail : links_[links.next].previous) = links.previous;
}

}  // namespace mptap

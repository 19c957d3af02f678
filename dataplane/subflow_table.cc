#include "dataplane/subflow_table.h"

#include <algorithm>
#include <bit>

namespace mptap {

SubflowTable::SubflowTable(const SubflowTableOptions& options, std::uint64_t seed)
    : capacity_(std::bit_ceil(std::max(options.capacity, 16u))),
      receiver_limit_(std::max(capacity_ / std::max(options.receiver_share, 1u), 1u)),
      bucket_mask_(capacity_ / 4 - 1),  // at most half the ways in use: a first choice is full for few keys
      hash_(seed),
      slots_(capacity_),
      buckets_(bucket_mask_ + 1),
      receivers_(kReceiverCells) {
  wheel_.fill(kNone);
}

/// A bit for each way that carries `tag`: one comparison of 16 bytes.
unsigned SubflowTable::ways_with(const Bucket& bucket, std::uint16_t tag) {
  using Lanes [[gnu::vector_size(16)]] = std::uint16_t;
  constexpr Lanes kWayBits{1, 2, 4, 8, 16, 32, 64, 128};
  Lanes tags;
  std::memcpy(&tags, bucket.tag.data(), sizeof tags);
  const Lanes equal = (tags == tag) & kWayBits;
  std::uint64_t halves[2];
  std::memcpy(halves, &equal, sizeof halves);
  std::uint64_t folded = halves[0] | halves[1];
  if (folded == 0) return 0;
  folded |= folded >> 32;
  folded |= folded >> 16;
  return static_cast<unsigned>(folded & 0xff);
}

std::uint32_t SubflowTable::find_in(const Bucket& bucket, std::uint16_t tag, const SubflowKey& key) const {
  for (unsigned ways = ways_with(bucket, tag); ways != 0; ways &= ways - 1) {
    const std::uint32_t index = bucket.slot[static_cast<std::size_t>(std::countr_zero(ways))];
    if (slots_[index].key == key) return index;
  }
  return kNone;
}

bool SubflowTable::prefetch_slot(std::uint64_t hash) const {
  const Bucket& bucket = buckets_[first_bucket(hash)];
  const unsigned ways = ways_with(bucket, tag_of(hash));
  if (ways == 0) return bucket.overflowed != 0;
  const SubflowSlot& slot = slots_[bucket.slot[static_cast<std::size_t>(std::countr_zero(ways))]];
  __builtin_prefetch(&slot, 1);
  __builtin_prefetch(&slot.direction[0], 1);
  __builtin_prefetch(&slot.direction[1], 1);
  return true;
}

std::uint32_t SubflowTable::find(const SubflowKey& key, std::uint64_t hash) const {
  const std::uint16_t tag = tag_of(hash);
  const Bucket& first = buckets_[first_bucket(hash)];
  const std::uint32_t found = find_in(first, tag, key);
  if (found != kNone || first.overflowed == 0) return found;
  return find_in(buckets_[second_bucket(hash)], tag, key);
}

bool SubflowTable::try_put(Bucket& bucket, std::uint16_t tag, std::uint32_t index) {
  const unsigned free_ways = ways_with(bucket, 0);
  if (free_ways == 0) return false;
  const auto way = static_cast<std::size_t>(std::countr_zero(free_ways));
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
    const std::uint64_t hash = hash_of(slots_[index].key);
    if (&buckets_[first_bucket(hash)] != &bucket) continue;  // it is displaced already
    if (!try_put(buckets_[second_bucket(hash)], bucket.tag[way], index)) continue;
    ++bucket.overflowed;
    bucket.tag[way] = 0;
    return true;
  }
  return false;
}

void SubflowTable::erase_from_index(std::uint32_t index) {
  const std::uint64_t hash = hash_of(slots_[index].key);
  Bucket& first = buckets_[first_bucket(hash)];
  if (try_take(first, index)) return;
  if (try_take(buckets_[second_bucket(hash)], index)) --first.overflowed;
}

std::uint32_t SubflowTable::try_insert(const SubflowKey& key, std::uint64_t hash, SlotClass klass) {
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
  slots_[index].key = key;
  slots_[index].generation = generation;
  slots_[index].wheel_next = slots_[index].wheel_previous = kNone;
  slots_[index].wheel_tick = kNone;
  append(index, klass);
  ++used_;
  return index;
}

std::uint32_t SubflowTable::victim_for(SlotClass klass) const {
  const auto oldest = [this](SlotClass of) { return lists_[static_cast<std::size_t>(of)].head; };
  for (const SlotClass of : {SlotClass::kClosed, SlotClass::kMidstream, SlotClass::kUnanswered, SlotClass::kAnswered}) {
    if (klass == SlotClass::kMidstream && of > SlotClass::kMidstream) break;
    if (oldest(of) != kNone) return oldest(of);
  }
  return kNone;
}

void SubflowTable::release(std::uint32_t index) {
  erase_from_index(index);
  wheel_remove(index);
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

bool SubflowTable::try_count_receiver(const IpAddress& receiver) {
  std::uint32_t& held = receivers_[hash_.of16(receiver.bytes.data()) % kReceiverCells];
  if (held >= receiver_limit_) return false;
  ++held;
  return true;
}

void SubflowTable::uncount_receiver(const IpAddress& receiver) {
  std::uint32_t& held = receivers_[hash_.of16(receiver.bytes.data()) % kReceiverCells];
  if (held > 0) --held;
}

void SubflowTable::arm(std::uint32_t index, std::uint64_t now_ns, std::uint64_t deadline_ns) {
  const auto due = static_cast<std::uint32_t>(deadline_ns >> kTickShift) + 1;
  if (!wheel_started_) {
    wheel_tick_ = static_cast<std::uint32_t>(now_ns >> kTickShift);
    wheel_started_ = true;
  }
  wheel_remove(index);
  const std::uint32_t ahead = std::clamp(due - wheel_tick_, 1u, kWheelSize - 1);  // looked at again then
  wheel_insert(index, wheel_tick_ + ahead);
}

void SubflowTable::append(std::uint32_t index, SlotClass klass) {
  List& list = lists_[static_cast<std::size_t>(klass)];
  SubflowSlot& slot = slots_[index];
  slot.klass = klass;
  slot.class_next = kNone;
  slot.class_previous = list.tail;
  (list.tail == kNone ? list.head : slots_[list.tail].class_next) = index;
  list.tail = index;
  ++list.count;
}

void SubflowTable::unlink(std::uint32_t index) {
  const SubflowSlot& slot = slots_[index];
  List& list = lists_[static_cast<std::size_t>(slot.klass)];
  (slot.class_previous == kNone ? list.head : slots_[slot.class_previous].class_next) = slot.class_next;
  (slot.class_next == kNone ? list.tail : slots_[slot.class_next].class_previous) = slot.class_previous;
  --list.count;
}

void SubflowTable::wheel_insert(std::uint32_t index, std::uint32_t tick) {
  std::uint32_t& head = wheel_[tick % kWheelSize];
  SubflowSlot& slot = slots_[index];
  slot.wheel_tick = tick;
  slot.wheel_previous = kNone;
  slot.wheel_next = head;
  if (head != kNone) slots_[head].wheel_previous = index;
  head = index;
}

void SubflowTable::wheel_remove(std::uint32_t index) {
  SubflowSlot& slot = slots_[index];
  if (slot.wheel_tick == kNone) return;
  (slot.wheel_previous == kNone ? wheel_[slot.wheel_tick % kWheelSize] : slots_[slot.wheel_previous].wheel_next) =
      slot.wheel_next;
  if (slot.wheel_next != kNone) slots_[slot.wheel_next].wheel_previous = slot.wheel_previous;
  slot.wheel_tick = kNone;
}

}  // namespace mptap

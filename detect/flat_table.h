// A hash table without nodes, for the entries of a million connections.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "dataplane/prefetch.h"
#include "detect/table_memory.h"

namespace mptap {

/// Entries in open addressing with linear probing; several may have one key, and keep the order in which they came.
///
/// `Entry` has a member `key`, is_empty(), operator== and is empty when made. `Hash` must be seeded where attackers choose
/// the keys; who uses it bounds how many entries have one key. It is made of shards that grow each on its own, so that no
/// single insertion moves everything. One thread.
template <typename Entry, typename Hash>
class FlatTable {
 public:
  explicit FlatTable(Hash hash) : hash_(hash) {}

  /// Calls visit(const Entry&) for the entries of `key`, oldest first, until it returns false.
  template <typename Key, typename Visit>
  void visit(const Key& key, Visit&& visit) const {
    const std::uint64_t hash = hash_(key);
    const Shard& shard = shards_[shard_of(hash)];
    if (shard.used == 0) return;
    for (std::size_t at = hash & shard.mask; !shard.slots[at].is_empty(); at = (at + 1) & shard.mask) {
      if (shard.slots[at].key == key && !visit(shard.slots[at])) return;
    }
  }

  void insert(const Entry& entry) {
    const std::uint64_t hash = hash_(entry.key);
    Shard& shard = shards_[shard_of(hash)];
    if (shard.slots == nullptr || (shard.used + 1) * 4 > (shard.mask + 1) * 3) grow(shard);
    put(shard, entry, hash);
    ++shard.used;
  }

  /// Takes out the entry that equals this one; what stands behind it moves up.
  void erase(const Entry& entry) {
    const std::uint64_t hash = hash_(entry.key);
    Shard& shard = shards_[shard_of(hash)];
    if (shard.used == 0) return;
    std::size_t hole = hash & shard.mask;
    while (!(shard.slots[hole] == entry)) {
      if (shard.slots[hole].is_empty()) return;
      hole = (hole + 1) & shard.mask;
    }
    for (std::size_t at = (hole + 1) & shard.mask; !shard.slots[at].is_empty(); at = (at + 1) & shard.mask) {
      const std::size_t home = hash_(shard.slots[at].key) & shard.mask;
      if (((at - home) & shard.mask) < ((at - hole) & shard.mask)) continue;  // it would leave its own chain
      shard.slots[hole] = shard.slots[at];
      hole = at;
    }
    shard.slots[hole] = Entry{};
    --shard.used;
  }

  template <typename Key>
  void prefetch(const Key& key) const {
    const std::uint64_t hash = hash_(key);
    const Shard& shard = shards_[shard_of(hash)];
    if (shard.slots == nullptr) return;
    const Entry* home = &shard.slots[hash & shard.mask];
    prefetch_line(home);
    prefetch_line(reinterpret_cast<const char*>(home) + 64);  // chains go on there
  }

 private:
  static constexpr unsigned kShardBits = 8;
  static constexpr std::size_t kFirstSlots = 8;
  static_assert(std::has_single_bit(sizeof(Entry)) && kFirstSlots * sizeof(Entry) >= TableMemory::kLeast);
  static_assert(std::is_trivially_copyable_v<Entry>);

  struct Shard {
    Entry* slots = nullptr;
    std::size_t mask = 0;
    std::size_t used = 0;
  };

  static std::size_t shard_of(std::uint64_t hash) { return hash >> (64 - kShardBits); }

  static void put(Shard& shard, const Entry& entry, std::uint64_t hash) {
    std::size_t at = hash & shard.mask;
    while (!shard.slots[at].is_empty()) at = (at + 1) & shard.mask;
    shard.slots[at] = entry;
  }

  /// Begins behind an empty slot, so that entries of one key are met in their order.
  void grow(Shard& shard) {
    const Shard old = shard;
    const std::size_t slots = old.slots != nullptr ? (old.mask + 1) * 2 : kFirstSlots;
    shard = Shard{static_cast<Entry*>(memory_.take(slots * sizeof(Entry))), slots - 1, old.used};
    std::uninitialized_value_construct_n(shard.slots, slots);
    if (old.slots == nullptr) return;
    std::size_t first = 0;
    while (!old.slots[first].is_empty()) ++first;
    for (std::size_t i = 0; i <= old.mask; ++i) {
      const Entry& entry = old.slots[(first + i) & old.mask];
      if (!entry.is_empty()) put(shard, entry, hash_(entry.key));
    }
    memory_.give_back(old.slots, (old.mask + 1) * sizeof(Entry));
  }

  const Hash hash_;
  TableMemory memory_;
  std::array<Shard, std::size_t{1} << kShardBits> shards_;
};

}  // namespace mptap

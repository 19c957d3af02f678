// A map of bounded size whose least recently used entry makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "dataplane/prefetch.h"
#include "detect/chunked_array.h"

namespace mptap {

/// One thread. `Hash` must be seeded where attackers choose the keys. Memory grows with what is touched and stays.
template <typename Key, typename Value, typename Hash>
class LruMap {
 public:
  LruMap(std::size_t capacity, Hash hash) : hash_(std::move(hash)), index_(16) { set_capacity(capacity); }

  /// Entries beyond a smaller capacity leave as others are touched, two for one.
  void set_capacity(std::size_t capacity) { capacity_ = capacity < 1 ? 1 : capacity; }

  /// The entry of `key`, made if need be; it is the most recently used one then. It keeps its address until it leaves.
  Value& touch(const Key& key) {
    const std::uint64_t hash = hash_of(key);
    if (const std::uint32_t known = index_of(key, hash); known != kNone) {
      unlink(known);
      link_first(known);
      return nodes_[known].value;
    }
    for (int left = 2; left > 0 && size_ >= capacity_; --left) drop_last();
    if ((size_ + 1) * 2 > index_.size()) grow();
    const std::uint32_t fresh = take_node();
    nodes_[fresh].key = key;
    link_first(fresh);
    put(fresh, hash);
    ++size_;
    return nodes_[fresh].value;
  }

  /// The entry of `key`, or nullptr; its age does not change.
  Value* find(const Key& key) {
    const std::uint32_t known = index_of(key, hash_of(key));
    return known == kNone ? nullptr : &nodes_[known].value;
  }

  /// Drops least recently used entries while `is_stale(value)` holds for them.
  template <typename IsStale>
  void drop_while(IsStale&& is_stale) {
    while (last_ != kNone && is_stale(nodes_[last_].value)) drop_last();
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  void prefetch(const Key& key) const { prefetch_line(&index_[hash_of(key) & mask()]); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Node {
    Key key{};
    Value value{};
    std::uint32_t newer = kNone;
    std::uint32_t older = kNone;  // of a free node: the next free one
  };
  /// A place of the index, in open addressing with linear probing.
  struct Place {
    std::uint32_t node = kNone;
    std::uint32_t hash = 0;  // its low half: what tells whether to look at the node, and where the place belongs
  };

  [[nodiscard]] std::uint64_t hash_of(const Key& key) const { return static_cast<std::uint64_t>(hash_(key)); }
  [[nodiscard]] std::size_t mask() const { return index_.size() - 1; }

  [[nodiscard]] std::uint32_t index_of(const Key& key, std::uint64_t hash) const {
    const auto low = static_cast<std::uint32_t>(hash);
    for (std::size_t at = low & mask(); index_[at].node != kNone; at = (at + 1) & mask()) {
      if (index_[at].hash == low && nodes_[index_[at].node].key == key) return index_[at].node;
    }
    return kNone;
  }

  void put(std::uint32_t node, std::uint64_t hash) {
    const auto low = static_cast<std::uint32_t>(hash);
    std::size_t at = low & mask();
    while (index_[at].node != kNone) at = (at + 1) & mask();
    index_[at] = {node, low};
  }

  void erase_from_index(std::uint32_t node) {
    std::size_t hole = static_cast<std::uint32_t>(hash_of(nodes_[node].key)) & mask();
    while (index_[hole].node != node) hole = (hole + 1) & mask();
    for (std::size_t at = (hole + 1) & mask(); index_[at].node != kNone; at = (at + 1) & mask()) {
      if (((at - index_[at].hash) & mask()) < ((at - hole) & mask())) continue;  // it would leave its own chain
      index_[hole] = index_[at];
      hole = at;
    }
    index_[hole] = Place{};
  }

  void grow() {
    const std::vector<Place> old = std::exchange(index_, std::vector<Place>(index_.size() * 2));
    for (const Place& place : old) {
      if (place.node != kNone) put(place.node, place.hash);
    }
  }

  std::uint32_t take_node() {
    if (free_ == kNone) {
      (void)nodes_.make(nodes_made_);
      return nodes_made_++;
    }
    const std::uint32_t node = std::exchange(free_, nodes_[free_].older);
    return node;
  }

  void drop_last() {
    const std::uint32_t node = last_;
    erase_from_index(node);
    unlink(node);
    nodes_[node] = Node{};
    nodes_[node].older = std::exchange(free_, node);
    --size_;
    if (last_ == kNone || nodes_[last_].newer == kNone) return;
    prefetch(nodes_[nodes_[last_].newer].key);  // it leaves next but one
  }

  void link_first(std::uint32_t node) {
    nodes_[node].newer = kNone;
    nodes_[node].older = first_;
    (first_ == kNone ? last_ : nodes_[first_].newer) = node;
    first_ = node;
  }
  void unlink(std::uint32_t node) {
    const Node& it = nodes_[node];
    (it.newer == kNone ? first_ : nodes_[it.newer].older) = it.older;
    (it.older == kNone ? last_ : nodes_[it.older].newer) = it.newer;
  }

  const Hash hash_;
  std::size_t capacity_ = 1;
  std::size_t size_ = 0;
  ChunkedArray<Node> nodes_;
  std::uint32_t nodes_made_ = 0;
  std::vector<Place> index_;
  std::uint32_t first_ = kNone;  // used most recently
  std::uint32_t last_ = kNone;
  std::uint32_t free_ = kNone;
};

}  // namespace mptap

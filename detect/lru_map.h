// A map of bounded size whose least recently used entry makes room.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace mptap {

/// One thread. `Hash` must be seeded where attackers choose the keys.
template <typename Key, typename Value, typename Hash>
class LruMap {
 public:
  LruMap(std::size_t capacity, Hash hash) : index_(16, hash) { set_capacity(capacity); }

  /// Entries beyond a smaller capacity leave as others are touched, two for one.
  void set_capacity(std::size_t capacity) { capacity_ = capacity < 1 ? 1 : capacity; }

  /// The entry of `key`, made if need be; it is the most recently used one then.
  Value& touch(const Key& key) {
    if (const auto found = index_.find(key); found != index_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->second;
    }
    for (int left = 2; left > 0 && index_.size() >= capacity_; --left) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, Value{});
    index_.emplace(key, entries_.begin());
    return entries_.front().second;
  }

  /// The entry of `key`, or nullptr; its age does not change.
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->second;
  }

  /// Drops least recently used entries while `is_stale(value)` holds for them.
  template <typename IsStale>
  void drop_while(IsStale&& is_stale) {
    while (!entries_.empty() && is_stale(entries_.back().second)) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
  }

  [[nodiscard]] std::size_t size() const { return index_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;
  std::size_t capacity_ = 1;
  Entries entries_;
  std::unordered_map<Key, typename Entries::iterator, Hash> index_;
};

}  // namespace mptap

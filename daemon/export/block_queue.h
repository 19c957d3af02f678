// A bounded queue between two threads whose memory is what waits in it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <utility>

#include "dataplane/spsc_ring.h"

namespace mptap {

/// Single producer, single consumer, no lock; blocks of elements come and go as the queue grows and shrinks, so that a
/// large capacity costs nothing while the consumer keeps up.
///
/// Producer thread: has_room(), next_place(), push(). Consumer thread: try_pop(). Any thread: size(), capacity().
template <typename T>
class BlockQueue {
 public:
  explicit BlockQueue(std::size_t capacity) : capacity_(capacity), head_(new Block), tail_(head_) {}
  BlockQueue(const BlockQueue&) = delete;
  BlockQueue& operator=(const BlockQueue&) = delete;
  ~BlockQueue() {
    while (head_ != nullptr) delete std::exchange(head_, head_->next);
    for (Block* spare = nullptr; spares_.try_pop(spare);) delete spare;
  }

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  /// Whether one more leaves at least `kept_free` places; asks the consumer's side only where it must.
  [[nodiscard]] bool has_room(std::size_t kept_free = 0) {
    if (pushed_count_ - popped_seen_ + kept_free < capacity_) return true;
    popped_seen_ = popped_.value.load(std::memory_order_acquire);
    return pushed_count_ - popped_seen_ + kept_free < capacity_;
  }

  /// The place of the next element, to be filled before push(). There must be room.
  [[nodiscard]] T& next_place() {
    if (tail_at_ == kBlock) {
      Block* fresh = nullptr;
      if (!spares_.try_pop(fresh)) fresh = new Block;
      tail_->next = fresh;
      tail_ = fresh;
      tail_at_ = 0;
    }
    return tail_->elements[tail_at_];
  }

  /// Shows the element in next_place() to the consumer.
  void push() {
    ++tail_at_;
    pushed_.value.store(++pushed_count_, std::memory_order_release);
  }

  /// Moves the oldest element to `out`; false where there is none.
  [[nodiscard]] bool try_pop(T& out) {
    if (popped_count_ == pushed_seen_) {
      pushed_seen_ = pushed_.value.load(std::memory_order_acquire);
      if (popped_count_ == pushed_seen_) return false;
    }
    if (head_at_ == kBlock) {  // what was pushed stands in the next one
      give_back(std::exchange(head_, head_->next));
      head_at_ = 0;
    }
    T& place = head_->elements[head_at_++];
    out = std::move(place);
    place = T{};  // what was taken leaves nothing behind
    popped_.value.store(++popped_count_, std::memory_order_release);
    return true;
  }

  /// Elements that wait.
  [[nodiscard]] std::size_t size() const {
    const std::size_t popped = popped_.value.load(std::memory_order_acquire);
    return pushed_.value.load(std::memory_order_acquire) - popped;
  }

 private:
  static constexpr std::size_t kBlock = 32;
  static constexpr std::size_t kSpares = 64;  // blocks that are kept for the next rows
  static constexpr std::size_t kCacheLine = 64;

  struct Block {
    std::array<T, kBlock> elements;
    Block* next = nullptr;
  };
  struct alignas(kCacheLine) SharedCount {
    std::atomic<std::size_t> value{0};
  };

  void give_back(Block* block) {
    block->next = nullptr;
    if (!spares_.try_push(block)) return delete block;
    spares_.publish();
  }

  const std::size_t capacity_;
  SpscRing<Block*> spares_{kSpares};         // from the consumer to the producer
  SharedCount pushed_;
  SharedCount popped_;
  alignas(kCacheLine) Block* head_;          // consumer's
  std::size_t head_at_ = 0;
  std::size_t popped_count_ = 0;
  std::size_t pushed_seen_ = 0;
  alignas(kCacheLine) Block* tail_;          // producer's
  std::size_t tail_at_ = 0;
  std::size_t pushed_count_ = 0;
  std::size_t popped_seen_ = 0;
};

}  // namespace mptap

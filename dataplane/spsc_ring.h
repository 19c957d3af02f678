// A bounded ring between exactly two threads: one pushes, one pops; neither locks nor waits.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "dataplane/prefetch.h"

namespace mptap {

/// Single producer, single consumer. Each side keeps a copy of the other's index, so that the shared cache
/// lines move once a batch and not once an element.
///
/// Producer thread: update_fill(), next_place(), push_next(), try_push(), publish(). Consumer thread: try_pop(). Any
/// thread: size(). Memory is taken once, at construction.
template <typename T>
class SpscRing {
 public:
  static constexpr std::size_t kCacheLine = 64;

  /// @param capacity  Elements, rounded up to a power of two, at least 2.
  /// @param reserve   Elements beyond these, of which next_place() knows only where it is asked to.
  explicit SpscRing(std::size_t capacity, std::size_t reserve = 0)
      : capacity_(std::bit_ceil(capacity < 2 ? 2 : capacity)),
        reserve_(reserve),
        mask_(std::bit_ceil(capacity_ + reserve) - 1),
        slots_(std::make_unique<T[]>(mask_ + 1)) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t reserve() const { return reserve_; }

  /// How many elements wait now, pushed and not popped: no more than this until the next push.
  std::size_t update_fill() {
    producer_.popped_seen = popped_.value.load(std::memory_order_acquire);
    return fill_bound();
  }

  /// Elements in the ring as the producer last knew: an upper bound that costs no shared access.
  [[nodiscard]] std::size_t fill_bound() const { return producer_.next_push - producer_.popped_seen; }

  /// Where the next element is written, in its default state; push_next() makes it one of the ring.
  /// @param limit  1..capacity() + reserve().
  /// @return nullptr where so many elements wait already, as far as the producer knows: see update_fill().
  [[nodiscard]] T* next_place(std::size_t limit) {
    if (fill_bound() >= limit) return nullptr;
    prefetch_line(&slots_[(producer_.next_push + kAhead) & mask_]);
    return &slots_[producer_.next_push & mask_];
  }
  /// Only after next_place() gave a place. The consumer sees the element after publish().
  void push_next() { ++producer_.next_push; }

  /// Takes `element` unless `capacity()` wait already.
  template <typename U>
  [[nodiscard]] bool try_push(U&& element) {
    if (fill_bound() >= capacity_) update_fill();
    T* place = next_place(capacity_);
    if (place == nullptr) return false;
    *place = std::forward<U>(element);
    push_next();
    return true;
  }

  /// Shows everything pushed so far to the consumer: once a burst.
  void publish() { pushed_.value.store(producer_.next_push, std::memory_order_release); }

  /// Moves the oldest element to `out`; false where there is none.
  [[nodiscard]] bool try_pop(T& out) {
    if (consumer_.next_pop == consumer_.pushed_seen) {
      consumer_.pushed_seen = pushed_.value.load(std::memory_order_acquire);
      if (consumer_.next_pop == consumer_.pushed_seen) return false;
    }
    T& slot = slots_[consumer_.next_pop & mask_];
    out = std::move(slot);
    // What was taken leaves nothing behind: it may hold keys. Made anew in its place: an empty one made elsewhere, in parts,
    // and copied whole would wait for the store buffer.
    std::destroy_at(&slot);
    std::construct_at(&slot);
    ++consumer_.next_pop;
    popped_.value.store(consumer_.next_pop, std::memory_order_release);
    return true;
  }

  /// Elements that wait, as seen from any thread.
  [[nodiscard]] std::size_t size() const {
    const std::size_t popped = popped_.value.load(std::memory_order_acquire);
    return pushed_.value.load(std::memory_order_acquire) - popped;
  }

 private:
  /// Elements whose lines the producer asks back from the consumer before it writes them.
  static constexpr std::size_t kAhead = 8;

  // One line for each writer: what either thread writes stands on lines that the other never writes.
  struct alignas(kCacheLine) SharedIndex {
    std::atomic<std::size_t> value{0};
  };
  struct alignas(kCacheLine) Producer {
    std::size_t next_push = 0;
    std::size_t popped_seen = 0;
  };
  struct alignas(kCacheLine) Consumer {
    std::size_t next_pop = 0;
    std::size_t pushed_seen = 0;
  };
  static_assert(sizeof(SharedIndex) == kCacheLine && sizeof(Producer) == kCacheLine && sizeof(Consumer) == kCacheLine);

  const std::size_t capacity_;
  const std::size_t reserve_;
  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  SharedIndex pushed_;  // the producer's
  SharedIndex popped_;  // the consumer's
  Producer producer_;
  Consumer consumer_;
};
static_assert(alignof(SpscRing<int>) == SpscRing<int>::kCacheLine && sizeof(SpscRing<int>) % SpscRing<int>::kCacheLine == 0,
              "no neighbour in memory shares a line with a ring");

}  // namespace mptap

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
/// Producer thread: free_room(), try_push(), publish(). Consumer thread: try_pop(). Any thread: size().
/// Memory is taken once, at construction.
template <typename T>
class SpscRing {
 public:
  static constexpr std::size_t kCacheLine = 64;

  /// @param capacity  Elements, rounded up to a power of two, at least 2.
  explicit SpscRing(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? 2 : capacity) - 1), slots_(std::make_unique<T[]>(mask_ + 1)) {}

  [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

  /// How many elements fit now; at least this many until the next push.
  [[nodiscard]] std::size_t free_room() {
    producer_.popped_seen = popped_.value.load(std::memory_order_acquire);
    return capacity() - (producer_.next_push - producer_.popped_seen);
  }

  /// Takes `element` unless the ring is full. The consumer sees it after publish().
  template <typename U>
  [[nodiscard]] bool try_push(U&& element) {
    if (producer_.next_push - producer_.popped_seen > mask_ && free_room() == 0) return false;
    prefetch_line(&slots_[(producer_.next_push + kAhead) & mask_]);
    slots_[producer_.next_push & mask_] = std::forward<U>(element);
    ++producer_.next_push;
    return true;
  }

  /// Elements in the ring as the producer last knew: an upper bound that costs no shared access.
  [[nodiscard]] std::size_t fill_bound() const { return producer_.next_push - producer_.popped_seen; }

  /// Shows everything pushed so far to the consumer: once a burst.
  void publish() { pushed_.value.store(producer_.next_push, std::memory_order_release); }

  /// Moves the oldest element to `out`; false where there is none.
  [[nodiscard]] bool try_pop(T& out) {
    if (consumer_.next_pop == consumer_.pushed_seen) {
      consumer_.pushed_seen = pushed_.value.load(std::memory_order_acquire);
      if (consumer_.next_pop == consumer_.pushed_seen) return false;
    }
    out = std::exchange(slots_[consumer_.next_pop & mask_], T{});  // what was taken leaves nothing behind: it may hold keys
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

// A bounded ring between exactly two threads: one pushes, one pops; neither locks nor waits.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

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
    popped_seen_ = popped_.value.load(std::memory_order_acquire);
    return capacity() - (next_push_ - popped_seen_);
  }

  /// Takes `element` unless the ring is full. The consumer sees it after publish().
  template <typename U>
  [[nodiscard]] bool try_push(U&& element) {
    if (next_push_ - popped_seen_ > mask_ && free_room() == 0) return false;
    slots_[next_push_ & mask_] = std::forward<U>(element);
    ++next_push_;
    return true;
  }

  /// Elements in the ring as the producer last knew: an upper bound that costs no shared access.
  [[nodiscard]] std::size_t fill_bound() const { return next_push_ - popped_seen_; }

  /// Shows everything pushed so far to the consumer: once a burst.
  void publish() { pushed_.value.store(next_push_, std::memory_order_release); }

  /// Moves the oldest element to `out`; false where there is none.
  [[nodiscard]] bool try_pop(T& out) {
    if (next_pop_ == pushed_seen_) {
      pushed_seen_ = pushed_.value.load(std::memory_order_acquire);
      if (next_pop_ == pushed_seen_) return false;
    }
    out = std::exchange(slots_[next_pop_ & mask_], T{});  // what was taken leaves nothing behind: it may hold keys
    ++next_pop_;
    popped_.value.store(next_pop_, std::memory_order_release);
    return true;
  }

  /// Elements that wait, as seen from any thread.
  [[nodiscard]] std::size_t size() const {
    const std::size_t popped = popped_.value.load(std::memory_order_acquire);
    return pushed_.value.load(std::memory_order_acquire) - popped;
  }

 private:
  struct alignas(kCacheLine) SharedIndex {
    std::atomic<std::size_t> value{0};
  };

  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  SharedIndex pushed_;
  SharedIndex popped_;
  alignas(kCacheLine) std::size_t next_push_ = 0;  // producer's
  std::size_t popped_seen_ = 0;
  alignas(kCacheLine) std::size_t next_pop_ = 0;   // consumer's
  std::size_t pushed_seen_ = 0;
};

}  // namespace mptap

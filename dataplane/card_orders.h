// What control asks of the cards of inline ports, and what became of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/spsc_ring.h"
#include "dataplane/types.h"

namespace mptap {

/// Subflows that cards drop at once; control gives no more.
constexpr std::size_t kCardPlaces = 1'024;

struct CardOrder {
  std::uint16_t place = 0;
  std::uint32_t number = 0;         // of the order, from 1: an answer names it
  std::optional<FourTuple> flow{};  // to be dropped, either way; none: no longer
};

/// Between control and whoever gives the cards their rules: one thread each.
class CardChannel {
 public:
  enum class Answer : std::uint8_t {
    kNone,       // not looked at yet
    kDropped,    // by one card at least
    kRefused,    // by all
    kWithdrawn,  // from all: what they dropped is counted
  };

  SpscRing<CardOrder> orders{256};

  // The cards' thread.
  void answer(const CardOrder& order, Answer answer) noexcept {
    answers_[order.place].store(std::uint64_t{order.number} << 8 | static_cast<std::uint64_t>(answer), std::memory_order_release);
  }
  /// Packets that cards have dropped for a place.
  void add(std::uint16_t place, std::uint64_t packets) noexcept {
    packets_[place].store(packets_[place].load(std::memory_order_relaxed) + packets, std::memory_order_relaxed);
  }

  /// Orders that no card has taken.
  void count_refusal() noexcept { refused_.store(refused_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

  // Control.
  [[nodiscard]] Answer answer_to(std::uint16_t place, std::uint32_t number) const noexcept {
    const std::uint64_t word = answers_[place].load(std::memory_order_acquire);
    return word >> 8 == number ? static_cast<Answer>(word & 0xff) : Answer::kNone;
  }
  /// Never reset.
  [[nodiscard]] std::uint64_t packets_of(std::uint16_t place) const noexcept { return packets_[place].load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kCardPlaces> answers_{};
  std::array<std::atomic<std::uint64_t>, kCardPlaces> packets_{};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace mptap

// Hosts that have shown, by joins that were proven, that they are no forged addresses.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "dataplane/seeded_hash.h"
#include "dataplane/types.h"

namespace mptap {

/// The latest of them, for ten minutes each: 8,192 cells by a seeded hash of the address, so that nobody can choose whose cell he
/// takes; the newest stays. 64 KiB.
///
/// Control notes, workers look up; no locks, no allocation. Two addresses are taken for one with probability 2^-45.
class ProvenSources {
 public:
  static constexpr std::size_t kCells = 8'192;

  /// @param seed  Secret, see random_seed().
  explicit ProvenSources(std::uint64_t seed) : hash_(seed) {}

  /// Control thread only. @param now_ns  Packet time.
  void note(const IpAddress& source, std::uint64_t now_ns) noexcept {
    const std::uint64_t name = name_of(source);
    cells_[name % kCells].store(tag_of(name) | step_of(now_ns), std::memory_order_relaxed);
    hint_at(source, step_of(now_ns));
  }

  /// Whether find() need be asked: false for most sources that were never noted. Any thread; about a nanosecond.
  [[nodiscard]] bool may_know(const IpAddress& source) const noexcept {
    const std::size_t hint = hint_of(source);
    const std::uint64_t word = hints_[0][hint / 64].load(std::memory_order_relaxed) | hints_[1][hint / 64].load(std::memory_order_relaxed);
    return (word >> (hint % 64) & 1) != 0;
  }

  /// Any thread; a few nanoseconds. @return The cell of a source that was noted; none of others.
  [[nodiscard]] std::optional<std::size_t> find(const IpAddress& source, std::uint64_t now_ns) const noexcept {
    const std::uint64_t name = name_of(source);
    const std::size_t at = name % kCells;
    const std::uint64_t cell = cells_[at].load(std::memory_order_relaxed);
    const auto age = static_cast<std::int32_t>(step_of(now_ns) - static_cast<std::uint32_t>(cell));
    const bool is_known = cell != 0 && (cell ^ tag_of(name)) >> 32 == 0 && age < kSteps;
    return is_known ? std::optional(at) : std::nullopt;
  }

 private:
  static constexpr std::int32_t kSteps = 559;  // ten minutes

  [[nodiscard]] std::uint64_t name_of(const IpAddress& source) const noexcept { return hash_.of16(source.bytes.data()); }
  [[nodiscard]] static std::uint64_t tag_of(std::uint64_t name) noexcept { return name >> 32 << 32; }
  [[nodiscard]] static std::uint32_t step_of(std::uint64_t time_ns) noexcept { return static_cast<std::uint32_t>(time_ns >> 30); }

  /// Of two sets one is added to; the other one is emptied when it takes over, after ten minutes: no source is forgotten before.
  void hint_at(const IpAddress& source, std::uint32_t step) noexcept {
    if (static_cast<std::int32_t>(step - hints_since_) >= kSteps || hints_since_ == 0) {
      hints_since_ = step;
      hints_now_ = 1 - hints_now_;
      for (auto& word : hints_[hints_now_]) word.store(0, std::memory_order_relaxed);
    }
    const std::size_t hint = hint_of(source);
    std::atomic<std::uint64_t>& word = hints_[hints_now_][hint / 64];
    word.store(word.load(std::memory_order_relaxed) | std::uint64_t{1} << (hint % 64), std::memory_order_relaxed);
  }

  /// Not worth an attacker's while: who finds a source that shares its bit has find() asked for it.
  [[nodiscard]] std::size_t hint_of(const IpAddress& source) const noexcept {
    std::array<std::uint64_t, 2> words;
    static_assert(sizeof words == sizeof source.bytes);
    std::memcpy(words.data(), source.bytes.data(), sizeof words);
    return ((words[0] * hint_keys_[0] ^ words[1]) * hint_keys_[1]) >> (64 - kHintBits);
  }

  static constexpr unsigned kHintBits = 15;

  const SeededHash hash_;
  const std::array<std::uint64_t, 2> hint_keys_{hash_.of64(1) | 1, hash_.of64(2) | 1};
  std::array<std::array<std::atomic<std::uint64_t>, (1u << kHintBits) / 64>, 2> hints_{};
  std::size_t hints_now_ = 0;       // control's
  std::uint32_t hints_since_ = 0;   // control's: the step
  std::array<std::atomic<std::uint64_t>, kCells> cells_{};
};

}  // namespace mptap

// Hosts that have shown, by joins that were proven, that they are no forged addresses.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
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

  const SeededHash hash_;
  std::array<std::atomic<std::uint64_t>, kCells> cells_{};
};

}  // namespace mptap

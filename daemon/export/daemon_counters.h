// What the daemon counts of itself: reloads, threads that stand still.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace mptap {

/// How a reload of the configuration ended.
enum class ReloadResult : std::uint8_t {
  kApplied,
  kRefused,  // a mistake, or a log that could not be opened: nothing was changed
  kCount
};

/// Written by the main thread, read by any.
struct DaemonCounters {
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(ReloadResult::kCount)> reloads{};
  std::atomic<std::uint64_t> config_hash{0};       // 48 bits: a double holds them
  std::atomic<std::uint64_t> started_ns{0};        // since the epoch
  std::atomic<std::uint64_t> config_loaded_ns{0};  // since the epoch
  std::atomic<std::uint64_t> stalled_threads{0};

  void count(ReloadResult result) noexcept { reloads[static_cast<std::size_t>(result)].fetch_add(1, std::memory_order_relaxed); }
};

}  // namespace mptap

// SYNs that a worker's subflow table had no place for.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/lazy_array.h"
#include "dataplane/prefetch.h"
#include "dataplane/record.h"
#include "dataplane/seeded_hash.h"

namespace mptap {

/// Remembers the options of the latest 65,536, so that a retransmission is not counted again, and so that the SYN/ACK of an
/// honest one finds them. The newest takes the place of an older one; after a minute, or two, all is forgotten, as a SYN may
/// hold a key.
///
/// One worker thread; no allocation after construction. See decision 3.
class RefusedSyns {
 public:
  RefusedSyns() : cells_(kCells) {}

  /// A SYN's name, which nobody can foretell. @param flow  See name_flow().
  [[nodiscard]] static std::uint64_t name_of(std::uint64_t flow, std::uint32_t isn) { return mix64(flow ^ isn); }

  /// Whether the SYN is one of the one in `every` that are told to control: by chance, but always the same of one SYN.
  [[nodiscard]] static bool is_sample(std::uint64_t name, std::uint32_t every) {
    return (name >> 32) * every >> 32 == 0;
  }

  void prefetch(std::uint64_t name) const { prefetch_line(&cells_[cell_of(name)]); }

  /// @param told  Whether control is told of it.
  /// @return False where it was remembered already.
  bool remember(std::uint64_t name, SynOption syn, bool told) noexcept {
    Cell& cell = cells_[cell_of(name)];
    const bool repeat = cell.is(name);
    const std::uint32_t was_told = repeat ? cell.print & kTold : 0;
    cell = {print_of(name) | (told ? kTold : 0) | was_told, syn};
    return !repeat;
  }

  struct Found {
    SynOption syn;
    bool told;
  };

  /// What was remembered of a SYN that has found its place after all; forgets it.
  [[nodiscard]] std::optional<Found> take(std::uint64_t name) noexcept {
    Cell& cell = cells_[cell_of(name)];
    if (!cell.is(name)) return std::nullopt;
    const Found found{cell.syn, (cell.print & kTold) != 0};
    cell = Cell{};
    return found;
  }

  /// Whether forget() has something to do.
  [[nodiscard]] bool is_due(std::uint64_t now_ns) const { return now_ns >> kStepShift != step_; }

  /// Each second looks at another share: what was there a minute before is more than a SYN/ACK's time old.
  void forget(std::uint64_t now_ns) noexcept;

 private:
  static constexpr std::size_t kCells = 65'536;
  static constexpr unsigned kStepShift = 30;  // about a second
  static constexpr std::uint32_t kSet = 1;    // no print is 0
  static constexpr std::uint32_t kAged = 2;
  static constexpr std::uint32_t kTold = 4;

  struct Cell {
    std::uint32_t print;
    SynOption syn;

    [[nodiscard]] bool is(std::uint64_t name) const { return (print & ~(kAged | kTold)) == print_of(name); }
  };

  [[nodiscard]] static std::size_t cell_of(std::uint64_t name) { return name >> 32 & (kCells - 1); }
  [[nodiscard]] static std::uint32_t print_of(std::uint64_t name) {
    return (static_cast<std::uint32_t>(name) & ~(kAged | kTold)) | kSet;
  }

  LazyArray<Cell> cells_;
  std::uint64_t step_ = 0;  // the second whose share was looked at last
};

}  // namespace mptap

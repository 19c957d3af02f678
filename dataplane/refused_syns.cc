#include "dataplane/refused_syns.h"

namespace mptap {

void RefusedSyns::forget(std::uint64_t now_ns) noexcept {
  constexpr std::uint64_t kShares = 64;
  constexpr std::size_t kShare = kCells / kShares;
  const std::uint64_t step = now_ns >> kStepShift;
  if (step == step_) return;
  if (step - step_ > kShares) step_ = step - kShares;
  const std::size_t first = (++step_ % kShares) * kShare;
  for (std::size_t i = first; i < first + kShare; ++i) {
    Cell& cell = cells_[i];
    if (cell.print == 0) continue;  // reading leaves untouched pages untouched
    if ((cell.print & kAged) != 0) {
      cell = Cell{};
    } else {
      cell.print |= kAged;
    }
  }
}

}  // namespace mptap

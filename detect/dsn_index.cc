#include "detect/dsn_index.h"

namespace mptap {

void DsnIndex::add(std::uint64_t dsn, const HostRef& host) {
  const std::uint64_t block = dsn / kNear;
  if (index_.count(block) < kMaxPerBlock) index_.emplace(block, Entry{dsn, host});
}

void DsnIndex::remove(std::uint64_t dsn, const HostRef& host) {
  const auto [first, last] = index_.equal_range(dsn / kNear);
  for (auto at = first; at != last; ++at) {
    if (at->second.dsn == dsn && at->second.host == host) {
      index_.erase(at);
      return;
    }
  }
}

HostRef DsnIndex::find(std::uint64_t dsn) {
  constexpr std::uint64_t kBlocks = ~std::uint64_t{0} / kNear + 1;
  const std::uint64_t block = dsn / kNear;
  HostRef best;
  int found = 0;
  for (const std::uint64_t candidate_block : {block, (block + kBlocks - 1) % kBlocks, (block + 1) % kBlocks}) {
    const auto [first, last] = index_.equal_range(candidate_block);
    for (auto at = first; at != last; ++at) {
      // What was noted may itself stand in the middle: a little before it counts, too.
      if (dsn - at->second.dsn + kNear / 16 >= kNear || connections_.find(at->second.host.connection) == nullptr) continue;
      if (found != 0 && at->second.host == best) continue;
      best = at->second.host;
      ++found;
    }
  }
  return found == 1 ? best : HostRef{};
}

}  // namespace mptap

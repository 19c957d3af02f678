#include "detect/dsn_index.h"

namespace mptap {

void DsnIndex::add(std::uint64_t dsn, const HostRef& host) {
  std::size_t others = 0;
  table_.visit(Block{dsn}, [&others](const Entry&) { return ++others < kMaxPerBlock; });
  if (others < kMaxPerBlock) table_.insert({Block{dsn}, PackedHostRef(host)});
}

void DsnIndex::remove(std::uint64_t dsn, const HostRef& host) { table_.erase({Block{dsn}, PackedHostRef(host)}); }

HostRef DsnIndex::find(std::uint64_t dsn) {
  HostRef best;
  int found = 0;
  for (const std::uint64_t near : {dsn, dsn - kNear, dsn + kNear}) {
    table_.visit(Block{near}, [&](const Entry& entry) {
      const HostRef host = entry.host.unpack();
      // What was noted may itself stand in the middle: a little before it counts, too.
      if (dsn - entry.key.dsn + kNear / 16 >= kNear || connections_.find(host.connection) == nullptr) return true;
      if (found != 0 && host == best) return true;
      best = host;
      ++found;
      return true;
    });
  }
  return found == 1 ? best : HostRef{};
}

}  // namespace mptap

#include "detect/dsn_index.h"

namespace mptap {
namespace {

/// What was noted may itself stand in the middle: a little before it counts, too.
bool continues(std::uint64_t dsn, std::uint64_t noted) { return dsn - noted + DsnIndex::kNear / 16 < DsnIndex::kNear; }

}  // namespace

void DsnIndex::add(std::uint64_t dsn, const HostRef& host) {
  std::size_t others = 0;
  table_.visit(block_of(dsn), [&others](const Entry&) { return ++others < kMaxPerBlock; });
  if (others < kMaxPerBlock) table_.insert({block_of(dsn), PackedHostRef(host)});
}

void DsnIndex::remove(std::uint64_t dsn, const HostRef& host) { table_.erase({block_of(dsn), PackedHostRef(host)}); }

HostRef DsnIndex::find(std::uint64_t dsn) const {
  HostRef best;
  int found = 0;
  for (const std::uint64_t near : {dsn, dsn - kNear, dsn + kNear}) {
    table_.visit(block_of(near), [&](const Entry& entry) {
      const Connection& connection = connections_.at(entry.host.index());
      const Role role = entry.host.role();
      const auto idsn = connection.host(role).idsn();
      const auto& noted = connection.rare_of(role).noted_dsn;
      if (!(idsn && continues(dsn, idsn->value)) && !(noted && continues(dsn, *noted))) return true;
      const HostRef host{connection.self, role};
      if (found != 0 && host == best) return true;
      best = host;
      ++found;
      return true;
    });
  }
  return found == 1 ? best : HostRef{};
}

}  // namespace mptap

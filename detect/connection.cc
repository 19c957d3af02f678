#include "detect/connection.h"

namespace mptap {

bool Connection::may_have_other_paths() const { return hosts[0].has_unused_address() || hosts[1].has_unused_address(); }

bool Connection::sight_is_full(Role sender) const {
  const Host& own = host(sender);
  if (!handshake_seen || partial || one_sided || hosts[0].missed || hosts[1].missed || own.has_unplaced() || !own.idsn()) return false;
  const std::uint64_t advance = own.dsn_high == 0 ? 0 : own.dsn_high - own.idsn()->value - 1;
  return mapped(sender) >= advance;
}

}  // namespace mptap

#include "detect/connection.h"

#include <algorithm>

namespace mptap {
namespace {

constexpr std::size_t kMaxAddresses = 256;  // as many as there are IDs

}  // namespace

const KnownAddress* Host::find(AddressId id) const {
  const auto found = std::find_if(addresses.begin(), addresses.end(), [id](const auto& known) { return known.id == id; });
  return found == addresses.end() ? nullptr : &*found;
}

bool Host::knows(const IpAddress& address) const {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const auto& known) { return !known.removed && known.address == address; });
}

void Host::note_used(AddressId id, const IpAddress& address) {
  for (auto& known : addresses) {
    if (known.id != id) continue;
    if (known.removed) known = KnownAddress{.id = id, .address = address};  // the ID was free for another
    known.used = true;
    return;
  }
  if (addresses.size() >= kMaxAddresses) return;
  addresses.push_back(KnownAddress{.id = id, .address = address, .used = true});
}

AddressChange Host::advertise(AddressId id, const IpAddress& address, std::uint16_t port, IpAddress& previous) {
  const auto known = std::find_if(addresses.begin(), addresses.end(), [id](const auto& entry) { return entry.id == id; });
  if (known == addresses.end()) {
    if (addresses.size() < kMaxAddresses) addresses.push_back({.id = id, .address = address, .port = port, .advertised = true});
    return AddressChange::kNew;
  }
  const KnownAddress before = *known;
  *known = {.id = id, .address = address, .port = port, .advertised = true, .used = before.used && !before.removed};
  if (before.removed) return AddressChange::kNew;
  if (before.address == address) {
    if (!before.advertised) return AddressChange::kNew;
    return before.port == port ? AddressChange::kRepeated : AddressChange::kPortChanged;
  }
  // Behind NAT an address in use looks other than the one advertised; ID 0 is the initial subflow's for good.
  if (!before.advertised && id != AddressId{0}) return AddressChange::kNew;
  previous = before.address;
  return AddressChange::kConflict;
}

void Host::remove(AddressId id, std::uint64_t time_ns) {
  for (auto& known : addresses) {
    if (known.id != id || known.removed) continue;
    known.removed = true;
    known.removed_ns = time_ns;
  }
}

std::size_t Host::live_ids() const {
  return static_cast<std::size_t>(
      std::count_if(addresses.begin(), addresses.end(), [](const auto& known) { return !known.removed; }));
}

bool Connection::may_have_other_paths() const {
  return std::any_of(hosts.begin(), hosts.end(), [](const Host& host) {
    return std::any_of(host.addresses.begin(), host.addresses.end(),
                       [](const KnownAddress& known) { return known.advertised && !known.used && !known.removed; });
  });
}

bool Connection::sight_is_full(Role sender) const {
  const Host& own = host(sender);
  if (!handshake_seen || partial || one_sided || hosts[0].missed || hosts[1].missed || own.unplaced != 0 || !own.idsn) return false;
  const std::uint64_t advance = own.dsn_high == 0 ? 0 : own.dsn_high - own.idsn->value - 1;
  return mapped[static_cast<std::size_t>(sender)] >= advance;
}

}  // namespace mptap

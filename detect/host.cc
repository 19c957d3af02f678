#include "detect/host.h"

namespace mptap {
namespace {

constexpr std::size_t kMaxAddresses = 256;  // as many as there are IDs

/// Where the address of that ID stands; the size of the list where there is none.
std::size_t place_of(const AddressList& addresses, AddressId id) {
  std::size_t at = 0;
  while (at < addresses.size() && addresses[at].id != id) ++at;
  return at;
}

}  // namespace

std::optional<KnownAddress> Host::find(AddressId id) const {
  for (const KnownAddress known : addresses) {
    if (known.id == id) return known;
  }
  return std::nullopt;
}

bool Host::knows(const IpAddress& address) const {
  for (const KnownAddress known : addresses) {
    if (!known.removed && known.address == address) return true;
  }
  return false;
}

void Host::note_used(AddressId id, const IpAddress& address) {
  const std::size_t at = place_of(addresses, id);
  if (at != addresses.size()) {
    KnownAddress known = addresses[at];
    if (known.removed) known = KnownAddress{.id = id, .address = address};  // the ID was free for another
    known.used = true;
    addresses.replace(at, known);
    return;
  }
  if (addresses.size() >= kMaxAddresses) return;
  addresses.push_back(KnownAddress{.id = id, .address = address, .used = true});
}

AddressChange Host::advertise(AddressId id, const IpAddress& address, std::uint16_t port, IpAddress& previous) {
  const std::size_t at = place_of(addresses, id);
  if (at == addresses.size()) {
    if (addresses.size() < kMaxAddresses) addresses.push_back({.id = id, .address = address, .port = port, .advertised = true});
    return AddressChange::kNew;
  }
  const KnownAddress before = addresses[at];
  // Behind NAT an address in use looks other than the one advertised; ID 0 is the initial subflow's for good.
  const bool same = before.address == address || (!before.advertised && id != AddressId{0});
  const bool used = same && before.used && !before.removed;
  addresses.replace(at, {.id = id, .address = address, .port = port, .advertised = true, .used = used});
  if (before.removed) return AddressChange::kNew;
  if (!same) {
    previous = before.address;
    return AddressChange::kConflict;
  }
  if (!before.advertised) return AddressChange::kNew;
  return before.port == port ? AddressChange::kRepeated : AddressChange::kPortChanged;
}

void Host::remove(AddressId id, std::uint64_t time_ns) {
  const std::size_t at = place_of(addresses, id);
  if (at == addresses.size() || addresses[at].removed) return;
  KnownAddress known = addresses[at];
  known.removed = true;
  known.removed_ns = time_ns;
  addresses.replace(at, known);
}

std::size_t Host::live_ids() const {
  std::size_t live = 0;
  for (const KnownAddress known : addresses) live += known.removed ? 0 : 1;
  return live;
}

bool Host::has_unused_address() const {
  for (const KnownAddress known : addresses) {
    if (known.advertised && !known.used && !known.removed) return true;
  }
  return false;
}

}  // namespace mptap

#include "detect/address_list.h"

#include <cstring>

namespace mptap {
namespace {

// A packed address: the four bytes, its port in 16 bits, its ID in 8, and these.
constexpr unsigned kPortAt = 32;
constexpr unsigned kIdAt = 48;
constexpr std::uint64_t kSet = 1ull << 56;
constexpr std::uint64_t kAdvertised = 1ull << 57;
constexpr std::uint64_t kUsed = 1ull << 58;

bool fits(const KnownAddress& known) { return known.address.is_v4() && !known.removed; }

std::uint64_t pack(const KnownAddress& known) {
  std::uint32_t address = 0;
  std::memcpy(&address, &known.address.bytes[12], sizeof address);
  return kSet | (known.advertised ? kAdvertised : 0) | (known.used ? kUsed : 0) |
         std::uint64_t{known.id.value} << kIdAt | std::uint64_t{known.port} << kPortAt | address;
}

KnownAddress unpack(std::uint64_t word) {
  const auto address = static_cast<std::uint32_t>(word);
  KnownAddress known;
  known.id = AddressId{static_cast<std::uint8_t>(word >> kIdAt)};
  known.port = static_cast<std::uint16_t>(word >> kPortAt);
  known.advertised = (word & kAdvertised) != 0;
  known.used = (word & kUsed) != 0;
  known.address = IpAddress::from_v4(reinterpret_cast<const std::uint8_t*>(&address));
  return known;
}

}  // namespace

std::size_t AddressList::size() const {
  if (is_apart()) return apart()->size();
  std::size_t size = 0;
  while (size < kFew && words_[size] != 0) ++size;
  return size;
}

KnownAddress AddressList::operator[](std::size_t at) const { return is_apart() ? (*apart())[at] : unpack(words_[at]); }

void AddressList::push_back(const KnownAddress& known) {
  const std::size_t at = size();
  if (!is_apart() && (at == kFew || !fits(known))) move_apart();
  if (is_apart()) {
    apart()->push_back(known);
  } else {
    words_[at] = pack(known);
  }
}

void AddressList::replace(std::size_t at, const KnownAddress& known) {
  if (!is_apart() && !fits(known)) move_apart();
  if (is_apart()) {
    (*apart())[at] = known;
  } else {
    words_[at] = pack(known);
  }
}

void AddressList::move_apart() {
  auto all = std::make_unique<Apart>();
  for (const KnownAddress known : *this) all->push_back(known);
  put_apart(std::move(all));
}

}  // namespace mptap

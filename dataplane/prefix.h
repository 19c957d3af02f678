// Address prefixes.
#pragma once

#include <cstdint>

#include "dataplane/types.h"

namespace mptap {

/// An address prefix, IPv4 as ::ffff:0:0/96.
struct Prefix {
  IpAddress address;
  std::uint8_t bits = 128;                            // 0..128
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

/// Whether an address is one of the prefix.
[[nodiscard]] inline bool holds(const Prefix& prefix, const IpAddress& address) {
  for (unsigned bit = 0; bit < prefix.bits; bit += 8) {
    const unsigned left = prefix.bits - bit;
    const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xff : 0xff << (8 - left));
    if (((prefix.address.bytes[bit / 8] ^ address.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace mptap

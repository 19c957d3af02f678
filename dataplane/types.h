// Strong types shared by the whole project: what a value means is in its type, in host byte order.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>

namespace mptap {

/// 64-bit key of one host, as it stands in MP_CAPABLE (RFC 8684 section 3.1), read as one big-endian
/// number. A secret: never printed, logged or exported.
struct Key {
  std::uint64_t value = 0;
  friend constexpr bool operator==(Key, Key) = default;
};

/// 32-bit token that names a connection at one host (RFC 8684 section 3.2). Unique per host only.
struct Token {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(Token, Token) = default;
};

/// Data sequence number, 64 bits (RFC 8684 section 3.3.1); compares modulo 2^64.
struct Dsn {
  std::uint64_t value = 0;
  friend constexpr bool operator==(Dsn, Dsn) = default;
  /// True where `other` is ahead of this one by less than half the number space.
  [[nodiscard]] constexpr bool before(Dsn other) const {
    return static_cast<std::int64_t>(value - other.value) < 0;
  }
};

/// The 64-bit number near `reference` whose low half is `low` (RFC 8684 section 3.3.1).
[[nodiscard]] constexpr std::uint64_t extend(std::uint64_t reference, std::uint64_t low) {
  const auto difference =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(low) - static_cast<std::uint32_t>(reference));
  return reference + static_cast<std::uint64_t>(static_cast<std::int64_t>(difference));
}

/// Sequence number of TCP or of a subflow's mapping, 32 bits; compares modulo 2^32 (RFC 9293 section 3.4).
struct Ssn {
  std::uint32_t value = 0;
  friend constexpr bool operator==(Ssn, Ssn) = default;
  [[nodiscard]] constexpr bool before(Ssn other) const {
    return static_cast<std::int32_t>(value - other.value) < 0;
  }
};

/// Address ID, unique per host and connection; 0 is the address of the initial subflow (RFC 8684
/// section 3.4.1).
struct AddressId {
  std::uint8_t value = 0;
  friend constexpr auto operator<=>(AddressId, AddressId) = default;
};

/// An IPv4 or IPv6 address in 16 bytes of network order. IPv4 stands as ::ffff:a.b.c.d, which no frame may
/// carry as IPv6 (parse_frame refuses those), so that the bytes alone name the family.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  static IpAddress from_v4(const std::uint8_t* network_order) {
    // In one piece, as it is copied: what is written in parts could not be read back whole without a stall.
    using Whole [[gnu::vector_size(16)]] = std::uint64_t;
    std::uint32_t low = 0;
    std::memcpy(&low, network_order, sizeof low);
    static_assert(std::endian::native == std::endian::little);
    const Whole whole{0, std::uint64_t{low} << 32 | 0xffff0000u};
    IpAddress address;
    std::memcpy(address.bytes.data(), &whole, sizeof whole);
    return address;
  }
  static IpAddress from_v6(const std::uint8_t* network_order) {
    using Whole [[gnu::vector_size(16)]] = std::uint64_t;
    Whole whole;
    std::memcpy(&whole, network_order, sizeof whole);
    IpAddress address;
    std::memcpy(address.bytes.data(), &whole, sizeof whole);
    return address;
  }
  [[nodiscard]] bool is_v4() const {
    constexpr std::array<std::uint8_t, 4> kMark{0, 0, 0xff, 0xff};
    std::uint64_t high = 0;
    std::uint32_t middle = 0;
    std::memcpy(&high, bytes.data(), sizeof high);
    std::memcpy(&middle, &bytes[8], sizeof middle);
    return high == 0 && middle == std::bit_cast<std::uint32_t>(kMark);
  }
  friend bool operator==(const IpAddress& a, const IpAddress& b) {  // the default one calls memcmp()
    std::array<std::uint64_t, 2> left;
    std::array<std::uint64_t, 2> right;
    std::memcpy(left.data(), a.bytes.data(), sizeof left);
    std::memcpy(right.data(), b.bytes.data(), sizeof right);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
  }
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// One end of a TCP flow.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// A subflow as its opener (who sent its SYN) and acceptor see it.
struct FourTuple {
  Endpoint opener;
  Endpoint acceptor;
  friend bool operator==(const FourTuple&, const FourTuple&) = default;
};

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kNsPerMillisecond = 1'000'000;

}  // namespace mptap

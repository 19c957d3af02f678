#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mptap::testing {

/// An IPv4 or IPv6 address, its octets in wire order (IPv4 uses the first four).
struct IpAddress {
  /// Reads "192.0.2.1" or "2001:db8::1". Throws std::invalid_argument for anything else.
  static IpAddress parse(std::string_view text);

  /// Makes an IPv4 address from a number in host order: 0xc0000201 is 192.0.2.1.
  static IpAddress from_v4(std::uint32_t value);

  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return std::span<const std::uint8_t>(octets).first(is_v6 ? 16 : 4);
  }
  [[nodiscard]] std::string to_string() const;

  /// The address `step` after this one; counts in the last four octets and wraps there.
  [[nodiscard]] IpAddress plus(std::uint32_t step) const;

  bool operator==(const IpAddress&) const = default;

  bool is_v6 = false;
  std::array<std::uint8_t, 16> octets{};
};

/// One end of a TCP or UDP flow; `port` is in host byte order.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

/// Makes an Endpoint from text. Throws std::invalid_argument for a malformed address.
inline Endpoint endpoint(std::string_view address, std::uint16_t port) {
  return Endpoint{IpAddress::parse(address), port};
}

}  // namespace mptap::testing

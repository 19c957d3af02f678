#include "tests/support/ip_address.h"

#include <arpa/inet.h>

#include <stdexcept>

namespace mptap::testing {

IpAddress IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress address;
  if (inet_pton(AF_INET, copy.c_str(), address.octets.data()) == 1) return address;
  address.octets.fill(0);
  address.is_v6 = true;
  if (inet_pton(AF_INET6, copy.c_str(), address.octets.data()) == 1) return address;
  throw std::invalid_argument("not an IP address: " + copy);
}

IpAddress IpAddress::from_v4(std::uint32_t value) {
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i) {
    address.octets[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  }
  return address;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v6 ? AF_INET6 : AF_INET, octets.data(), text.data(), text.size());
  return text.data();
}

IpAddress IpAddress::plus(std::uint32_t step) const {
  const std::size_t base = is_v6 ? 12 : 0;
  std::uint32_t low = 0;
  for (std::size_t i = 0; i < 4; ++i) low = (low << 8) | octets[base + i];
  low += step;
  IpAddress sum = *this;
  for (std::size_t i = 0; i < 4; ++i) {
    sum.octets[base + i] = static_cast<std::uint8_t>(low >> (24 - 8 * i));
  }
  return sum;
}

}  // namespace mptap::testing

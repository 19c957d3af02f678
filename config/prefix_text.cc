#include "config/prefix_text.h"

#include <arpa/inet.h>

#include "config/quantity.h"

namespace mptap {
namespace {

constexpr unsigned kV4Offset = 96;  // IPv4 stands as ::ffff:0:0/96

bool has_bits_behind(const Prefix& prefix) {
  for (unsigned bit = prefix.bits; bit < 128; ++bit) {
    if ((prefix.address.bytes[bit / 8] & (0x80u >> (bit % 8))) != 0) return true;
  }
  return false;
}

}  // namespace

std::optional<Prefix> parse_prefix(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  std::array<std::uint8_t, 16> bytes{};
  Prefix prefix;
  const bool is_v4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (is_v4) {
    prefix.address = IpAddress::from_v4(bytes.data());
  } else if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
    prefix.address = IpAddress::from_v6(bytes.data());
  } else {
    return std::nullopt;
  }
  const unsigned offset = is_v4 ? kV4Offset : 0;
  if (slash != std::string::npos) {
    const Quantity bits = parse_whole(std::string_view(text).substr(slash + 1));
    if (bits.status != QuantityStatus::kOk || bits.value > 128 - offset) return std::nullopt;
    prefix.bits = static_cast<std::uint8_t>(bits.value + offset);
  }
  if (has_bits_behind(prefix)) return std::nullopt;
  return prefix;
}

std::string format_prefix(const Prefix& prefix) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool is_v4 = prefix.address.is_v4() && prefix.bits >= kV4Offset;
  inet_ntop(is_v4 ? AF_INET : AF_INET6, prefix.address.bytes.data() + (is_v4 ? 12 : 0), text, sizeof text);
  if (prefix.bits == 128) return text;
  return std::string(text) + "/" + std::to_string(prefix.bits - (is_v4 ? kV4Offset : 0));
}

}  // namespace mptap

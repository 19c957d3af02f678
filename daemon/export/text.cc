#include "daemon/export/text.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <ctime>
#include <string_view>

namespace mptap {
namespace {

constexpr std::uint64_t kNsPerMicrosecond = 1'000;

/// Appends `number` in decimals, with zeros before it up to `digits`.
void append_padded(std::string& out, std::uint64_t number, std::size_t digits) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  const auto length = static_cast<std::size_t>(end - text.data());
  if (length < digits) out.append(digits - length, '0');
  out.append(text.data(), length);
}

}  // namespace

void append_number(std::string& out, std::uint64_t number) { append_padded(out, number, 1); }

void append_address(std::string& out, const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.is_v4()) {
    inet_ntop(AF_INET, &address.bytes[12], text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
  }
  out += text.data();
}

void append_token(std::string& out, Token token) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) out += kDigits[token.value >> shift & 0xf];
}

void append_seconds(std::string& out, std::uint64_t time_ns) {
  append_number(out, time_ns / kNsPerSecond);
  out += '.';
  const std::uint64_t fraction_ns = time_ns % kNsPerSecond;
  if (fraction_ns % kNsPerMicrosecond == 0) {
    append_padded(out, fraction_ns / kNsPerMicrosecond, 6);
  } else {
    append_padded(out, fraction_ns, 9);
  }
}

std::string format_address(const IpAddress& address) {
  std::string out;
  append_address(out, address);
  return out;
}

std::string format_endpoint(const Endpoint& endpoint) {
  if (endpoint.port == 0) return format_address(endpoint.address);
  const bool brackets = !endpoint.address.is_v4();
  std::string out(brackets ? "[" : "");
  append_address(out, endpoint.address);
  out += brackets ? "]:" : ":";
  append_number(out, endpoint.port);
  return out;
}

std::string format_token(Token token) {
  std::string out;
  append_token(out, token);
  return out;
}

std::string format_seconds(std::uint64_t time_ns) {
  std::string out;
  append_seconds(out, time_ns);
  return out;
}

std::string format_stamp(std::int64_t epoch_seconds) {
  const auto seconds = static_cast<std::time_t>(epoch_seconds);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d-%H-%M-%S", &utc);
  return {text.data(), length};
}

}  // namespace mptap

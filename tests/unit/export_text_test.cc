#include "daemon/export/text.h"

#include <arpa/inet.h>

#include <array>

#include "tests/unit/catch.h"
#include "tests/unit/export_rows.h"

namespace mptap {
namespace {

using test::address_of;

TEST_CASE("addresses are written as RFC 5952 recommends", "[export][text]") {
  struct Row {
    const char* given;
    const char* written;
  };
  const Row rows[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:0db8::0001", "2001:db8::1"},
      {"2001:DB8::ABCD", "2001:db8::abcd"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:0:0:0:0", "2001:db8::"},
      {"fe80:0:0:0:1:2:3:4", "fe80::1:2:3:4"},
      {"2a02:a03f:22d9:ee00:c077:89b8:83c3:f44d", "2a02:a03f:22d9:ee00:c077:89b8:83c3:f44d"},
  };
  for (const Row& row : rows) CHECK(format_address(address_of(row.given)) == row.written);
}

TEST_CASE("each octet is written as inet_ntop does", "[export][text]") {
  for (unsigned place = 0; place < 4; ++place) {
    for (unsigned value = 0; value < 256; ++value) {
      std::array<std::uint8_t, 4> octets{7, 70, 207, 100};
      octets[place] = static_cast<std::uint8_t>(value);
      std::array<char, INET_ADDRSTRLEN> expected{};
      REQUIRE(inet_ntop(AF_INET, octets.data(), expected.data(), expected.size()) != nullptr);
      CHECK(format_address(IpAddress::from_v4(octets.data())) == expected.data());
    }
  }
}

TEST_CASE("an endpoint brackets IPv6 and leaves out a port of 0", "[export][text]") {
  CHECK(format_endpoint({address_of("192.0.2.1"), 443}) == "192.0.2.1:443");
  CHECK(format_endpoint({address_of("2001:db8::1"), 65'535}) == "[2001:db8::1]:65535");
  CHECK(format_endpoint({address_of("192.0.2.1"), 0}) == "192.0.2.1");
  CHECK(format_endpoint({address_of("2001:db8::1"), 0}) == "2001:db8::1");
}

TEST_CASE("a token has 8 lower-case hex digits", "[export][text]") {
  CHECK(format_token(Token{0}) == "00000000");
  CHECK(format_token(Token{0x00ab12cd}) == "00ab12cd");
  CHECK(format_token(Token{0xd6ef0a17}) == "d6ef0a17");
  CHECK(format_token(Token{0xffffffff}) == "ffffffff");
}

TEST_CASE("seconds keep every nanosecond there is", "[export][text]") {
  struct Row {
    std::uint64_t time_ns;
    const char* written;
  };
  const Row rows[] = {
      {0, "0.000000"},
      {1, "0.000000001"},
      {1'000, "0.000001"},
      {999'999'999, "0.999999999"},
      {1'700'000'000'123'456'000, "1700000000.123456"},
      {1'700'000'000'000'000'000, "1700000000.000000"},
      {1'700'000'000'000'000'100, "1700000000.000000100"},
      {18'446'744'073'709'551'615u, "18446744073.709551615"},
  };
  for (const Row& row : rows) CHECK(format_seconds(row.time_ns) == row.written);
}

TEST_CASE("a stamp is UTC", "[export][text]") {
  CHECK(format_stamp(0) == "1970-01-01-00-00-00");
  CHECK(format_stamp(1'717'199'999) == "2024-05-31-23-59-59");
}

}  // namespace
}  // namespace mptap

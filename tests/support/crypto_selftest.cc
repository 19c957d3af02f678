// Checks the generator's own derivations against values that a Linux 6.18 kernel put on the wire.
// If these drifted, every generated capture would agree with itself and with nothing else.

#include <cstdint>
#include <cstdio>
#include <span>

#include "tests/support/mptcp_crypto.h"

namespace {

int failures = 0;

void expect_equal(const char* what, std::uint64_t actual, std::uint64_t expected) {
  if (actual == expected) return;
  std::printf("%s: %016llx, expected %016llx\n", what, static_cast<unsigned long long>(actual),
              static_cast<unsigned long long>(expected));
  ++failures;
}

std::uint64_t load(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

}  // namespace

int main() {
  using namespace mptap::testing;
  constexpr Key kInitiatorKey = 0x37b95a4ac08368cf;
  constexpr Key kResponderKey = 0x372e3a5f8a21bd39;
  constexpr std::uint32_t kOpenerNonce = 0x0ac14893;
  constexpr std::uint32_t kAcceptorNonce = 0x110b7185;

  expect_equal("v1 token", derive_token(1, kResponderKey), 0x1c3c5d61);
  expect_equal("v1 SYN/ACK HMAC",
               derive_join_hmac64(1, kResponderKey, kInitiatorKey, kAcceptorNonce, kOpenerNonce),
               0xfd227b8c0a0a4491);
  const auto ack = derive_join_hmac(1, kInitiatorKey, kResponderKey, kOpenerNonce, kAcceptorNonce);
  expect_equal("v1 ACK HMAC, bytes 0..7", load(std::span(ack).first(8)), 0x088bc4282bfd4c9d);
  expect_equal("v1 ACK HMAC, bytes 8..15", load(std::span(ack).subspan(8, 8)), 0x91854f5b675d91b6);
  expect_equal("v1 ACK HMAC, bytes 16..19", load(std::span(ack).last(4)), 0x9f385aca);
  expect_equal("v1 ADD_ADDR HMAC",
               derive_addr_hmac(kResponderKey, kInitiatorKey, 1, IpAddress::parse("10.0.2.2"), 0),
               0xc39686d1f7015091);
  // SHA-1 of eight zero bytes is 05fe405753166f125559e7c9ac558654f107c7e9.
  expect_equal("v0 token", derive_token(0, 0), 0x05fe4057);
  expect_equal("v0 IDSN", derive_idsn(0, 0), 0xac558654f107c7e9);

  if (failures == 0) std::puts("all derivations agree");
  return failures == 0 ? 0 : 1;
}

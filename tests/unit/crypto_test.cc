// Tokens, HMACs and community IDs, against published values and packets of real hosts.
#include "detect/crypto.h"

#include <algorithm>

#include "tests/unit/control_run.h"
#include "tests/unit/exact_bytes.h"

namespace mptap {
namespace {

using namespace test;

TEST_CASE("tokens and initial data sequence numbers", "[crypto]") {
  struct Row {
    std::uint8_t version;
    std::uint64_t key;
    std::uint32_t token;
    std::uint64_t idsn;
  };
  const Row rows[] = {  // by Python's hashlib; the first also from Linux 6.18
      {1, 0x372e3a5f8a21bd39, 0x1c3c5d61, 0xc18a9d18f958852f}, {1, 0x37b95a4ac08368cf, 0x13f3f279, 0x2e246fa292eb47be},
      {1, 0, 0xaf5570f5, 0xe5b2328de0e83dfc},                  {1, ~0ull, 0x12a3ae44, 0x57fb595bbbacf0ca},
      {1, 1, 0xcd266215, 0x19ec509083d00a50},                  {0, 0x372e3a5f8a21bd39, 0x9bd05ce2, 0x5564724cf98bf696},
      {0, 0x37b95a4ac08368cf, 0xba78a8ea, 0xb6a46595af05970f}, {0, 0, 0x05fe4057, 0xac558654f107c7e9},
      {0, ~0ull, 0xbe673e8a, 0x866701c11ef8e089},              {0, 1, 0xcb473678, 0x38f11011007ad27d},
  };
  Crypto crypto;
  for (int round = 0; round < 2; ++round) {  // the state is used again and again
    for (const Row& row : rows) {
      const KeyDigest digest = crypto.derive_digest(row.version, Key{row.key});
      CHECK(digest.token.value == row.token);
      CHECK(digest.idsn.value == row.idsn);
    }
  }
}

TEST_CASE("HMACs of a join of Linux 6.18", "[crypto]") {
  Crypto crypto;
  const Key initiator{0x37b95a4ac08368cf};
  const Key responder{0x372e3a5f8a21bd39};
  const JoinHmac syn_ack = crypto.derive_join_hmac(1, responder, initiator, 0x110b7185, 0x0ac14893);
  CHECK(Octets(syn_ack.begin(), syn_ack.begin() + 8) == octets_of("fd227b8c0a0a4491"));
  const JoinHmac ack = crypto.derive_join_hmac(1, initiator, responder, 0x0ac14893, 0x110b7185);
  CHECK(Octets(ack.begin(), ack.end()) == octets_of("088bc4282bfd4c9d91854f5b675d91b69f385aca"));
}

TEST_CASE("HMACs of both versions agree with another implementation", "[crypto]") {
  Crypto crypto;
  for (const std::uint8_t version : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (std::uint64_t i = 0; i < 50; ++i) {
      const std::uint64_t a = mix64(i);
      const std::uint64_t b = mix64(i + 1000);
      const auto one = static_cast<std::uint32_t>(a);
      const auto two = static_cast<std::uint32_t>(b >> 32);
      CHECK(crypto.derive_join_hmac(version, Key{a}, Key{b}, one, two) == testing::derive_join_hmac(version, a, b, one, two));
    }
  }
}

TEST_CASE("community IDs", "[crypto]") {
  struct Row {
    FourTuple tuple;
    const char* id;
  };
  const Row rows[] = {  // the first is that of the specification; the others by Python's hashlib
      {tuple_of("128.232.110.120", 34855, "66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
      {tuple_of("66.35.250.204", 80, "128.232.110.120", 34855), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
      {tuple_of("2001:db8::1", 50000, "2001:db8::2", 443), "1:YXqXufkGr4i6TbJJYF83fvyDLZ8="},
      {tuple_of("2001:db8::2", 443, "2001:db8::1", 50000), "1:YXqXufkGr4i6TbJJYF83fvyDLZ8="},
      {tuple_of("10.0.0.1", 2, "10.0.0.1", 1), "1:mb9gqkXo1/+WeunLJO7I9i/H8Ec="},
      {tuple_of("10.0.0.1", 1, "10.0.0.1", 2), "1:mb9gqkXo1/+WeunLJO7I9i/H8Ec="},
      {tuple_of("10.0.0.1", 1, "10.0.0.1", 1), "1:+dp2Do6G15Psd+35CEle4w9raQM="},
  };
  Crypto crypto;
  for (const Row& row : rows) CHECK(crypto.derive_community_id(row.tuple) == row.id);
}

TEST_CASE("a wiped secret is gone", "[crypto]") {
  std::array<std::uint8_t, 32> secret;
  secret.fill(0x5a);
  wipe(secret.data(), secret.size());
  CHECK(std::all_of(secret.begin(), secret.end(), [](std::uint8_t byte) { return byte == 0; }));
}

}  // namespace
}  // namespace mptap

// Tokens and HMACs a second.
#include "detect/crypto.h"

#include <vector>

#include "tests/bench/micro/verdict.h"
#include "tests/support/mptcp_crypto.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

constexpr std::size_t kKeys = 1024;

std::vector<Key> keys() {
  testing::Random random(1);
  std::vector<Key> all(kKeys + 1);
  for (Key& key : all) key.value = random.next();
  return all;
}

void derive_tokens(benchmark::State& state, int version) {
  Crypto crypto;
  const std::vector<Key> all = keys();
  KeyDigest digest{};
  for (auto _ : state) {
    for (std::size_t i = 0; i < kKeys; ++i) benchmark::DoNotOptimize(digest = crypto.derive_digest(static_cast<std::uint8_t>(version), all[i]));
  }
  close(state, kKeys, digest.token.value == testing::derive_token(version, all[kKeys - 1].value), "another token");
}
BENCHMARK_CAPTURE(derive_tokens, v0, 0);
BENCHMARK_CAPTURE(derive_tokens, v1, 1);

void derive_join_hmacs(benchmark::State& state, int version) {
  Crypto crypto;
  const std::vector<Key> all = keys();
  JoinHmac hmac{};
  for (auto _ : state) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      benchmark::DoNotOptimize(hmac = crypto.derive_join_hmac(static_cast<std::uint8_t>(version), all[i], all[i + 1], 11, 22));
    }
  }
  close(state, kKeys, hmac == testing::derive_join_hmac(version, all[kKeys - 1].value, all[kKeys].value, 11, 22), "another HMAC");
}
BENCHMARK_CAPTURE(derive_join_hmacs, v0, 0);
BENCHMARK_CAPTURE(derive_join_hmacs, v1, 1);

void derive_address_hmacs(benchmark::State& state) {
  Crypto crypto;
  const std::vector<Key> all = keys();
  const std::uint8_t octets[4] = {192, 0, 2, 1};
  const IpAddress address = IpAddress::from_v4(octets);
  AddressHmac hmac{};
  for (auto _ : state) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      benchmark::DoNotOptimize(hmac = crypto.derive_address_hmac(all[i], all[i + 1], AddressId{2}, address, 443));
    }
  }
  std::uint64_t tail = 0;
  for (std::size_t i = 24; i < 32; ++i) tail = tail << 8 | hmac[i];
  const std::uint64_t expected = testing::derive_addr_hmac(all[kKeys - 1].value, all[kKeys].value, 2, testing::IpAddress::parse("192.0.2.1"), 443);
  close(state, kKeys, tail == expected, "another HMAC");
}
BENCHMARK(derive_address_hmacs);

/// One for each row of the subflow log.
void derive_community_ids(benchmark::State& state) {
  Crypto crypto;
  const std::uint8_t one[4] = {128, 232, 110, 120};
  const std::uint8_t two[4] = {66, 35, 250, 204};
  const FourTuple tuple{{IpAddress::from_v4(one), 34855}, {IpAddress::from_v4(two), 80}};
  std::string id;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kKeys; ++i) benchmark::DoNotOptimize(id = crypto.derive_community_id(tuple));
  }
  close(state, kKeys, id == "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "another community ID");  // the specification's example
}
BENCHMARK(derive_community_ids);

}  // namespace
}  // namespace mptap::bench

#include "tests/bench/round_keys.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <thread>

namespace mptap::bench {
namespace {

using testing::derive_addr_hmac;
using testing::derive_idsn;
using testing::derive_join_hmac;
using testing::derive_token;

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

std::uint64_t to_wire(std::uint64_t value) { return __builtin_bswap64(value); }

void derive_keys(const ConnectionSeed& seed, std::uint64_t round, ConnectionKeys& out) {
  std::array<std::uint64_t, 2> key{};
  for (std::size_t side = 0; side < 2; ++side) {
    key[side] = mix(seed.key[side] + round * 0x9e3779b97f4a7c15u);
    out.key[side] = to_wire(key[side]);
    out.token[side] = __builtin_bswap32(derive_token(seed.version, key[side]));
    out.shift[side] = derive_idsn(seed.version, key[side]) - derive_idsn(seed.version, seed.key[side]);
  }
  for (std::size_t i = 0; i < seed.joins; ++i) {
    const ConnectionSeed::Join& join = seed.join[i];
    const std::uint64_t opener = key[join.opener];
    const std::uint64_t acceptor = key[1 - join.opener];
    const auto answer = derive_join_hmac(seed.version, acceptor, opener, join.nonce[1], join.nonce[0]);
    std::memcpy(&out.hmac64[i], answer.data(), sizeof out.hmac64[i]);
    out.hmac[i] = derive_join_hmac(seed.version, opener, acceptor, join.nonce[0], join.nonce[1]);
  }
  if (seed.has_address) {
    const ConnectionSeed::Address& address = seed.address;
    out.addr_hmac = to_wire(derive_addr_hmac(key[address.sender], key[1 - address.sender], address.id,
                                             address.address, address.port));
  }
}

}  // namespace

RoundKeys::RoundKeys(const std::vector<ConnectionSeed>& connections, std::uint32_t rounds,
                     const std::string& cache)
    : rounds_(rounds),
      connections_(connections.size()),
      keys_(new ConnectionKeys[rounds * connections.size()]()) {
  const auto bytes = static_cast<std::streamsize>(sizeof(ConnectionKeys) * rounds_ * connections_);
  if (std::ifstream file(cache, std::ios::binary | std::ios::ate);
      !cache.empty() && file && file.tellg() == bytes) {
    file.seekg(0);
    if (file.read(reinterpret_cast<char*>(keys_.get()), bytes)) return;
  }
  const std::size_t workers = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      for (std::size_t i = worker; i < rounds_ * connections_; i += workers) {
        derive_keys(connections[i % connections_], i / connections_ + 1, keys_[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (cache.empty()) return;
  std::ofstream(cache, std::ios::binary).write(reinterpret_cast<const char*>(keys_.get()), bytes);
}

}  // namespace mptap::bench

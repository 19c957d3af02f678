// What MPTCP derives from keys: tokens, initial data sequence numbers, HMACs. The only user of OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/types.h"

namespace mptap {

/// Token and IDSN of one key (RFC 8684 section 3.2: the first 4 and the last 8 bytes of the key's hash).
struct KeyDigest {
  Token token;
  Dsn idsn;
};

/// HMAC of a join, long enough for both steps: SYN/ACK uses the first 8 bytes, ACK the first 20.
using JoinHmac = std::array<std::uint8_t, 20>;

/// HMAC of an ADD_ADDR, whole: which 8 bytes of it stand on the wire depends on the sender.
using AddressHmac = std::array<std::uint8_t, 32>;

/// One thread's hash state.
///
/// Version 0 hashes with SHA-1 (RFC 6824 section 3.2), version 1 with SHA-256 (RFC 8684 section 3.2). No method keeps a
/// key; what a digest leaves in the state is its result.
class Crypto {
 public:
  Crypto();
  Crypto(const Crypto&) = delete;
  Crypto& operator=(const Crypto&) = delete;
  ~Crypto();

  /// Token and IDSN of `key`. About 0.1 us.
  [[nodiscard]] KeyDigest derive_digest(std::uint8_t version, Key key);

  /// HMAC(first || second, first_nonce || second_nonce), RFC 8684 section 3.2.
  ///
  /// For the SYN/ACK: the acceptor's key and nonce first; for the ACK: the opener's first. About 0.4 us.
  [[nodiscard]] JoinHmac derive_join_hmac(std::uint8_t version, Key first, Key second, std::uint32_t first_nonce,
                                          std::uint32_t second_nonce);

  /// HMAC-SHA256(sender || receiver, address ID || address || port), RFC 8684 section 3.4.1. About 0.4 us.
  ///
  /// @param port  0 where the option has none.
  [[nodiscard]] AddressHmac derive_address_hmac(Key sender, Key receiver, AddressId id, const IpAddress& address,
                                                std::uint16_t port);

  /// Community ID v1 of a TCP flow, seed 0: "1:" and base64 of SHA-1 (community-id-spec). Any thread.
  [[nodiscard]] static std::string derive_community_id(const FourTuple& tuple);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Overwrites a secret so that the compiler may not leave it out: it has to take it that the memory is read.
inline void wipe(void* memory, std::size_t size) {
  std::memset(memory, 0, size);
  __asm__ volatile("" : : "r"(memory) : "memory");
}

/// Overwrites what earlier calls left on this thread's stack below the caller, 1 KiB. Compilers keep copies of what is
/// passed, and whatever is built there next takes them along in its padding. Any thread; no allocation.
void wipe_stack() noexcept;

/// Wipes and unsets a key that is no longer needed.
inline void forget(std::optional<Key>& key) {
  wipe(&key, sizeof key);
  key.reset();
}

}  // namespace mptap

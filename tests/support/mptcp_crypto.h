#pragma once

#include <array>
#include <cstdint>

#include "tests/support/ip_address.h"

namespace mptap::testing {

using Key = std::uint64_t;    // the number whose big-endian bytes stand on the wire
using Token = std::uint32_t;  // likewise

/// Derives the token of a key: the first 32 bits of its hash (SHA-1 in v0, SHA-256 in v1).
///
/// @param version  MPTCP version, 0 or 1.
/// @param key      The key, most significant byte first on the wire.
/// @return the token. Throws std::runtime_error where OpenSSL fails, std::invalid_argument for other
/// versions. Source: RFC 6824 section 3.1 (v0), RFC 8684 section 3.1 (v1).
Token derive_token(int version, Key key);

/// Derives the initial data sequence number of a key: the last 64 bits of the same hash.
///
/// The first byte of data has the number after it. Parameters and errors as derive_token.
std::uint64_t derive_idsn(int version, Key key);

/// Derives what an MP_JOIN's sender proves: HMAC(own key || peer's key, own nonce || peer's nonce).
///
/// For the SYN/ACK "own" is the acceptor and the first 8 bytes count; for the third ACK "own" is the
/// opener and all 20 count.
///
/// @return the first 20 bytes of the HMAC (HMAC-SHA1 in v0, HMAC-SHA256 in v1). Errors as derive_token.
/// Source: RFC 6824 section 3.2, RFC 8684 section 3.2.
std::array<std::uint8_t, 20> derive_join_hmac(int version, Key own_key, Key peer_key, std::uint32_t own_nonce,
                                              std::uint32_t peer_nonce);

/// The 64 bits of a join's HMAC that its SYN/ACK carries.
std::uint64_t derive_join_hmac64(int version, Key own_key, Key peer_key, std::uint32_t own_nonce,
                                 std::uint32_t peer_nonce);

/// Which 8 of the 32 bytes an ADD_ADDR carries; implementations have differed.
enum class AddrHmacForm {
  kLast8of32,  // RFC 8684
  kLast8of20,  // Linux before May 2020
  kFirst8,     // early implementations
};

/// Derives the HMAC of a v1 ADD_ADDR:
/// HMAC-SHA256(sender's key || receiver's key, address ID || address || port).
///
/// @param port  TCP port in host order; 0 where the option carries none.
/// @return 64 bits of the HMAC as `form` chooses them. Errors as derive_token.
/// Source: RFC 8684 section 3.4.1.
std::uint64_t derive_addr_hmac(Key sender_key, Key receiver_key, std::uint8_t address_id,
                               const IpAddress& address, std::uint16_t port,
                               AddrHmacForm form = AddrHmacForm::kLast8of32);

}  // namespace mptap::testing

#include "tests/support/mptcp_crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <span>
#include <stdexcept>

#include "tests/support/bytes.h"

namespace mptap::testing {
namespace {

const EVP_MD* digest_of(int version) {
  if (version == 0) return EVP_sha1();
  if (version == 1) return EVP_sha256();
  throw std::invalid_argument("MPTCP version must be 0 or 1");
}

Bytes hash(int version, Key key) {
  const Bytes input = ByteWriter().u64(key).take();
  Bytes output(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  if (EVP_Digest(input.data(), input.size(), output.data(), &size, digest_of(version), nullptr) != 1) {
    throw std::runtime_error("EVP_Digest failed");
  }
  output.resize(size);
  return output;
}

Bytes hmac(int version, Key first_key, Key second_key, const Bytes& message) {
  const Bytes key = ByteWriter().u64(first_key).u64(second_key).take();
  Bytes output(EVP_MAX_MD_SIZE);
  unsigned int size = 0;
  if (HMAC(digest_of(version), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
           output.data(), &size) == nullptr) {
    throw std::runtime_error("HMAC failed");
  }
  output.resize(size);
  return output;
}

std::uint64_t load(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

}  // namespace

Token derive_token(int version, Key key) {
  return static_cast<Token>(load(std::span<const std::uint8_t>(hash(version, key)).first(4)));
}

std::uint64_t derive_idsn(int version, Key key) {
  return load(std::span<const std::uint8_t>(hash(version, key)).last(8));
}

std::array<std::uint8_t, 20> derive_join_hmac(int version, Key own_key, Key peer_key, std::uint32_t own_nonce,
                                              std::uint32_t peer_nonce) {
  const Bytes full = hmac(version, own_key, peer_key, ByteWriter().u32(own_nonce).u32(peer_nonce).take());
  std::array<std::uint8_t, 20> first{};
  std::copy_n(full.begin(), first.size(), first.begin());
  return first;
}

std::uint64_t derive_join_hmac64(int version, Key own_key, Key peer_key, std::uint32_t own_nonce,
                                 std::uint32_t peer_nonce) {
  const auto full = derive_join_hmac(version, own_key, peer_key, own_nonce, peer_nonce);
  return load(std::span(full).first(8));
}

std::uint64_t derive_addr_hmac(Key sender_key, Key receiver_key, std::uint8_t address_id,
                               const IpAddress& address, std::uint16_t port, AddrHmacForm form) {
  const Bytes message = ByteWriter().u8(address_id).append(address.bytes()).u16(port).take();
  const Bytes full = hmac(1, sender_key, receiver_key, message);
  switch (form) {
    case AddrHmacForm::kLast8of20:
      return load(std::span(full).subspan(12, 8));
    case AddrHmacForm::kFirst8:
      return load(std::span(full).first(8));
    case AddrHmacForm::kLast8of32:
      break;
  }
  return load(std::span(full).last(8));
}

}  // namespace mptap::testing

#include "detect/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>

namespace mptap {
namespace {

constexpr std::size_t kMaxDigest = 32;
constexpr std::size_t kBlock = 64;  // of SHA-1 and SHA-256 (RFC 2104)

template <typename T>
void put_big_endian(std::uint8_t* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
  }
}

template <typename T>
T get_big_endian(const std::uint8_t* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | from[i]);
  return value;
}

}  // namespace

struct Crypto::State {
  EVP_MD* sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() {
    if (sha1 == nullptr || sha256 == nullptr || context == nullptr) std::abort();
  }
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(sha256);
    EVP_MD_free(sha1);
  }

  [[nodiscard]] const EVP_MD* algorithm(std::uint8_t version) const { return version == 0 ? sha1 : sha256; }

  std::array<std::uint8_t, kMaxDigest> digest(const EVP_MD* md, std::span<const std::uint8_t> first,
                                              std::span<const std::uint8_t> second = {}) {
    std::array<std::uint8_t, kMaxDigest> out{};
    const bool ok = EVP_DigestInit_ex2(context, md, nullptr) == 1 &&
                    EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                    EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                    EVP_DigestFinal_ex(context, out.data(), nullptr) == 1;
    if (!ok) std::abort();
    return out;
  }

  /// HMAC (RFC 2104) of a 16-byte key: two digests over one block each and the message.
  std::array<std::uint8_t, kMaxDigest> hmac(const EVP_MD* md, std::array<std::uint8_t, 16>& key,
                                            std::span<const std::uint8_t> message) {
    std::array<std::uint8_t, kBlock> inner;
    std::array<std::uint8_t, kBlock> outer;
    inner.fill(0x36);
    outer.fill(0x5c);
    for (std::size_t i = 0; i < key.size(); ++i) {
      inner[i] ^= key[i];
      outer[i] ^= key[i];
    }
    const auto inner_digest = digest(md, inner, message);
    const auto size = static_cast<std::size_t>(EVP_MD_get_size(md));
    const auto result = digest(md, outer, std::span(inner_digest).first(size));
    wipe(inner.data(), inner.size());
    wipe(outer.data(), outer.size());
    return result;
  }
};

Crypto::Crypto() : state_(std::make_unique<State>()) {}
Crypto::~Crypto() = default;

KeyDigest Crypto::derive_digest(std::uint8_t version, Key key) {
  std::array<std::uint8_t, 8> wire;
  put_big_endian(wire.data(), key.value);
  const EVP_MD* md = state_->algorithm(version);
  const auto hash = state_->digest(md, wire);
  wipe(wire.data(), wire.size());
  const auto size = static_cast<std::size_t>(EVP_MD_get_size(md));
  return {Token{get_big_endian<std::uint32_t>(hash.data())}, Dsn{get_big_endian<std::uint64_t>(hash.data() + size - 8)}};
}

JoinHmac Crypto::derive_join_hmac(std::uint8_t version, Key first, Key second, std::uint32_t first_nonce,
                                  std::uint32_t second_nonce) {
  std::array<std::uint8_t, 16> keys;
  put_big_endian(keys.data(), first.value);
  put_big_endian(keys.data() + 8, second.value);
  std::array<std::uint8_t, 8> nonces;
  put_big_endian(nonces.data(), first_nonce);
  put_big_endian(nonces.data() + 4, second_nonce);
  const auto full = state_->hmac(state_->algorithm(version), keys, nonces);
  wipe(keys.data(), keys.size());
  JoinHmac out;
  std::copy_n(full.begin(), out.size(), out.begin());
  return out;
}

AddressHmac Crypto::derive_address_hmac(Key sender, Key receiver, AddressId id, const IpAddress& address,
                                        std::uint16_t port) {
  std::array<std::uint8_t, 16> keys;
  put_big_endian(keys.data(), sender.value);
  put_big_endian(keys.data() + 8, receiver.value);
  std::array<std::uint8_t, 1 + 16 + 2> message;
  message[0] = id.value;
  const std::size_t skip = address.is_v4() ? 12 : 0;
  const std::size_t size = address.bytes.size() - skip;
  std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(skip), size, message.begin() + 1);
  put_big_endian(message.data() + 1 + size, port);
  const AddressHmac full = state_->hmac(state_->sha256, keys, std::span(message).first(1 + size + 2));
  wipe(keys.data(), keys.size());
  return full;
}

std::string Crypto::derive_community_id(const FourTuple& tuple) {
  const bool opener_first = tuple.opener < tuple.acceptor;
  const Endpoint& first = opener_first ? tuple.opener : tuple.acceptor;
  const Endpoint& second = opener_first ? tuple.acceptor : tuple.opener;
  constexpr std::uint8_t kTcp = 6;
  std::array<std::uint8_t, 2 + 32 + 2 + 4> wire{};  // seed 0, addresses, protocol and padding, ports
  std::size_t at = 2;
  const std::size_t skip = tuple.opener.address.is_v4() ? 12 : 0;
  for (const Endpoint* end : {&first, &second}) {
    at = static_cast<std::size_t>(std::copy(end->address.bytes.begin() + static_cast<std::ptrdiff_t>(skip),
                                            end->address.bytes.end(), wire.begin() + static_cast<std::ptrdiff_t>(at)) -
                                  wire.begin());
  }
  wire[at] = kTcp;
  at += 2;
  put_big_endian(&wire[at], first.port);
  put_big_endian(&wire[at + 2], second.port);
  at += 4;
  const auto hash = state_->digest(state_->sha1, std::span(wire).first(at));
  std::array<unsigned char, 32> text{};
  EVP_EncodeBlock(text.data(), hash.data(), 20);
  return "1:" + std::string(reinterpret_cast<const char*>(text.data()));
}

void wipe(void* memory, std::size_t size) { OPENSSL_cleanse(memory, size); }

}  // namespace mptap

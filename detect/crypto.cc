#include "detect/crypto.h"

// The one-shot forms of OpenSSL 3 look algorithms up and count references for each digest, which takes longer than the
// digest. What is hashed here fits one or two blocks, so the compression functions are all that is needed.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace mptap {
namespace {

constexpr std::size_t kMaxDigest = 32;
constexpr std::size_t kBlock = 64;  // of SHA-1 and SHA-256 (FIPS 180-4; RFC 2104)

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

using Block = std::array<std::uint8_t, kBlock>;
using Digest = std::array<std::uint8_t, kMaxDigest>;

struct Sha1 {
  static constexpr std::size_t kSize = 20;
  SHA_CTX context;
  void start() { SHA1_Init(&context); }
  void add(const Block& block) { SHA1_Transform(&context, block.data()); }
  [[nodiscard]] Digest result() const {
    Digest out{};
    const SHA_LONG words[] = {context.h0, context.h1, context.h2, context.h3, context.h4};
    for (std::size_t i = 0; i < std::size(words); ++i) put_big_endian<std::uint32_t>(&out[i * 4], words[i]);
    return out;
  }
};

struct Sha256 {
  static constexpr std::size_t kSize = 32;
  SHA256_CTX context;
  void start() { SHA256_Init(&context); }
  void add(const Block& block) { SHA256_Transform(&context, block.data()); }
  [[nodiscard]] Digest result() const {
    Digest out{};
    for (std::size_t i = 0; i < 8; ++i) put_big_endian<std::uint32_t>(&out[i * 4], context.h[i]);
    return out;
  }
};

/// The last block of a message: its end, at most 55 bytes, the mark, and the length in bits (FIPS 180-4 section 5.1).
Block last_block(std::span<const std::uint8_t> end, std::size_t message_bytes) {
  Block block{};
  std::copy(end.begin(), end.end(), block.begin());
  block[end.size()] = 0x80;
  put_big_endian<std::uint64_t>(&block[kBlock - 8], message_bytes * 8);
  return block;
}

/// @param message  At most 55 bytes.
template <typename Sha>
Digest digest_of(Sha& sha, std::span<const std::uint8_t> message) {
  Block block = last_block(message, message.size());
  sha.start();
  sha.add(block);
  wipe(block.data(), message.size());
  return sha.result();
}

/// HMAC (RFC 2104) of a 16-byte key and at most 55 bytes: two digests of two blocks each.
template <typename Sha>
Digest hmac_of(Sha& sha, const std::array<std::uint8_t, 16>& key, std::span<const std::uint8_t> message) {
  Block pad;
  pad.fill(0x36);
  for (std::size_t i = 0; i < key.size(); ++i) pad[i] ^= key[i];
  sha.start();
  sha.add(pad);
  sha.add(last_block(message, kBlock + message.size()));
  const Digest inner = sha.result();
  for (std::uint8_t& byte : pad) byte ^= 0x36 ^ 0x5c;
  sha.start();
  sha.add(pad);
  sha.add(last_block(std::span(inner).first(Sha::kSize), kBlock + Sha::kSize));
  wipe(pad.data(), key.size());
  return sha.result();
}

}  // namespace

struct Crypto::State {
  Sha1 sha1;
  Sha256 sha256;

  template <typename Use>
  auto with(std::uint8_t version, Use&& use) {
    return version == 0 ? use(sha1) : use(sha256);
  }
};

Crypto::Crypto() : state_(std::make_unique<State>()) {}
Crypto::~Crypto() = default;

KeyDigest Crypto::derive_digest(std::uint8_t version, Key key) {
  std::array<std::uint8_t, 8> wire;
  put_big_endian(wire.data(), key.value);
  const Digest hash = state_->with(version, [&](auto& sha) { return digest_of(sha, wire); });
  wipe(wire.data(), wire.size());
  const std::size_t size = version == 0 ? Sha1::kSize : Sha256::kSize;
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
  const Digest full = state_->with(version, [&](auto& sha) { return hmac_of(sha, keys, nonces); });
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
  const AddressHmac full = hmac_of(state_->sha256, keys, std::span(message).first(1 + size + 2));
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
  Sha1 sha1;
  const Digest hash = digest_of(sha1, std::span(wire).first(at));
  std::array<unsigned char, 32> text{};
  EVP_EncodeBlock(text.data(), hash.data(), 20);
  return "1:" + std::string(reinterpret_cast<const char*>(text.data()));
}

[[gnu::noinline]] void wipe_stack() noexcept {
  constexpr std::size_t kDepth = 1024;
  std::array<std::uint8_t, kDepth> left_over;  // not set: it is what calls before this one left there
  wipe(left_over.data(), left_over.size());
}

}  // namespace mptap

// Keyed hashes for tables whose keys attackers choose.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/choose.h"
#include "dataplane/types.h"

namespace mptap {

/// 64-bit finalizer (the constants are those of splitmix64).
constexpr std::uint64_t mix64(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

/// A hash in the manner of NH (RFC 4418 section 5.2.2, with 64-bit words): pairs of words are added to secret
/// keys and multiplied to 128 bits. Two different inputs collide with probability 2^-64 over the choice of the
/// keys, whatever an attacker knows of the code; CRC-32C and the NIC's Toeplitz hash give no such promise.
class SeededHash {
 public:
  /// @param seed  Secret; from the operating system's generator (see random_seed()).
  explicit SeededHash(std::uint64_t seed) {
    for (auto& key : keys_) key = mix64(seed += 0x9e3779b97f4a7c15u);
  }

  /// Hash of exactly 16 bytes. Any thread; about 2 ns.
  [[nodiscard]] std::uint64_t of16(const void* bytes) const { return finish(product(bytes, 0)); }

  /// Hash of an IPv6 address, in two words as they stand in memory, and a port. Any thread; about 1 ns.
  [[nodiscard, gnu::always_inline]] std::uint64_t of_end(std::uint64_t first, std::uint64_t second, std::uint16_t port) const {
    return fold(static_cast<Wide>(first + keys_[0]) * (second + keys_[1]) + static_cast<Wide>(keys_[2]) * port);
  }

  /// Hash of two words and of a number beside them. Each word has a key of its own: with one key for both, of pairs with the
  /// same sum the products differ by what a sender knows, and some such differences are lost where halves are folded. Any
  /// thread; about 2 ns.
  [[nodiscard, gnu::always_inline]] std::uint64_t of_pair(std::uint64_t first, std::uint64_t second, std::uint32_t beside) const {
    Wide sum = static_cast<Wide>(first + keys_[6]) * (second + keys_[7]);
    if (beside != 0) [[unlikely]] sum += static_cast<Wide>(keys_[8]) * beside;
    return finish(sum);
  }

  /// Hash of a TCP header but for its checksum, in whose place `ip_id` counts, and of a name that is a hash itself.
  /// @param bytes  20..60, a multiple of 4. Any thread; about 4 ns.
  [[nodiscard]] std::uint64_t of_segment(std::uint64_t name, std::uint16_t ip_id, const std::uint8_t* header,
                                         std::size_t bytes) const {
    constexpr std::size_t kChecksum = 16;
    Wide sum = product(header, 0);
    if (bytes < 32) {
      const std::uint64_t urgent = load<std::uint16_t>(header + kChecksum + 2);
      const std::uint64_t four = (bytes & 4) == 0 ? load<std::uint32_t>(header + bytes - 4) : 0;
      const std::uint64_t eight = bytes == 28 ? load<std::uint64_t>(header + 20) : 0;
      return fold((sum + static_cast<Wide>((urgent << 16 | ip_id | four << 32) + keys_[2]) * (eight + keys_[3])) ^ name);
    }
    const std::uint64_t third = (load<std::uint64_t>(header + kChecksum) & ~std::uint64_t{0xffff}) | ip_id;
    sum += static_cast<Wide>(third + keys_[2]) * (load<std::uint64_t>(header + 24) + keys_[3]);
    // Lengths differ at random, and a wrong guess costs more than to take the first 16 bytes anew where there are no others,
    // which does as little harm as that the last 16 overlap those before.
    sum += product(header + only_if(bytes > 48, std::size_t{32}), 4);
    sum += product(header + only_if(bytes > 32, bytes - 16), 6);
    return fold(sum ^ name);
  }

  [[nodiscard]] std::uint64_t of64(std::uint64_t value) const {
    return finish(static_cast<Wide>(value + keys_[0]) * keys_[1]);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  [[nodiscard]] Wide product(const void* bytes, std::size_t key) const {
    std::uint64_t words[2];
    std::memcpy(words, bytes, 16);
    return static_cast<Wide>(words[0] + keys_[key]) * (words[1] + keys_[key + 1]);
  }
  static std::uint64_t fold(Wide sum) { return static_cast<std::uint64_t>(sum) ^ static_cast<std::uint64_t>(sum >> 64); }
  static std::uint64_t finish(Wide sum) { return mix64(fold(sum)); }

  template <typename T>
  [[nodiscard]] static T load(const std::uint8_t* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }

  std::array<std::uint64_t, 10> keys_{};
};

/// 64 secret bits from the operating system; falls back on nothing: aborts the program where there are none.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace mptap

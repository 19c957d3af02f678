// Keyed hashes for tables whose keys attackers choose.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

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

  /// Hash of two words. Any thread; about 2 ns.
  [[nodiscard]] std::uint64_t of2(std::uint64_t first, std::uint64_t second) const {
    return finish(static_cast<Wide>(first + keys_[6]) * (second + keys_[7]));
  }

  /// Hash of five words (of a SubflowKey). Any thread; about 4 ns.
  [[nodiscard]] std::uint64_t of5(const std::array<std::uint64_t, 5>& word) const {
    const Wide pairs = static_cast<Wide>(word[0] + keys_[0]) * (word[1] + keys_[1]) +
                       static_cast<Wide>(word[2] + keys_[2]) * (word[3] + keys_[3]);
    return finish(pairs + static_cast<Wide>(word[4] + keys_[4]) * keys_[5]);
  }

  /// Hash of three words, a name that is a hash itself, and up to 40 bytes in whole words of 4. Any thread; about 5 ns.
  [[nodiscard]] std::uint64_t of_segment(std::uint64_t name, const std::array<std::uint64_t, 3>& word,
                                         const std::uint8_t* bytes, std::size_t count) const {
    Wide sum = static_cast<Wide>(word[0] + keys_[0]) * (word[1] + keys_[1]) +
               static_cast<Wide>(word[2] + keys_[2]) * (count + keys_[3]);
    std::size_t key = 4;
    for (; count >= 16; count -= 16, bytes += 16, key += 2) {
      sum += static_cast<Wide>(load<std::uint64_t>(bytes) + keys_[key]) * (load<std::uint64_t>(bytes + 8) + keys_[key + 1]);
    }
    const std::uint64_t eight = count >= 8 ? load<std::uint64_t>(bytes) : 0;
    const std::uint64_t four = (count & 4) != 0 ? load<std::uint32_t>(bytes + (count & 8)) : 0;
    sum += static_cast<Wide>(eight + keys_[key]) * (four + keys_[key + 1]);
    return finish(sum ^ name);
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
  static std::uint64_t finish(Wide sum) {
    return mix64(static_cast<std::uint64_t>(sum) ^ static_cast<std::uint64_t>(sum >> 64));
  }

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

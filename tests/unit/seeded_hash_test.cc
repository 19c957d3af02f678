// Keyed hashes: the same seed gives the same, another seed another, and every bit of the input counts.
#include "dataplane/seeded_hash.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <set>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

using Words = std::array<std::uint64_t, 5>;

Words words_of(const std::uint8_t* bytes) {
  Words words;
  std::memcpy(words.data(), bytes, sizeof words);
  return words;
}

TEST_CASE("a hash depends on its seed and on every bit of its input", "[hash]") {
  const SeededHash hash(1);
  const SeededHash same(1);
  const SeededHash other(2);
  std::array<std::uint8_t, 40> bytes{};
  std::set<std::uint64_t> of5{hash.of5(words_of(bytes.data()))};
  std::set<std::uint64_t> of16{hash.of16(bytes.data())};
  std::set<std::uint64_t> of64{hash.of64(0)};
  CHECK(hash.of5(words_of(bytes.data())) == same.of5(words_of(bytes.data())));
  CHECK(hash.of5(words_of(bytes.data())) != other.of5(words_of(bytes.data())));
  CHECK(hash.of16(bytes.data()) != other.of16(bytes.data()));
  CHECK(hash.of64(0) != other.of64(0));
  for (std::size_t bit = 0; bit < 320; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(1u << bit % 8);
    of5.insert(hash.of5(words_of(bytes.data())));
    if (bit < 128) of16.insert(hash.of16(bytes.data()));
    if (bit < 64) of64.insert(hash.of64(1ull << bit));
    bytes[bit / 8] = 0;
  }
  CHECK(of5.size() == 321);
  CHECK(of16.size() == 129);
  CHECK(of64.size() == 65);
}

TEST_CASE("only the bytes that belong to it count", "[hash]") {
  const SeededHash hash(7);
  std::array<std::uint8_t, 48> one{};
  std::array<std::uint8_t, 48> two{};
  two[16] = 1;
  CHECK(hash.of16(one.data()) == hash.of16(two.data()));
  CHECK(hash.of5(words_of(one.data())) != hash.of5(words_of(two.data())));
}

TEST_CASE("a segment's hash depends on its name, its IP identification and every bit of its header but the checksum", "[hash]") {
  const SeededHash hash(3);
  std::set<std::uint64_t> seen;
  std::size_t inputs = 0;
  for (std::size_t count = 20; count <= 60; count += 4) {
    std::array<std::uint8_t, 60> header{};
    header[12] = static_cast<std::uint8_t>(count / 4 << 4);  // as in every header: its length stands in it
    const std::uint64_t plain = hash.of_segment(1, 2, header.data(), count);
    seen.insert(plain);
    ++inputs;
    for (std::size_t bit = 0; bit < count * 8; ++bit) {
      const std::size_t at = bit / 8;
      if (at == 12) continue;  // another length
      header[at] = static_cast<std::uint8_t>(header[at] ^ 1u << bit % 8);
      const std::uint64_t value = hash.of_segment(1, 2, header.data(), count);
      header[at] = static_cast<std::uint8_t>(header[at] ^ 1u << bit % 8);
      if (at == 16 || at == 17) {
        CHECK(value == plain);
        continue;
      }
      seen.insert(value);
      ++inputs;
    }
    CHECK(plain != SeededHash(4).of_segment(1, 2, header.data(), count));
  }
  const std::array<std::uint8_t, 60> header{};
  for (std::uint64_t bit = 1; bit != 0; bit <<= 1) {
    for (const std::uint64_t value : {hash.of_segment(1 ^ bit, 2, header.data(), 52), hash.of2(bit, 7), hash.of2(7, bit)}) {
      seen.insert(value);
      ++inputs;
    }
  }
  for (unsigned bit = 0; bit < 16; ++bit) {
    seen.insert(hash.of_segment(1, static_cast<std::uint16_t>(2 ^ 1u << bit), header.data(), 56));
    seen.insert(hash.of_segment(1, static_cast<std::uint16_t>(2 ^ 1u << bit), header.data(), 20));
    inputs += 2;
  }
  CHECK(seen.size() == inputs);
}

TEST_CASE("keys in a row, as an attacker chooses them, fill buckets evenly", "[hash]") {
  constexpr std::size_t kBuckets = 256;
  constexpr std::uint64_t kKeys = kBuckets * 256;
  for (const std::uint64_t seed : {0ull, 1ull, 0xdeadbeefull}) {
    const SeededHash hash(seed);
    std::array<unsigned, kBuckets> low{};
    std::array<unsigned, kBuckets> high{};
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      std::array<std::uint64_t, 5> key{1, 2, 3, 4, i};
      const std::uint64_t value = hash.of5(key);
      ++low[value % kBuckets];
      ++high[value >> 56];
    }
    for (std::size_t i = 0; i < kBuckets; ++i) {  // 256 expected, standard deviation 16
      CHECK(low[i] > 160);
      CHECK(low[i] < 352);
      CHECK(high[i] > 160);
      CHECK(high[i] < 352);
    }
  }
}

TEST_CASE("mixing loses nothing and seeds are not alike", "[hash]") {
  std::set<std::uint64_t> mixed;
  for (std::uint64_t i = 0; i < 10'000; ++i) mixed.insert(mix64(i));
  CHECK(mixed.size() == 10'000);
  CHECK(random_seed() != random_seed());
}

}  // namespace
}  // namespace mptap

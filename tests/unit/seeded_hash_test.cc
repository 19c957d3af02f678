// Keyed hashes: the same seed gives the same, another seed another, and every bit of the input counts.
#include "dataplane/seeded_hash.h"

#include <array>
#include <cstdint>
#include <set>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

TEST_CASE("a hash depends on its seed and on every bit of its input", "[hash]") {
  const SeededHash hash(1);
  const SeededHash other(2);
  std::array<std::uint8_t, 16> bytes{};
  std::set<std::uint64_t> of16{hash.of16(bytes.data())};
  std::set<std::uint64_t> of64{hash.of64(0)};
  std::set<std::uint64_t> of_end{hash.of_end(0, 0, 0)};
  std::set<std::uint64_t> of_pair{hash.of_pair(0, 0, 0)};
  CHECK(hash.of16(bytes.data()) == SeededHash(1).of16(bytes.data()));
  CHECK(hash.of16(bytes.data()) != other.of16(bytes.data()));
  CHECK(hash.of64(0) != other.of64(0));
  CHECK(hash.of_end(0, 0, 0) != other.of_end(0, 0, 0));
  CHECK(hash.of_pair(0, 0, 0) != other.of_pair(0, 0, 0));
  for (unsigned bit = 0; bit < 128; ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(1u << bit % 8);
    of16.insert(hash.of16(bytes.data()));
    bytes[bit / 8] = 0;
  }
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t word = std::uint64_t{1} << bit;
    of64.insert(hash.of64(word));
    of_end.insert({hash.of_end(word, 0, 0), hash.of_end(0, word, 0)});
    of_pair.insert({hash.of_pair(word, 0, 0), hash.of_pair(0, word, 0)});
    if (bit < 16) of_end.insert(hash.of_end(0, 0, static_cast<std::uint16_t>(word)));
    if (bit < 32) of_pair.insert(hash.of_pair(0, 0, static_cast<std::uint32_t>(word)));
  }
  CHECK(of16.size() == 1 + 128);
  CHECK(of64.size() == 1 + 64);
  CHECK(of_end.size() == 1 + 128 + 16);
  CHECK(of_pair.size() == 1 + 128 + 32);
}

TEST_CASE("which word is which counts, and pairs of one sum or product have hashes of their own", "[hash]") {
  const SeededHash hash(7);
  std::set<std::uint64_t> seen;
  for (std::uint64_t one = 0; one <= 120; ++one) seen.insert(hash.of_pair(one, 120 - one, 3));
  CHECK(seen.size() == 121);
  for (unsigned shift = 0; shift <= 60; ++shift) {
    seen.insert(hash.of_pair(std::uint64_t{1} << shift, std::uint64_t{1} << (60 - shift), 3));  // the product is 2^60
  }
  CHECK(seen.size() == 121 + 61);
}

TEST_CASE("only the bytes that belong to it count", "[hash]") {
  const SeededHash hash(7);
  std::array<std::uint8_t, 48> one{};
  std::array<std::uint8_t, 48> two{};
  two[16] = 1;
  CHECK(hash.of16(one.data()) == hash.of16(two.data()));
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
    seen.insert(hash.of_segment(1 ^ bit, 2, header.data(), 52));
    ++inputs;
  }
  for (unsigned bit = 0; bit < 16; ++bit) {
    seen.insert(hash.of_segment(1, static_cast<std::uint16_t>(2 ^ 1u << bit), header.data(), 56));
    seen.insert(hash.of_segment(1, static_cast<std::uint16_t>(2 ^ 1u << bit), header.data(), 20));
    inputs += 2;
  }
  CHECK(seen.size() == inputs);
}

TEST_CASE("mixing loses nothing and seeds are not alike", "[hash]") {
  std::set<std::uint64_t> mixed;
  for (std::uint64_t i = 0; i < 10'000; ++i) mixed.insert(mix64(i));
  CHECK(mixed.size() == 10'000);
  CHECK(random_seed() != random_seed());
}

}  // namespace
}  // namespace mptap

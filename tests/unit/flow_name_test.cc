// Names of flows: one for both directions, another for every other flow, and evenly over a table's buckets.
#include "dataplane/flow_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::array<std::size_t, 2> kAddressBytes{4, 16};

/// Addresses and ports as they stand in a packet.
struct Wire {
  std::size_t address_bytes;
  std::array<std::uint8_t, 36> bytes{};

  [[nodiscard]] std::size_t size() const { return 2 * address_bytes + 4; }
  [[nodiscard]] FlowName name(const SeededHash& hash, std::uint32_t scope = 0) const {
    return name_flow(bytes.data(), &bytes[2 * address_bytes], address_bytes == 4, scope, hash);
  }
  [[nodiscard]] Wire turned() const {
    Wire other = *this;
    const auto swap = [&other](std::size_t at, std::size_t count) {
      std::swap_ranges(&other.bytes[at], &other.bytes[at + count], &other.bytes[at + count]);
    };
    swap(0, address_bytes);
    swap(2 * address_bytes, 2);
    return other;
  }
};

Wire make_wire(std::size_t address_bytes) {
  Wire wire{address_bytes};
  for (std::size_t i = 0; i < wire.size(); ++i) wire.bytes[i] = static_cast<std::uint8_t>(17 * i + 3);
  return wire;
}

TEST_CASE("both directions of a flow have one name, and their senders are its two ends", "[hash]") {
  const SeededHash hash(5);
  for (const std::size_t address_bytes : kAddressBytes) {
    Wire wire = make_wire(address_bytes);
    for (int round = 0; round < 2; ++round) {
      const FlowName one = wire.name(hash), other = wire.turned().name(hash);
      CHECK(one.hash == other.hash);
      CHECK(one.source_is_low != other.source_is_low);
      std::copy_n(wire.bytes.data(), address_bytes, &wire.bytes[address_bytes]);  // then between two ports of one address
    }
    std::copy_n(&wire.bytes[2 * address_bytes], 2, &wire.bytes[2 * address_bytes + 2]);
    CHECK(wire.name(hash).hash == wire.turned().name(hash).hash);  // from an end to itself
  }
}

TEST_CASE("every bit of a flow's addresses, ports and scope counts, and the seed", "[hash]") {
  const SeededHash hash(5);
  std::set<std::uint64_t> names;
  std::size_t flows = 0;
  const auto add = [&](std::uint64_t name) {
    names.insert(name);
    ++flows;
  };
  for (const std::size_t address_bytes : kAddressBytes) {
    Wire wire = make_wire(address_bytes);
    add(wire.name(hash).hash);
    add(wire.name(SeededHash(6)).hash);
    for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
      wire.bytes[bit / 8] = static_cast<std::uint8_t>(wire.bytes[bit / 8] ^ 1u << bit % 8);
      add(wire.name(hash).hash);
      wire.bytes[bit / 8] = static_cast<std::uint8_t>(wire.bytes[bit / 8] ^ 1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 32; ++bit) add(wire.name(hash, 1u << bit).hash);
    std::swap_ranges(&wire.bytes[2 * address_bytes], &wire.bytes[2 * address_bytes + 2], &wire.bytes[2 * address_bytes + 2]);
    add(wire.name(hash).hash);  // the same addresses and ports, paired otherwise
  }
  CHECK(names.size() == flows);
}

TEST_CASE("no seed gives two flows one name that a sender found to be alike for others", "[hash]") {
  // The ends have the same sum, and a product of ends with one key in common differs by a multiple of 2^64 - 1: it vanished
  // where the halves were folded, for a quarter of all seeds.
  const auto flow = [](std::array<std::uint8_t, 8> addresses, std::uint16_t from, std::uint16_t to) {
    Wire wire{4};
    std::copy(addresses.begin(), addresses.end(), wire.bytes.begin());
    wire.bytes[8] = static_cast<std::uint8_t>(from >> 8), wire.bytes[9] = static_cast<std::uint8_t>(from);
    wire.bytes[10] = static_cast<std::uint8_t>(to >> 8), wire.bytes[11] = static_cast<std::uint8_t>(to);
    return wire;
  };
  const Wire one = flow({196, 243, 253, 78, 198, 51, 100, 20}, 26'555, 443), other = flow({69, 246, 126, 81, 69, 49, 227, 17}, 26'555, 443);
  std::size_t alike = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) alike += one.name(SeededHash(seed)).hash == other.name(SeededHash(seed)).hash ? 1 : 0;
  CHECK(alike == 0);
}

TEST_CASE("flows in a row, as an attacker chooses them, fill buckets evenly", "[hash]") {
  constexpr std::size_t kBuckets = 256;
  constexpr std::uint32_t kFlows = kBuckets * 256;
  for (const std::uint64_t seed : {0ull, 1ull, 0xdeadbeefull}) {
    const SeededHash hash(seed);
    for (const std::size_t address_bytes : kAddressBytes) {
      for (const std::size_t counted_at : {address_bytes - 2, 2 * address_bytes}) {  // addresses, or ports
        std::array<unsigned, kBuckets> low{};
        std::array<unsigned, kBuckets> high{};
        Wire wire = make_wire(address_bytes);
        for (std::uint32_t i = 0; i < kFlows; ++i) {
          wire.bytes[counted_at] = static_cast<std::uint8_t>(i >> 8);
          wire.bytes[counted_at + 1] = static_cast<std::uint8_t>(i);
          const std::uint64_t name = wire.name(hash).hash;
          ++low[name % kBuckets];
          ++high[name >> 56];
        }
        // 256 expected, standard deviation 16
        const auto is_even = [](unsigned count) { return count > 160 && count < 352; };
        CHECK(std::all_of(low.begin(), low.end(), is_even));
        CHECK(std::all_of(high.begin(), high.end(), is_even));
      }
    }
  }
}

}  // namespace
}  // namespace mptap

// Every length from 3 to 40 of every subtype, version and step of the handshake: which are legal.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "dataplane/mptcp_option.h"
#include "tests/unit/catch.h"
#include "tests/unit/exact_bytes.h"

namespace mptap {
namespace {

using test::ExactBytes;
using test::Octets;

constexpr std::uint8_t kSyn = tcp_flag::kSyn;
constexpr std::uint8_t kSynAck = tcp_flag::kSyn | tcp_flag::kAck;
constexpr std::uint8_t kAck = tcp_flag::kAck;
constexpr std::uint8_t kRst = tcp_flag::kRst;

OptionError decode(const Octets& bytes, std::uint8_t tcp_flags, MptcpOption& out) {
  const ExactBytes exact(bytes);
  return decode_mptcp_option(exact.view(), tcp_flags, out);
}

/// An option of `length` bytes whose others are neither 0 nor all alike.
Octets option_of(unsigned subtype, unsigned nibble, std::size_t length) {
  Octets bytes(length);
  for (std::size_t i = 3; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(0xa0 + i);
  bytes[0] = 30;
  bytes[1] = static_cast<std::uint8_t>(length);
  bytes[2] = static_cast<std::uint8_t>(subtype << 4 | nibble);
  return bytes;
}

std::vector<std::size_t> from_to(std::size_t first, std::size_t last) {
  std::vector<std::size_t> all;
  for (std::size_t i = first; i <= last; ++i) all.push_back(i);
  return all;
}

TEST_CASE("each subtype has the lengths of its RFCs and no others", "[option]") {
  struct Row {
    unsigned subtype;
    unsigned nibble;
    std::uint8_t tcp_flags;
    std::vector<std::size_t> legal;
  };
  const Row rows[] = {
      {0, 0, kSyn, {12}},           // MP_CAPABLE v0: RFC 6824 3.1
      {0, 0, kAck, {20}},
      {0, 1, kSyn, {4}},            // v1: RFC 8684 3.1
      {0, 1, kSynAck, {4, 12}},     // 4: the SYN's own option, mirrored
      {0, 1, kAck, {20, 22, 24}},
      {0, 1, kAck | tcp_flag::kPsh, {20, 22, 24}},
      {0, 2, kSyn, {}},             // there is no version 2, nor 15
      {0, 2, kAck, {}},
      {0, 15, kSynAck, {}},
      {1, 0, kSyn, {12}},           // MP_JOIN
      {1, 1, kSyn, {12}},
      {1, 0, kSynAck, {16}},
      {1, 1, kSynAck, {16}},
      {1, 0, kAck, {24}},
      {1, 14, kAck, {24}},          // reserved bits
      {3, 4, kAck, {8, 10}},        // ADD_ADDR v0: the nibble is the IP version
      {3, 6, kAck, {20, 22}},
      {3, 0, kAck, {16, 18, 28, 30}},  // v1 with its HMAC
      {3, 1, kAck, {8, 10, 20, 22}},   // v1 echo, without
      {3, 2, kAck, {16, 18, 28, 30}},  // reserved bits, no echo
      {3, 9, kAck, {8, 10, 20, 22}},   // reserved bits, echo
      {4, 0, kAck, from_to(4, 40)},    // REMOVE_ADDR: 1 to 37 IDs
      {4, 7, kAck, from_to(4, 40)},
      {5, 0, kAck, {3, 4}},         // MP_PRIO
      {5, 1, kAck, {3, 4}},
      {6, 0, kAck, {12}},           // MP_FAIL
      {6, 3, kRst | kAck, {12}},
      {7, 0, kAck, {12}},           // MP_FASTCLOSE
      {7, 0, kRst, {12}},
      {8, 0, kRst, {4}},            // MP_TCPRST
      {8, 1, kRst | kAck, {4}},
      {8, 0, kAck, {}},
      {8, 0, kSyn, {}},
      {9, 0, kAck, {}},             // unassigned
      {10, 0, kAck, {}},
      {11, 0, kAck, {}},
      {12, 0, kAck, {}},
      {13, 0, kAck, {}},
      {14, 0, kAck, {}},
      {15, 0, kAck, from_to(3, 40)},  // experimental
      {15, 15, kSyn, from_to(3, 40)},
  };
  for (const Row& row : rows) {
    for (std::size_t length = 3; length <= 40; ++length) {
      MptcpOption out;
      const OptionError error = decode(option_of(row.subtype, row.nibble, length), row.tcp_flags, out);
      const bool legal = std::find(row.legal.begin(), row.legal.end(), length) != row.legal.end();
      INFO("subtype " << row.subtype << " nibble " << row.nibble << " flags " << int{row.tcp_flags} << " length "
                      << length << ": " << label_of(error));
      CHECK((error == OptionError::kOk) == legal);
      CHECK(static_cast<unsigned>(out.subtype) == row.subtype);
      CHECK(out.length == length);
    }
  }
}

TEST_CASE("an MP_CAPABLE of v0 on a SYN/ACK has 12 bytes, or 4 where it is mirrored", "[option]") {
  for (std::size_t length = 3; length <= 40; ++length) {
    MptcpOption out;
    const OptionError error = decode(option_of(0, 0, length), kSynAck, out);
    INFO(length);
    if (length != 4) CHECK((error == OptionError::kOk) == (length == 12));
  }
}

TEST_CASE("a DSS is as long as its flags say, with or without a checksum", "[option]") {
  for (unsigned flags = 0; flags < 256; ++flags) {
    const std::size_t ack = (flags & 0x01) == 0 ? 0 : (flags & 0x02) != 0 ? 8 : 4;
    const std::size_t mapping = (flags & 0x04) == 0 ? 0 : ((flags & 0x08) != 0 ? 8 : 4) + 6;
    for (std::size_t length = 3; length <= 40; ++length) {
      Octets bytes = option_of(2, 0, length);
      if (length > 3) bytes[3] = static_cast<std::uint8_t>(flags);
      MptcpOption out;
      const OptionError error = decode(bytes, kAck, out);
      const bool plain = length == 4 + ack + mapping;
      const bool with_checksum = mapping != 0 && length == 4 + ack + mapping + 2;
      INFO("flags " << flags << " length " << length);
      REQUIRE((error == OptionError::kOk) == (plain || with_checksum));
      if (error == OptionError::kOk) REQUIRE(out.dss.has_checksum == with_checksum);
    }
  }
}

TEST_CASE("what is wrong has its own name", "[option]") {
  struct Row {
    const char* hex;
    std::uint8_t tcp_flags;
    OptionError error;
  };
  const Row rows[] = {
      {"1e0300", kSyn, OptionError::kLength},
      {"1e0500 0100", kSyn, OptionError::kLength},
      {"1e040201", kSyn, OptionError::kVersion},
      {"1e040f01", kSynAck, OptionError::kVersion},
      {"1e140101 0102030405060708 0102030405060708", kSyn, OptionError::kTcpFlags},     // third ACK on a SYN
      {"1e140001 0102030405060708 0102030405060708", kSynAck, OptionError::kTcpFlags},
      {"1e040101", kAck, OptionError::kTcpFlags},                                       // SYN's on an ACK
      {"1e0c0101 0102030405060708", kAck, OptionError::kTcpFlags},
      {"1e0c0001 0102030405060708", kAck, OptionError::kTcpFlags},
      {"1e0c1001 0102030405060708", kAck, OptionError::kTcpFlags},                      // MP_JOIN off a SYN
      {"1e0c1001 0102030405060708", kSynAck, OptionError::kTcpFlags},
      {"1e101001 010203040506070809101112", kSyn, OptionError::kTcpFlags},
      {"1e101001 010203040506070809101112", kAck, OptionError::kTcpFlags},
      {"1e181000 0102030405060708091011121314151617181920", kSynAck, OptionError::kTcpFlags},
      {"1e0d1001 010203040506070809", kSyn, OptionError::kLength},
      {"1e0320", kAck, OptionError::kLength},
      {"1e042001", kAck, OptionError::kDssFlags},
      {"1e062000 0102", kAck, OptionError::kDssFlags},   // a checksum without a mapping
      {"1e082003 01020304", kAck, OptionError::kDssFlags},
      {"1e083601 0a000001", kAck, OptionError::kIpVersion},
      {"1e143401 20010db8000000000000000000000001", kAck, OptionError::kIpVersion},
      {"1e083001 0a000001", kAck, OptionError::kIpVersion},                             // v1, no echo, no HMAC
      {"1e103101 0a000001 0102030405060708", kAck, OptionError::kIpVersion},            // an echo with an HMAC
      {"1e103401 0a000001 0102030405060708", kAck, OptionError::kLength},               // v0 knows no HMAC
      {"1e093401 0a00000102", kAck, OptionError::kLength},
      {"1e0340", kAck, OptionError::kLength},
      {"1e055001 02", kAck, OptionError::kLength},
      {"1e0b6000 01020304050607", kAck, OptionError::kLength},
      {"1e0d7000 010203040506070809", kAck, OptionError::kLength},
      {"1e0380", kRst, OptionError::kLength},
      {"1e048001", kAck, OptionError::kTcpFlags},
      {"1e049001", kAck, OptionError::kSubtype},
      {"1e04e001", kSyn, OptionError::kSubtype},
  };
  for (const Row& row : rows) {
    MptcpOption out;
    INFO(row.hex);
    CHECK(decode(test::octets_of(row.hex), row.tcp_flags, out) == row.error);
  }
}

TEST_CASE("every error and subtype has a label and a sentence", "[option]") {
  for (std::size_t i = 0; i < kOptionErrors; ++i) {
    CHECK(*label_of(static_cast<OptionError>(i)) != '\0');
    CHECK(*sentence_of(static_cast<OptionError>(i)) != '\0');
  }
  for (unsigned i = 0; i < kSubtypes; ++i) CHECK(*name_of(static_cast<Subtype>(i)) != '\0');
}

TEST_CASE("length and flags are told apart: a shape of another step, or of none", "[option]") {
  struct Row {
    const char* hex;
    std::uint8_t tcp_flags;
    OptionError error;
  };
  const Row rows[] = {
      {"1e0c0101 0102030405060708", kSyn, OptionError::kTcpFlags},  // v1 SYN/ACK's on a SYN
      {"1e040001", kAck, OptionError::kLength},                     // v0 has no 4 bytes
      {"1e160001 0102030405060708 0102030405060708 0001", kSyn, OptionError::kLength},
  };
  for (const Row& row : rows) {
    MptcpOption out;
    const ExactBytes option(test::octets_of(row.hex));
    INFO(row.hex);
    CHECK(decode_mptcp_option(option.view(), row.tcp_flags, out) == row.error);
  }
}

}  // namespace
}  // namespace mptap

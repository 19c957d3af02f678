// Fields of options, from packets of real hosts on whose meaning tshark agrees, and by the RFCs' layouts.
#include <cstdint>

#include "dataplane/mptcp_option.h"
#include "tests/unit/catch.h"
#include "tests/unit/exact_bytes.h"

namespace mptap {
namespace {

constexpr std::uint8_t kSyn = tcp_flag::kSyn;
constexpr std::uint8_t kSynAck = tcp_flag::kSyn | tcp_flag::kAck;
constexpr std::uint8_t kAck = tcp_flag::kAck;

MptcpOption decoded(const char* hex, std::uint8_t tcp_flags) {
  INFO(hex);
  const test::ExactBytes exact(test::octets_of(hex));
  MptcpOption out;
  REQUIRE(decode_mptcp_option(exact.view(), tcp_flags, out) == OptionError::kOk);
  return out;
}

template <typename Octets>
test::Octets first(const Octets& octets, std::size_t count) {
  return {octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST_CASE("MP_CAPABLE", "[option]") {
  struct Row {
    const char* hex;
    std::uint8_t tcp_flags;
    HandshakeStep step;
    int version;
    int flags;
    bool has_sender, has_receiver, has_len, has_checksum, mirrored;
    std::uint64_t sender, receiver;
    int data_len, checksum;
  };
  constexpr auto kS = HandshakeStep::kSyn;
  constexpr auto kSA = HandshakeStep::kSynAck;
  constexpr auto kA = HandshakeStep::kAck;
  const Row rows[] = {
      {"1e040101", kSyn, kS, 1, 0x01, false, false, false, false, false, 0, 0, 0, 0},
      {"1e04 01a1", kSyn, kS, 1, 0xa1, false, false, false, false, false, 0, 0, 0, 0},
      {"1e040101", kSynAck, kSA, 1, 0x01, false, false, false, false, true, 0, 0, 0, 0},
      {"1e0c0101ff8efe2816616c68", kSynAck, kSA, 1, 0x01, true, false, false, false, false, 0xff8efe2816616c68, 0, 0, 0},
      {"1e1401010eac0c178a1cc986ff8efe2816616c68", kAck, kA, 1, 0x01, true, true, false, false, false,
       0x0eac0c178a1cc986, 0xff8efe2816616c68, 0, 0},
      {"1e1601011fdb5df328bc3def29a6c86981ad933c2000", kAck | tcp_flag::kPsh, kA, 1, 0x01, true, true, true, false,
       false, 0x1fdb5df328bc3def, 0x29a6c86981ad933c, 0x2000, 0},
      {"1e1801811fdb5df328bc3def29a6c86981ad933c2000beef", kAck, kA, 1, 0x81, true, true, true, true, false,
       0x1fdb5df328bc3def, 0x29a6c86981ad933c, 0x2000, 0xbeef},
      {"1e0c008163e5b1000a37a318", kSyn, kS, 0, 0x81, true, false, false, false, false, 0x63e5b1000a37a318, 0, 0, 0},
      {"1e0c00816b1f0c5ff961a3a6", kSynAck, kSA, 0, 0x81, true, false, false, false, false, 0x6b1f0c5ff961a3a6, 0, 0, 0},
      {"1e14008163e5b1000a37a3186b1f0c5ff961a3a6", kAck, kA, 0, 0x81, true, true, false, false, false,
       0x63e5b1000a37a318, 0x6b1f0c5ff961a3a6, 0, 0},
  };
  for (const Row& row : rows) {
    const CapableOption out = decoded(row.hex, row.tcp_flags).capable;
    INFO(row.hex);
    CHECK(out.step == row.step);
    CHECK(out.version == row.version);
    CHECK(out.flags == row.flags);
    CHECK(out.mirrored == row.mirrored);
    CHECK(out.has_sender_key == row.has_sender);
    CHECK(out.has_receiver_key == row.has_receiver);
    CHECK(out.has_data_len == row.has_len);
    CHECK(out.has_checksum == row.has_checksum);
    CHECK(out.sender_key.value == row.sender);
    CHECK(out.receiver_key.value == row.receiver);
    CHECK(out.data_len == row.data_len);
    CHECK(out.checksum == row.checksum);
  }
}

TEST_CASE("MP_JOIN", "[option]") {
  const JoinOption syn = decoded("1e0c100234d8690696d9dd8a", kSyn).join;
  CHECK(syn.step == HandshakeStep::kSyn);
  CHECK_FALSE(syn.backup);
  CHECK(syn.address_id.value == 2);
  CHECK(syn.token.value == 0x34d86906);
  CHECK(syn.nonce == 0x96d9dd8a);
  CHECK(decoded("1e0c110234d8690696d9dd8a", kSyn).join.backup);
  CHECK_FALSE(decoded("1e0c1e0234d8690696d9dd8a", kSyn).join.backup);  // reserved bits are not the backup bit

  const JoinOption syn_ack = decoded("1e101001341bf2da414e1b2048ae9df3", kSynAck).join;
  CHECK(syn_ack.step == HandshakeStep::kSynAck);
  CHECK_FALSE(syn_ack.backup);
  CHECK(syn_ack.address_id.value == 1);
  CHECK(syn_ack.nonce == 0x48ae9df3);
  CHECK(first(syn_ack.hmac, 8) == test::octets_of("341bf2da414e1b20"));
  CHECK(decoded("1e101101341bf2da414e1b2048ae9df3", kSynAck).join.backup);

  const JoinOption ack = decoded("1e181000dfdca24dae7690a018dec322fc1918542e728f30", kAck).join;
  CHECK(ack.step == HandshakeStep::kAck);
  CHECK(first(ack.hmac, 20) == test::octets_of("dfdca24dae7690a018dec322fc1918542e728f30"));
}

TEST_CASE("DSS", "[option]") {
  struct Row {
    const char* hex;
    std::uint64_t data_ack, dsn;
    std::uint32_t ssn;
    int data_len, checksum;
    bool has_checksum;
  };
  const Row rows[] = {
      {"1e042000", 0, 0, 0, 0, 0, false},
      {"1e042010", 0, 0, 0, 0, 0, false},
      {"1e04200a", 0, 0, 0, 0, 0, false},  // sizes of what is absent
      {"1e082001fd4e288b", 0xfd4e288b, 0, 0, 0, 0, false},
      {"1e0c2003c8e6f894fd4e2895", 0xc8e6f894fd4e2895, 0, 0, 0, 0, false},
      {"1e0e2004d2d30b5a00000001 0127", 0, 0xd2d30b5a, 1, 0x127, 0, false},
      {"1e102004d2d30b5a00000001 0127 0cf7", 0, 0xd2d30b5a, 1, 0x127, 0x0cf7, true},
      {"1e12200c2dae75f2ac9404bb00000001000a", 0, 0x2dae75f2ac9404bb, 1, 10, 0, false},
      {"1e1420059c3746d2d2b30b5a0000000101270cf7", 0x9c3746d2, 0xd2b30b5a, 1, 295, 0x0cf7, true},
      {"1e16200dac9404bbc8e6f894fd4e288b00000001000a", 0xac9404bb, 0xc8e6f894fd4e288b, 1, 10, 0, false},
      {"1e1a200fc8e6f894fd4e28952dae75f2ac9404bb00000001000a", 0xc8e6f894fd4e2895, 0x2dae75f2ac9404bb, 1, 10, 0, false},
      {"1e1a201f2dae75f2ac9675c5c8e6f894fd509995000000000001", 0x2dae75f2ac9675c5, 0xc8e6f894fd509995, 0, 1, 0, false},
      {"1e1c200fc8e6f894fd4e28952dae75f2ac9404bbffffffffffffabcd", 0xc8e6f894fd4e2895, 0x2dae75f2ac9404bb, 0xffffffff,
       0xffff, 0xabcd, true},
  };
  for (const Row& row : rows) {
    const DssOption out = decoded(row.hex, kAck).dss;
    INFO(row.hex);
    CHECK(out.flags == test::octets_of(row.hex)[3]);
    CHECK(out.data_ack == row.data_ack);
    CHECK(out.dsn == row.dsn);
    CHECK(out.ssn == row.ssn);
    CHECK(out.data_len == row.data_len);
    CHECK(out.has_checksum == row.has_checksum);
    CHECK(out.checksum == row.checksum);
  }
}

TEST_CASE("ADD_ADDR", "[option]") {
  struct Row {
    const char* hex;
    int version;
    bool echo, v4;
    int id;
    const char* address;
    bool has_port;
    int port;
    const char* hmac;
  };
  const Row rows[] = {
      {"1e083402c0a80139", 0, false, true, 2, "c0a80139", false, 0, ""},
      {"1e0a3402c0a801391f90", 0, false, true, 2, "c0a80139", true, 8080, ""},
      {"1e1436082a02a03f22d9ee0002044bfffe0a54f9", 0, false, false, 8, "2a02a03f22d9ee0002044bfffe0a54f9", false, 0, ""},
      {"1e1636082a02a03f22d9ee0002044bfffe0a54f90050", 0, false, false, 8, "2a02a03f22d9ee0002044bfffe0a54f9", true, 80, ""},
      {"1e1c3001fd770002000000000000000000000002997ae160b31f2fef", 1, false, false, 1,
       "fd770002000000000000000000000002", false, 0, "997ae160b31f2fef"},
      {"1e143101fd770002000000000000000000000002", 1, true, false, 1, "fd770002000000000000000000000002", false, 0, ""},
      {"1e1e3001fd770002000000000000000000000002ffff997ae160b31f2fef", 1, false, false, 1,
       "fd770002000000000000000000000002", true, 65535, "997ae160b31f2fef"},
      {"1e163101fd7700020000000000000000000000021f90", 1, true, false, 1, "fd770002000000000000000000000002", true, 8080, ""},
      {"1e1030010a000202c39686d1f7015091", 1, false, true, 1, "0a000202", false, 0, "c39686d1f7015091"},
      {"1e1230010a0002021f90c39686d1f7015091", 1, false, true, 1, "0a000202", true, 8080, "c39686d1f7015091"},
      {"1e0831ff0a000202", 1, true, true, 255, "0a000202", false, 0, ""},
      {"1e0a31ff0a0002021f90", 1, true, true, 255, "0a000202", true, 8080, ""},
  };
  for (const Row& row : rows) {
    const AddAddrOption out = decoded(row.hex, kAck).add_addr;
    INFO(row.hex);
    CHECK(out.version == row.version);
    CHECK(out.echo == row.echo);
    CHECK(out.address_id.value == row.id);
    CHECK(out.address.is_v4() == row.v4);
    const std::ptrdiff_t skip = row.v4 ? 12 : 0;
    CHECK(test::Octets(out.address.bytes.begin() + skip, out.address.bytes.end()) == test::octets_of(row.address));
    CHECK(out.has_port == row.has_port);
    if (row.has_port) CHECK(out.port == row.port);
    CHECK(out.has_hmac == (*row.hmac != '\0'));
    if (out.has_hmac) CHECK(first(out.hmac, 8) == test::octets_of(row.hmac));
  }
}

TEST_CASE("REMOVE_ADDR, MP_PRIO, MP_FAIL, MP_FASTCLOSE and MP_TCPRST", "[option]") {
  const RemoveAddrOption one = decoded("1e044007", kAck).remove_addr;
  CHECK(one.count == 1);
  CHECK(one.address_ids[0] == 7);
  test::Octets most{30, 40, 0x40};
  for (std::uint8_t id = 1; id <= 37; ++id) most.push_back(id);
  const test::ExactBytes exact(most);
  MptcpOption out;
  REQUIRE(decode_mptcp_option(exact.view(), kAck, out) == OptionError::kOk);
  CHECK(out.remove_addr.count == 37);
  CHECK(first(out.remove_addr.address_ids, 37) == test::Octets(most.begin() + 3, most.end()));

  CHECK(decoded("1e0351", kAck).prio.backup);
  CHECK_FALSE(decoded("1e0350", kAck).prio.backup);
  CHECK_FALSE(decoded("1e035e", kAck).prio.backup);
  CHECK_FALSE(decoded("1e0351", kAck).prio.has_address_id);
  const PrioOption with_id = decoded("1e045009", kAck).prio;
  CHECK(with_id.has_address_id);
  CHECK(with_id.address_id.value == 9);
  CHECK_FALSE(with_id.backup);

  CHECK(decoded("1e0c6000c8e6f894fd4e2895", kAck).fail.dsn == 0xc8e6f894fd4e2895);
  CHECK(decoded("1e0c7000c8e6f894fd4e2895", kAck).fast_close.receiver_key.value == 0xc8e6f894fd4e2895);
  CHECK(decoded("1e0c7000c8e6f894fd4e2895", tcp_flag::kRst).fast_close.receiver_key.value == 0xc8e6f894fd4e2895);
  const TcpRstOption transient = decoded("1e048106", tcp_flag::kRst).tcp_rst;
  CHECK(transient.transient);
  CHECK(transient.reason == 6);
  CHECK_FALSE(decoded("1e048001", tcp_flag::kRst | kAck).tcp_rst.transient);
  CHECK(decoded("1e0480ff", tcp_flag::kRst).tcp_rst.reason == 255);  // not assigned, and told as it is
}

TEST_CASE("each reserved bit is seen, and no other", "[option]") {
  struct Row {
    const char* what;
    const char* hex;
    std::uint8_t tcp_flags;
    std::uint8_t second;  // reserved bits of the byte with the subtype
    std::uint8_t third;   // of the next one
    std::uint8_t others = 0;  // of the next one, bits that mean something and may be set
  };
  const Row rows[] = {
      {"MP_CAPABLE", "1e040101", kSyn, 0, 0x40, 0xbe},
      {"MP_JOIN of a SYN", "1e0c100234d8690696d9dd8a", kSyn, 0x0e, 0, 0xff},
      {"MP_JOIN of a SYN/ACK", "1e1010024eb39a5de0dd0a2c6e9d2c10", kSynAck, 0x0e, 0, 0xff},
      {"MP_JOIN of an ACK", "1e1810000102030405060708090a0b0c0d0e0f1011121314", kAck, 0x0e, 0xff},
      {"DSS", "1e0820010000000a", kAck, 0x0f, 0xe0},
      {"ADD_ADDR of v1", "1e1030070a0000010102030405060708", kAck, 0x0a, 0, 0xff},  // 4 is the IP version of v0
      {"REMOVE_ADDR", "1e044007", kAck, 0x0f, 0, 0xff},
      {"MP_PRIO", "1e0350", kAck, 0x0e, 0},
      {"MP_FAIL", "1e0c6000c8e6f894fd4e2895", kAck, 0x0f, 0xff},
      {"MP_FASTCLOSE", "1e0c7000c8e6f894fd4e2895", kAck, 0x0f, 0xff},
      {"MP_TCPRST", "1e048006", tcp_flag::kRst, 0x0e, 0, 0xff},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const test::Octets plain = test::octets_of(row.hex);
    const auto reserved_bits = [&row](const test::Octets& octets) {
      const test::ExactBytes exact(octets);
      MptcpOption out;
      REQUIRE(decode_mptcp_option(exact.view(), row.tcp_flags, out) == OptionError::kOk);
      return out.reserved_bits;
    };
    CHECK_FALSE(reserved_bits(plain));
    for (unsigned bit = 1; bit < 0x100; bit <<= 1) {
      INFO("bit " << bit);
      for (const std::size_t at : {2u, 3u}) {
        test::Octets changed = plain;
        if (at >= changed.size()) continue;
        changed[at] ^= static_cast<std::uint8_t>(bit);
        const unsigned reserved = at == 2 ? row.second : row.third;
        if ((bit & reserved) != 0) CHECK(reserved_bits(changed));
        if (at == 3 && (bit & row.others) != 0) CHECK_FALSE(reserved_bits(changed));
      }
    }
  }
}

TEST_CASE("an ADD_ADDR cannot carry an IPv4-mapped IPv6 address: the bytes alone name the family", "[option]") {
  MptcpOption out;
  const test::ExactBytes option(test::octets_of("1e143101 00000000000000000000ffff0a000001"));
  CHECK(decode_mptcp_option(option.view(), kAck, out) == OptionError::kIpVersion);
}

}  // namespace
}  // namespace mptap

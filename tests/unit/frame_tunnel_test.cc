// Tunnels within tunnels: depth, identity, and headers that lie.
#include <cstdint>

#include "dataplane/frame.h"
#include "tests/unit/catch.h"
#include "tests/unit/frames.h"

namespace mptap {
namespace {

using namespace test;  // frames.h

TEST_CASE("tunnels are followed to the configured depth and no further", "[frame]") {
  for (std::uint8_t max_depth = 0; max_depth <= 16; ++max_depth) {
    FrameOptions options;
    options.max_depth = max_depth;
    for (int depth = 0; depth <= 18; ++depth) {
      Builder at = Builder().ethernet();
      for (int i = 0; i < depth; ++i) {
        at.ipv4("192.0.2.1", "192.0.2.2");
        if (i % 3 == 1) at.gre();
        if (i % 3 == 2) at.gtpu({});
      }
      const Parsed parsed(ipv4_tcp(at), options);
      INFO("depth " << depth << " of " << int{max_depth});
      CHECK(parsed.status == (depth <= max_depth ? FrameStatus::kTcpSegment : FrameStatus::kTooDeep));
      if (depth <= max_depth) CHECK(parsed.frame.tunnels == depth);
    }
  }
}

TEST_CASE("where tunnels are not looked into they are not TCP", "[frame]") {
  FrameOptions options;
  options.decapsulate = false;
  for (const Stack& stack : all_stacks()) {
    INFO(stack.what);
    const FrameStatus expected = stack.tunnels == 0 ? FrameStatus::kTcpSegment : FrameStatus::kNotTcp;
    CHECK(Parsed(stack.frame, options, stack.link).status == expected);
  }
}

TEST_CASE("tunnel IDs separate flows only where they are part of the identity", "[frame]") {
  FrameOptions options;
  options.tunnel_in_identity = true;
  const auto scope_of = [&options](Builder at) {
    const Parsed parsed(ipv4_tcp(at), options);
    REQUIRE(parsed.status == FrameStatus::kTcpSegment);
    return parsed.frame.scope;
  };
  CHECK(scope_of(Builder().ethernet()) == 0);
  CHECK(scope_of(outer().vxlan(1).ethernet()) == scope_of(outer().vxlan(1).ethernet()));
  CHECK(scope_of(outer().vxlan(1).ethernet()) != scope_of(outer().vxlan(2).ethernet()));
  CHECK(scope_of(outer().gre({.key = 1})) != scope_of(outer().gre({.key = 2})));
  const auto gre_scope = [&](std::uint32_t key, std::uint32_t sequence) {
    return scope_of(outer().gre({.key = key, .sequence = sequence, .checksum = true}));
  };
  CHECK(gre_scope(1, 7) == gre_scope(1, 8));  // whose checksums differ
  CHECK(gre_scope(1, 7) != gre_scope(2, 7));
  CHECK(scope_of(outer().gtpu({.teid = 1})) != scope_of(outer().gtpu({.teid = 2})));
  CHECK(scope_of(outer().erspan2({.session_id = 1}).ethernet()) != scope_of(outer().erspan2({.session_id = 2}).ethernet()));
  CHECK(scope_of(outer().erspan3({.session_id = 1}).ethernet()) != scope_of(outer().erspan3({.session_id = 2}).ethernet()));
  FrameOptions vlan_only;
  vlan_only.vlan_in_identity = true;
  CHECK(Parsed(ipv4_tcp(outer().vxlan(1).ethernet()), vlan_only).frame.scope == 0);
}

/// A tunnel's header in wire bytes behind IPv4 and, for `udp_port`, UDP.
ts::Bytes behind_ip(std::uint16_t protocol, std::uint16_t udp_port, const char* hex) {
  const Octets header = octets_of(hex);
  Builder at = outer();
  ts::Bytes inner = ipv4_tcp(Builder());
  ts::Bytes body(header.begin(), header.end());
  body.insert(body.end(), inner.begin(), inner.end());
  if (udp_port != 0) return at.udp(5000, udp_port).payload(body).build();
  return at.raw(protocol, body).build();
}

TEST_CASE("tunnel headers, bit by bit", "[frame]") {
  constexpr std::uint16_t kGre = 47;
  struct Row {
    const char* what;
    std::uint16_t protocol;
    std::uint16_t udp_port;
    const char* header;
    FrameStatus status;
  };
  const Row rows[] = {
      {"GRE to IPv4", kGre, 0, "00000800", FrameStatus::kTcpSegment},
      {"GRE, reserved bits of RFC 2784", kGre, 0, "0f000800", FrameStatus::kTcpSegment},
      {"GRE with a key", kGre, 0, "20000800 00000001", FrameStatus::kTcpSegment},
      {"GRE with a sequence number", kGre, 0, "10000800 00000001", FrameStatus::kTcpSegment},
      {"GRE with a checksum", kGre, 0, "80000800 00000000", FrameStatus::kTcpSegment},
      {"GRE with source routes", kGre, 0, "40000800 00000000", FrameStatus::kTunnelHeader},
      {"GRE of version 1 (PPTP)", kGre, 0, "3001880b 00000000", FrameStatus::kNotTcp},
      {"GRE to ARP", kGre, 0, "00000806", FrameStatus::kNotIp},
      {"GRE to the wrong IP version", kGre, 0, "000086dd", FrameStatus::kIpHeader},
      {"ERSPAN I", kGre, 0, "000088be 020000000002 020000000001 0800", FrameStatus::kTcpSegment},
      {"ERSPAN II", kGre, 0, "100088be 00000001 1000000100000000 020000000002 020000000001 0800", FrameStatus::kTcpSegment},
      {"ERSPAN III with an IP packet", kGre, 0, "100022eb 00000001 20000001 00000000 00000800", FrameStatus::kTcpSegment},
      {"GTP-U", 0, 2152, "30ff003900000001", FrameStatus::kTcpSegment},
      {"GTP-U with a sequence number", 0, 2152, "32ff003d00000001 00010000", FrameStatus::kTcpSegment},
      {"GTP-U with an N-PDU number", 0, 2152, "31ff003d00000001 00000100", FrameStatus::kTcpSegment},
      {"GTP-U with an extension", 0, 2152, "34ff004100000001 00000085 01000100", FrameStatus::kTcpSegment},
      {"GTP-U with two extensions", 0, 2152, "34ff004500000001 00000085 01000185 01000100", FrameStatus::kTcpSegment},
      {"GTP-U, an extension of length 0", 0, 2152, "34ff004100000001 00000085 00000100", FrameStatus::kTunnelHeader},
      {"GTP-U, an extension that runs over", 0, 2152, "34ff004100000001 00000085 ff000100", FrameStatus::kTunnelHeader},
      {"GTP-U echo", 0, 2152, "3201003900000001 00010000", FrameStatus::kNotTcp},
      {"GTP' is not GTP", 0, 2152, "20ff003900000001", FrameStatus::kNotTcp},
      {"GTP version 2", 0, 2152, "48ff003900000001", FrameStatus::kNotTcp},
      {"VXLAN", 0, 4789, "0800000000000700 020000000002 020000000001 0800", FrameStatus::kTcpSegment},
      {"VXLAN without a valid VNI", 0, 4789, "0000000000000700 020000000002 020000000001 0800", FrameStatus::kNotTcp},
      {"the same to another port", 0, 4790, "0800000000000700 020000000002 020000000001 0800", FrameStatus::kNotTcp},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Parsed parsed(behind_ip(row.protocol, row.udp_port, row.header));
    CHECK(label_of(parsed.status) == std::string(label_of(row.status)));
    if (parsed.status != FrameStatus::kTcpSegment) continue;
    CHECK(parsed.frame.source == address_of(kInnerSource));
    CHECK(parsed.frame.tcp_bytes == kInnerTcpBytes);
    CHECK(parsed.frame.tunnels == 1);
  }
}

TEST_CASE("ports of tunnels are settings", "[frame]") {
  FrameOptions options;
  options.vxlan_port = 8472;
  options.gtpu_port = 2153;
  const char* vxlan = "0800000000000700 020000000002 020000000001 0800";
  CHECK(Parsed(behind_ip(0, 8472, vxlan), options).status == FrameStatus::kTcpSegment);
  CHECK(Parsed(behind_ip(0, 4789, vxlan), options).status == FrameStatus::kNotTcp);
  CHECK(Parsed(behind_ip(0, 2153, "30ff003900000001"), options).status == FrameStatus::kTcpSegment);
  CHECK(Parsed(behind_ip(0, 2152, "30ff003900000001"), options).status == FrameStatus::kNotTcp);
}

TEST_CASE("an inner packet that says it is longer than its tunnel ends with it", "[frame]") {
  ts::Ipv4Layer inner;
  inner.source = ts::IpAddress::parse(kInnerSource);
  inner.destination = ts::IpAddress::parse(kInnerDestination);
  for (const std::uint16_t total : {std::uint16_t{0}, std::uint16_t{1500}, std::uint16_t{65535}}) {
    inner.total_length = total;
    Builder at = outer().gre().ipv4(inner);
    ts::Bytes frame = put_tcp(at).build();
    frame.resize(frame.size() + 20, 0xee);  // padding behind the outer packet
    const Parsed parsed(frame);
    REQUIRE(parsed.status == FrameStatus::kTcpSegment);
    CHECK(parsed.frame.tcp_bytes == kInnerTcpBytes);
  }
}

}  // namespace
}  // namespace mptap

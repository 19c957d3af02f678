// Frames of every kind, from the packet builder to the parser.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dataplane/frame.h"
#include "tests/support/mptcp_encode.h"
#include "tests/support/packet_builder.h"
#include "tests/unit/exact_bytes.h"

namespace mptap::test {

namespace ts = mptap::testing;
using Builder = ts::PacketBuilder;

/// A frame, what parse_frame says of it and the bytes that this points into.
struct Parsed {
  ExactBytes bytes;
  FrameStatus status;
  Frame frame;

  Parsed(std::span<const std::uint8_t> captured, std::uint32_t wire_bytes, const FrameOptions& options = {},
         LinkType link = LinkType::kEthernet)
      : bytes(captured) {
    PacketView packet;
    packet.data = bytes.view().data();
    packet.captured_bytes = static_cast<std::uint32_t>(captured.size());
    packet.wire_bytes = wire_bytes;
    packet.link = link;
    status = parse_frame(packet, options, frame);
  }
  explicit Parsed(std::span<const std::uint8_t> captured, const FrameOptions& options = {},
                  LinkType link = LinkType::kEthernet)
      : Parsed(captured, static_cast<std::uint32_t>(captured.size()), options, link) {}
};

inline constexpr char kInnerSource[] = "10.9.0.1";
inline constexpr char kInnerDestination[] = "10.9.0.2";
inline constexpr char kPayload[] = "hello";
inline constexpr std::uint32_t kInnerTcpBytes = 32 + 5;

/// The TCP segment that stands in the middle of all frames here: a join's SYN of 32 bytes, and five of payload.
inline Builder& put_tcp(Builder& at) {
  return at.tcp(40000, 80).seq(1).flags(ts::kSyn).option(ts::encode_mp_join_syn(2, 3, 4)).payload(kPayload);
}
inline ts::Bytes ipv4_tcp(Builder at) {
  at.ipv4(kInnerSource, kInnerDestination);
  return put_tcp(at).build();
}
inline ts::Bytes ipv6_tcp(Builder at) {
  at.ipv6("2001:db8::1", "2001:db8::2");
  return put_tcp(at).build();
}
inline Builder outer() { return Builder().ethernet().ipv4("192.0.2.1", "192.0.2.2"); }
inline Builder outer_v6() { return Builder().ethernet().ipv6("2001:db8:ffff::1", "2001:db8:ffff::2"); }
inline IpAddress address_of(const char* text) {
  const ts::IpAddress address = ts::IpAddress::parse(text);
  return address.is_v6 ? IpAddress::from_v6(address.octets.data()) : IpAddress::from_v4(address.octets.data());
}

struct Stack {
  std::string what;
  ts::Bytes frame;
  LinkType link = LinkType::kEthernet;
  int tunnels = 0;
  bool v6 = false;
};

/// One frame of each kind that leads to a TCP segment.
inline std::vector<Stack> all_stacks() {
  constexpr auto kEther = LinkType::kEthernet;
  const Builder link = Builder().ethernet();
  const auto v6_with = [](const std::function<void(Builder&)>& extend) {
    Builder at = Builder().ethernet().ipv6("2001:db8::1", "2001:db8::2");
    extend(at);
    return put_tcp(at).build();
  };
  ts::Ipv4Layer with_options;
  with_options.source = ts::IpAddress::parse(kInnerSource);
  with_options.destination = ts::IpAddress::parse(kInnerDestination);
  with_options.options = ts::Bytes(37, 1);
  Builder optioned = Builder().ethernet().ipv4(with_options);
  return {
      {"ethernet, IPv4", ipv4_tcp(link), kEther, 0, false},
      {"ethernet, IPv6", ipv6_tcp(link), kEther, 0, true},
      {"cooked", ipv4_tcp(Builder().linux_sll()), LinkType::kSll, 0, false},
      {"cooked 2", ipv6_tcp(Builder().linux_sll2()), LinkType::kSll2, 0, true},
      {"cooked, VLAN", ipv4_tcp(Builder().linux_sll().vlan(7)), LinkType::kSll, 0, false},
      {"raw IPv4", ipv4_tcp(Builder()), LinkType::kRawIp, 0, false},
      {"raw IPv6", ipv6_tcp(Builder()), LinkType::kRawIp, 0, true},
      {"VLAN", ipv4_tcp(Builder().ethernet().vlan(7)), kEther, 0, false},
      {"QinQ", ipv6_tcp(Builder().ethernet().qinq(7).vlan(8)), kEther, 0, true},
      {"eight tags", ipv4_tcp(Builder().ethernet().vlan(1).vlan(2).vlan(3).vlan(4).vlan(5).vlan(6).vlan(7).vlan(8)),
       kEther, 0, false},
      {"MPLS", ipv4_tcp(Builder().ethernet().mpls(100)), kEther, 0, false},
      {"MPLS of three labels", ipv6_tcp(Builder().ethernet().mpls(1).mpls(2).mpls(3)), kEther, 0, true},
      {"MPLS with Ethernet below", ipv4_tcp(Builder().ethernet().mpls(5).raw(0, ts::Bytes(4, 0)).ethernet()), kEther, 0,
       false},
      {"IPv4 options", put_tcp(optioned).build(), kEther, 0, false},
      {"hop by hop", v6_with([](Builder& at) { at.hop_by_hop(); }), kEther, 0, true},
      {"long chain", v6_with([](Builder& at) { at.hop_by_hop(ts::Bytes(30, 1)).routing().destination_options(); }),
       kEther, 0, true},
      {"atomic fragment", v6_with([](Builder& at) { at.fragment_header({}); }), kEther, 0, true},
      {"IPv4 in IPv4", ipv4_tcp(outer()), kEther, 1, false},
      {"IPv6 in IPv4", ipv6_tcp(outer()), kEther, 1, true},
      {"IPv4 in IPv6", ipv4_tcp(outer_v6()), kEther, 1, false},
      {"IPv6 in IPv6", ipv6_tcp(outer_v6()), kEther, 1, true},
      {"GRE", ipv4_tcp(outer().gre()), kEther, 1, false},
      {"GRE with all fields", ipv6_tcp(outer().gre({.key = 1, .sequence = 2, .checksum = true})), kEther, 1, true},
      {"GRE with Ethernet", ipv4_tcp(outer().gre({.key = 1}).ethernet()), kEther, 1, false},
      {"GRE in IPv6", ipv4_tcp(outer_v6().gre()), kEther, 1, false},
      {"ERSPAN II", ipv4_tcp(outer().erspan2().ethernet()), kEther, 1, false},
      {"ERSPAN II with VLAN", ipv4_tcp(outer().erspan2().ethernet().vlan(9)), kEther, 1, false},
      {"ERSPAN III", ipv6_tcp(outer().erspan3().ethernet()), kEther, 1, true},
      {"ERSPAN III of 20 bytes", ipv4_tcp(outer().erspan3({.platform_subheader = true}).ethernet()), kEther, 1, false},
      {"VXLAN", ipv4_tcp(outer().vxlan(7).ethernet()), kEther, 1, false},
      {"VXLAN in IPv6", ipv6_tcp(outer_v6().vxlan(7).ethernet()), kEther, 1, true},
      {"GTP-U", ipv4_tcp(outer().gtpu({})), kEther, 1, false},
      {"four deep", ipv4_tcp(outer().vxlan(7).ethernet().ipv4("1.1.1.1", "1.1.1.2").gre().ipv6("2001:db8::5", "2001:db8::6")
                                 .gtpu({}).ipv4("1.1.1.3", "1.1.1.4")), kEther, 4, false},
  };
}

}  // namespace mptap::test

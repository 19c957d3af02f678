// Frames: links, tags, IPv4 and IPv6 down to the TCP segment.
#include "dataplane/frame.h"

#include <cstdint>

#include "tests/unit/catch.h"
#include "tests/unit/frames.h"

namespace mptap {
namespace {

using namespace test;  // frames.h

TEST_CASE("every stack leads to its TCP segment", "[frame]") {
  for (const Stack& stack : all_stacks()) {
    INFO(stack.what);
    const Parsed parsed(stack.frame, {}, stack.link);
    REQUIRE(parsed.status == FrameStatus::kTcpSegment);
    const Frame& frame = parsed.frame;
    CHECK(frame.source == address_of(stack.v6 ? "2001:db8::1" : kInnerSource));
    CHECK(frame.destination == address_of(stack.v6 ? "2001:db8::2" : kInnerDestination));
    CHECK(frame.tunnels == stack.tunnels);
    CHECK(frame.tcp_bytes == kInnerTcpBytes);
    REQUIRE(frame.tcp.size() == kInnerTcpBytes);
    CHECK(Cursor(frame.tcp).u16(0) == 40000);
    CHECK(Cursor(frame.tcp).u16(2) == 80);
    CHECK(std::string(frame.tcp.end() - 5, frame.tcp.end()) == kPayload);
    CHECK(frame.scope == 0);
    CHECK_FALSE(frame.first_fragment);
  }
}

TEST_CASE("padding behind the packet is not payload", "[frame]") {
  for (const Stack& stack : all_stacks()) {
    ts::Bytes padded = stack.frame;
    padded.resize(padded.size() + 46, 0xee);
    INFO(stack.what);
    const Parsed parsed(padded, {}, stack.link);
    REQUIRE(parsed.status == FrameStatus::kTcpSegment);
    CHECK(parsed.frame.tcp_bytes == kInnerTcpBytes);
    CHECK(parsed.frame.tcp.size() == kInnerTcpBytes);
  }
}

TEST_CASE("what is not TCP, by name", "[frame]") {
  struct Row {
    const char* what;
    ts::Bytes frame;
    FrameStatus status;
    LinkType link = LinkType::kEthernet;
  };
  const auto nine_tags = Builder().ethernet().vlan(1).vlan(2).vlan(3).vlan(4).vlan(5).vlan(6).vlan(7).vlan(8).vlan(9);
  Builder seventeen = Builder().ethernet().ipv6("2001:db8::1", "2001:db8::2");
  for (int i = 0; i < 17; ++i) seventeen.destination_options();
  Builder sixteen = Builder().ethernet().ipv6("2001:db8::1", "2001:db8::2");
  for (int i = 0; i < 16; ++i) sixteen.destination_options();
  const Row rows[] = {
      {"nothing", {}, FrameStatus::kLinkTruncated},
      {"nothing, raw", {}, FrameStatus::kIpTruncated, LinkType::kRawIp},
      {"nothing, cooked", {}, FrameStatus::kLinkTruncated, LinkType::kSll},
      {"ARP", Builder().ethernet().raw(0x0806, ts::Bytes(28, 0)).build(), FrameStatus::kNotIp},
      {"ARP, cooked", Builder().linux_sll2().raw(0x0806, ts::Bytes(28, 0)).build(), FrameStatus::kNotIp, LinkType::kSll2},
      {"ARP in a VLAN", Builder().ethernet().vlan(3).raw(0x0806, ts::Bytes(28, 0)).build(), FrameStatus::kNotIp},
      {"802.3 length", Builder().ethernet().raw(38, ts::Bytes(38, 0x42)).build(), FrameStatus::kNotIp},
      {"raw of version 5", ts::Bytes(60, 0x50), FrameStatus::kNotIp, LinkType::kRawIp},
      {"UDP", outer().udp(1, 53).payload("x").build(), FrameStatus::kNotTcp},
      {"UDP over IPv6", outer_v6().udp(1, 53).payload("x").build(), FrameStatus::kNotTcp},
      {"ICMP", outer().raw(1, ts::Bytes(8, 0)).build(), FrameStatus::kNotTcp},
      {"ESP", outer_v6().raw(50, ts::Bytes(40, 0)).build(), FrameStatus::kNotTcp},
      {"no next header", outer_v6().raw(59, {}).build(), FrameStatus::kNotTcp},
      {"nine tags", ipv4_tcp(nine_tags), FrameStatus::kTooDeep},
      {"seventeen extension headers", put_tcp(seventeen).build(), FrameStatus::kTooDeep},
      {"sixteen extension headers", put_tcp(sixteen).build(), FrameStatus::kTcpSegment},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(label_of(Parsed(row.frame, {}, row.link).status) == std::string(label_of(row.status)));
  }
}

ts::Ipv4Layer ipv4_layer() {
  ts::Ipv4Layer layer;
  layer.source = ts::IpAddress::parse(kInnerSource);
  layer.destination = ts::IpAddress::parse(kInnerDestination);
  layer.identification = 0x1234;
  return layer;
}

TEST_CASE("IPv4 headers that lie, and those that only look so", "[frame]") {
  constexpr std::uint16_t kTrue = 20 + kInnerTcpBytes;
  struct Row {
    const char* what;
    std::optional<std::uint8_t> version;
    std::optional<std::uint8_t> header_words;
    std::optional<std::uint16_t> total_length;
    FrameStatus status;
    std::uint32_t tcp_bytes;
  };
  const Row rows[] = {
      {"true", {}, {}, {}, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"0: segmentation offload", {}, {}, 0, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"beyond the wire's end", {}, {}, 65535, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"one more", {}, {}, kTrue + 1, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"one less: the last byte is padding", {}, {}, kTrue - 1, FrameStatus::kTcpSegment, kInnerTcpBytes - 1},
      {"the header alone", {}, {}, 20, FrameStatus::kTcpSegment, 0},
      {"less than the header", {}, {}, 19, FrameStatus::kIpHeader, 0},
      {"1", {}, {}, 1, FrameStatus::kIpHeader, 0},
      {"less than a header with options", {}, 7, 27, FrameStatus::kIpHeader, 0},
      {"four words", {}, 4, {}, FrameStatus::kIpHeader, 0},
      {"no words", {}, 0, {}, FrameStatus::kIpHeader, 0},
      {"version 6", 6, {}, {}, FrameStatus::kIpHeader, 0},
      {"version 0", 0, {}, {}, FrameStatus::kIpHeader, 0},
  };
  for (const Row& row : rows) {
    ts::Ipv4Layer layer = ipv4_layer();
    layer.version = row.version;
    layer.header_words = row.header_words;
    layer.total_length = row.total_length;
    Builder at = Builder().ethernet().ipv4(layer);
    INFO(row.what);
    const Parsed parsed(put_tcp(at).build());
    REQUIRE(label_of(parsed.status) == std::string(label_of(row.status)));
    if (row.status != FrameStatus::kTcpSegment) continue;
    CHECK(parsed.frame.tcp_bytes == row.tcp_bytes);
    CHECK(parsed.frame.ip_id == 0x1234);
  }
}

TEST_CASE("IPv6 headers that lie, and those that only look so", "[frame]") {
  struct Row {
    const char* what;
    std::optional<std::uint16_t> payload_length;
    FrameStatus status;
    std::uint32_t tcp_bytes;
  };
  const Row rows[] = {
      {"true", {}, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"0: jumbogram or offload", 0, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"beyond the wire's end", 65535, FrameStatus::kTcpSegment, kInnerTcpBytes},
      {"one less", kInnerTcpBytes - 1, FrameStatus::kTcpSegment, kInnerTcpBytes - 1},
      {"one byte", 1, FrameStatus::kTcpSegment, 1},
  };
  for (const Row& row : rows) {
    ts::Ipv6Layer layer;
    layer.source = ts::IpAddress::parse("2001:db8::1");
    layer.destination = ts::IpAddress::parse("2001:db8::2");
    layer.payload_length = row.payload_length;
    Builder at = Builder().ethernet().ipv6(layer);
    INFO(row.what);
    const Parsed parsed(put_tcp(at).build());
    REQUIRE(parsed.status == row.status);
    CHECK(parsed.frame.tcp_bytes == row.tcp_bytes);
    CHECK(parsed.frame.ip_id == 0);
  }
}

TEST_CASE("an extension header longer than its packet", "[frame]") {
  for (const int units : {5, 20, 255}) {  // 5: 48 bytes, of 45 that are left
    Builder at = Builder().ethernet().ipv6("2001:db8::1", "2001:db8::2");
    at.push(ts::Ipv6ExtensionLayer{60, {}, static_cast<std::uint8_t>(units)});
    CHECK(Parsed(put_tcp(at).build()).status == FrameStatus::kIpHeader);
  }
}

TEST_CASE("IPv4-mapped addresses are refused in IPv6, wherever they stand", "[frame]") {
  const char* rows[][2] = {{"::ffff:10.0.0.1", "2001:db8::1"}, {"2001:db8::1", "::ffff:10.0.0.1"},
                           {"::ffff:0.0.0.0", "::ffff:255.255.255.255"}};
  for (const auto& [source, destination] : rows) {
    Builder direct = Builder().ethernet().ipv6(source, destination);
    CHECK(Parsed(put_tcp(direct).build()).status == FrameStatus::kMappedAddress);
    Builder tunnelled = outer().gre().ipv6(source, destination);
    CHECK(Parsed(put_tcp(tunnelled).build()).status == FrameStatus::kMappedAddress);
  }
  Builder nearly = Builder().ethernet().ipv6("::fffe:a00:1", "::1:ffff:a00:1");
  CHECK(Parsed(put_tcp(nearly).build()).status == FrameStatus::kTcpSegment);
}

TEST_CASE("of fragments the first is parsed, the others are counted", "[frame]") {
  Builder v4 = Builder().ethernet().ipv4(ipv4_layer());
  Builder v6 = Builder().ethernet().ipv6("2001:db8::1", "2001:db8::2");
  Builder in_tunnel = outer().vxlan(1).ethernet().ipv4(ipv4_layer());
  for (Builder* at : {&v4, &v6, &in_tunnel}) {
    const auto fragments = put_tcp(*at).payload(ts::Bytes(200, 7)).build_fragments(64, 0xabcd);
    REQUIRE(fragments.size() > 2);
    for (std::size_t i = 0; i < fragments.size(); ++i) {
      const Parsed parsed(fragments[i]);
      INFO(i);
      REQUIRE(parsed.status == (i == 0 ? FrameStatus::kTcpSegment : FrameStatus::kFragment));
      if (i != 0) continue;
      CHECK(parsed.frame.first_fragment);
      CHECK(parsed.frame.ip_id == 0xabcd);
      CHECK(parsed.frame.tcp_bytes == 64);
    }
  }
}

TEST_CASE("a fragment is a later one whichever bit of its offset is set", "[frame]") {
  for (unsigned offset = 8; offset <= 0x8000; offset <<= 1) {
    INFO("offset " << offset);
    ts::Ipv4Layer layer = ipv4_layer();
    layer.fragment_offset_bytes = static_cast<std::uint16_t>(offset);
    Builder v4 = Builder().ethernet().ipv4(layer);
    CHECK(Parsed(put_tcp(v4).build()).status == FrameStatus::kFragment);
    Builder v6 = Builder().ethernet().ipv6("2001:db8::1", "2001:db8::2");
    v6.fragment_header({.offset_bytes = static_cast<std::uint16_t>(offset)});
    CHECK(Parsed(put_tcp(v6).build()).status == FrameStatus::kFragment);
  }
}

TEST_CASE("VLAN and MPLS separate flows only where they are part of the identity", "[frame]") {
  FrameOptions options;
  options.vlan_in_identity = true;
  const auto scope_of = [&options](Builder at) {
    const Parsed parsed(ipv4_tcp(at), options);
    REQUIRE(parsed.status == FrameStatus::kTcpSegment);
    return parsed.frame.scope;
  };
  const auto vlan = [](std::uint16_t id) { return Builder().ethernet().vlan(id); };
  CHECK(scope_of(Builder().ethernet()) == 0);
  CHECK(scope_of(vlan(7)) == scope_of(vlan(7)));
  CHECK(scope_of(vlan(7)) != scope_of(vlan(8)));
  CHECK(scope_of(vlan(0)) != 0);
  CHECK(scope_of(vlan(7).vlan(8)) != scope_of(vlan(8).vlan(7)));
  CHECK(scope_of(vlan(7)) != scope_of(vlan(7).vlan(7)));
  CHECK(scope_of(Builder().ethernet().mpls(7)) != scope_of(Builder().ethernet().mpls(8)));
  Builder low = Builder().ethernet().push(ts::VlanLayer{0x8100, 7, 0});
  Builder high = Builder().ethernet().push(ts::VlanLayer{0x8100, 7, 5});
  CHECK(scope_of(low) == scope_of(high));  // the priority is no identity
}

}  // namespace
}  // namespace mptap

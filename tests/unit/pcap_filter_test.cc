// Filters of pcap-filter: what passes, for each link type, and what is refused.
#include "dataplane/pcap_filter.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"
#include "tests/unit/catch.h"
#include "tests/unit/exact_bytes.h"

namespace mptap {
namespace {

using test::ExactBytes;
using Octets = testing::Bytes;
using testing::PacketBuilder;

PacketView view_of(const ExactBytes& bytes, LinkType link, std::uint32_t wire_bytes = 0) {
  PacketView packet;
  packet.data = bytes.view().data();
  packet.captured_bytes = static_cast<std::uint32_t>(bytes.view().size());
  packet.wire_bytes = wire_bytes != 0 ? wire_bytes : packet.captured_bytes;
  packet.link = link;
  return packet;
}

/// Whether a frame passes that is alone in its burst; `captured` of its bytes are there.
bool passes(const std::string& expression, const Octets& frame, LinkType link = LinkType::kEthernet,
            std::size_t captured = SIZE_MAX) {
  const LinkType links[] = {link};
  const PcapFilter::Compiled compiled = PcapFilter::compile(expression, links);
  INFO(compiled.error);
  REQUIRE(compiled.filter);
  const std::span<const std::uint8_t> whole(frame);
  const ExactBytes bytes(whole.first(std::min(captured, whole.size())));
  Burst burst;
  burst.packets[burst.size++] = view_of(bytes, link, static_cast<std::uint32_t>(frame.size()));
  const std::uint64_t passing = compiled.filter->pick_passing(burst);
  REQUIRE(passing <= 1);
  return passing == 1;
}

PacketBuilder tcp_v4(PacketBuilder at, std::uint16_t port = 443) {
  return at.ipv4("10.1.2.3", "192.0.2.7").tcp(40'000, port).payload(Octets(100, 0x55));
}
PacketBuilder tcp_v6(PacketBuilder at) { return at.ipv6("2001:db8::1", "2001:db8::2").tcp(40'000, 443); }

TEST_CASE("a filter passes what tcpdump would show", "[filter]") {
  const Octets v4 = tcp_v4(PacketBuilder().ethernet()).build();
  const Octets v6 = tcp_v6(PacketBuilder().ethernet()).build();
  const Octets ssh = tcp_v4(PacketBuilder().ethernet(), 22).build();
  const Octets udp = PacketBuilder().ethernet().ipv4("10.1.2.3", "192.0.2.7").udp(53, 53).build();
  const Octets tagged = tcp_v4(PacketBuilder().ethernet().vlan(7)).build();
  const Octets labelled = tcp_v4(PacketBuilder().ethernet().mpls(7)).build();
  const Octets tunnelled =
      tcp_v4(PacketBuilder().ethernet().ipv4("172.16.0.1", "172.16.0.2").udp(40'000, 4'789).vxlan(5).ethernet()).build();
  struct Row {
    std::string expression;
    const Octets& frame;
    bool passes;
  };
  const Row rows[] = {
      {"tcp", v4, true},
      {"tcp", v6, true},
      {"tcp", udp, false},
      {"ip", v6, false},
      {"ip6", v6, true},
      {"net 10.0.0.0/8 and not port 22", v4, true},
      {"net 10.0.0.0/8 and not port 22", ssh, false},
      {"net 10.0.0.0/8 and not port 22", v6, false},
      {"net 10.0.0.0/8 and not port 22", udp, true},
      {"dst net 10.0.0.0/8", v4, false},
      {"net 2001:db8::/32", v6, true},
      {"host 192.0.2.7 or udp", udp, true},
      {"tcp port 22", ssh, true},
      {"portrange 20-30", ssh, true},
      {"tcp[tcpflags] & tcp-syn != 0", v4, false},
      {"greater 100", v4, true},
      {"less 100", v4, false},
      {"less 100", udp, true},
      {" ", v4, true},  // as tcpdump has it: nothing said, nothing left out
      // The outermost headers count.
      {"tcp", tagged, false},
      {"vlan and tcp", tagged, true},
      {"vlan 7 and port 443", tagged, true},
      {"tcp or (vlan and tcp)", tagged, true},
      {"tcp or (vlan and tcp)", v4, true},
      {"tcp or (vlan and tcp)", udp, false},
      {"tcp", labelled, false},
      {"mpls and tcp port 443", labelled, true},
      {"vlan 8", tagged, false},
      {"vlan", v4, false},
      {"tcp", tunnelled, false},
      {"port 443", tunnelled, false},
      {"udp port 4789", tunnelled, true},
      {"host 172.16.0.2 and not net 10.0.0.0/8", tunnelled, true},
  };
  for (const Row& row : rows) {
    INFO(row.expression << ", row " << &row - rows);
    CHECK(passes(row.expression, row.frame) == row.passes);
  }
}

TEST_CASE("a filter knows every link type that mptap reads", "[filter]") {
  struct Link {
    LinkType type;
    PacketBuilder before;
  };
  const Link links[] = {{LinkType::kEthernet, PacketBuilder().ethernet()},
                        {LinkType::kSll, PacketBuilder().linux_sll()},
                        {LinkType::kSll2, PacketBuilder().linux_sll2()},
                        {LinkType::kRawIp, PacketBuilder()}};
  std::vector<ExactBytes> frames;
  Burst burst;
  for (const Link& link : links) {
    INFO(static_cast<int>(link.type));
    const Octets v4 = tcp_v4(link.before).build();
    CHECK(passes("ip and src net 10.1.0.0/16 and tcp dst port 443", v4, link.type));
    CHECK_FALSE(passes("dst net 10.1.0.0/16", v4, link.type));
    CHECK_FALSE(passes("ip6", v4, link.type));
    const Octets v6 = tcp_v6(link.before).build();
    CHECK(passes("ip6 host 2001:db8::2 and tcp port 443", v6, link.type));
    CHECK_FALSE(passes("ip", v6, link.type));
    frames.emplace_back(v4);
    burst.packets[burst.size++] = view_of(frames.back(), link.type);
  }
  // One burst of all, as merged captures give it, and a filter that was asked for two of them.
  const LinkType all[] = {LinkType::kEthernet, LinkType::kSll, LinkType::kSll2, LinkType::kRawIp};
  CHECK(PcapFilter::compile("port 443", all).filter->pick_passing(burst) == 0b1111);
  CHECK(PcapFilter::compile("port 443", std::span(all).subspan(1, 2)).filter->pick_passing(burst) == 0b0110);
}

TEST_CASE("a frame that is cut before what the filter reads does not pass", "[filter]") {
  const Octets frame = tcp_v4(PacketBuilder().ethernet()).build();
  const std::size_t ports = 14 + 20;
  CHECK(passes("port 443", frame, LinkType::kEthernet, ports + 4));
  CHECK_FALSE(passes("port 443", frame, LinkType::kEthernet, ports + 3));
  CHECK_FALSE(passes("not port 22", frame, LinkType::kEthernet, ports + 3));  // as tcpdump has it
  CHECK(passes("net 10.0.0.0/8", frame, LinkType::kEthernet, ports));
  CHECK(passes("ip", frame, LinkType::kEthernet, 14));
  CHECK_FALSE(passes("ip", frame, LinkType::kEthernet, 13));
  CHECK_FALSE(passes("ip", frame, LinkType::kEthernet, 0));
  CHECK(passes("greater 120", frame, LinkType::kEthernet, 14));  // the length on the wire
}

TEST_CASE("a bit for each packet of a burst, and none beyond it", "[filter]") {
  const auto compiled = PcapFilter::compile("port 443", kPortLinks);
  REQUIRE(compiled.filter);
  const ExactBytes in(tcp_v4(PacketBuilder().ethernet()).build());
  const ExactBytes out(tcp_v4(PacketBuilder().ethernet(), 22).build());
  Burst burst;
  CHECK(compiled.filter->pick_passing(burst) == 0);
  for (PacketView& packet : burst.packets) packet = view_of(in, LinkType::kEthernet);
  CHECK(compiled.filter->pick_passing(burst) == 0);  // those behind its size are old
  burst.size = Burst::kCapacity;
  CHECK(compiled.filter->pick_passing(burst) == ~std::uint64_t{0});
  burst.size = 5;
  CHECK(compiled.filter->pick_passing(burst) == 0b11111);
  burst.packets[0] = burst.packets[3] = view_of(out, LinkType::kEthernet);
  CHECK(compiled.filter->pick_passing(burst) == 0b10110);
}

TEST_CASE("what is no filter is refused, with libpcap's reason", "[filter]") {
  constexpr LinkType kEthernet[] = {LinkType::kEthernet};
  constexpr LinkType kSll2[] = {LinkType::kSll2};
  constexpr LinkType kBoth[] = {LinkType::kEthernet, LinkType::kRawIp};
  struct Row {
    std::string expression;
    std::span<const LinkType> links;
    std::string_view says;  // empty: it is taken
    bool fits_none = false;
  };
  const Row rows[] = {
      {"port 80 and", kEthernet, "is no filter: can't parse filter expression: syntax error; see pcap-filter(7)", true},
      {"port 80 and", {}, "syntax error", true},
      {"tcp and udp", kSll2, "is no filter: expression rejects all packets", true},
      {"net 10.0.0.1/8", {}, "non-network bits set", true},
      {"port 70000", kEthernet, "illegal port number 70000 > 65535", true},
      {"ip broadcast", kEthernet, "netmask not known", true},
      {"vlan 7", kEthernet, ""},
      {"vlan 7", {}, ""},
      {"vlan 7", kSll2, "does not fit frames of the link type Linux SLL2: no VLAN support"},
      {"vlan 7", kBoth, "does not fit frames of the link type raw IP: no VLAN support"},
      {"ether host 02:00:00:00:00:01", kBoth, "raw IP: ethernet addresses supported only on"},
      // libpcap compiles these, to programs that no frame would pass.
      {"inbound", kEthernet, "link type Ethernet: it asks for what only the kernel knows of a packet"},
      {"not inbound and tcp", kEthernet, "only the kernel knows"},
      {"ifindex 3", kEthernet, "only the kernel knows"},
      {"inbound", kSll2, ""},
      {"ifindex 3", kSll2, ""},
      {"ifindex 3", {}, ""},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    const PcapFilter::Compiled compiled = PcapFilter::compile(row.expression, row.links);
    INFO(compiled.error);
    CHECK((compiled.filter != nullptr) == row.says.empty());
    CHECK(compiled.error.empty() == row.says.empty());
    CHECK(compiled.error.find(row.says) != std::string::npos);
    CHECK(compiled.fits_none == row.fits_none);
  }
}

}  // namespace
}  // namespace mptap

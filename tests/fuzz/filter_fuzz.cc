// Capture filters of words of their language, in any order, on frames of any bytes.
//
// Input: bytes that each stand for a word, up to a zero; the rest is frames. No word is the name of a host:
// those would be looked up. libpcap itself, whose work the compiling is, is not instrumented.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "dataplane/pcap_filter.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

constexpr std::size_t kMaxWords = 16;  // the compiler's optimizer takes long over long ones
constexpr std::array<std::string_view, 63> kWords{"ip",
                                                  "ip6",
                                                  "tcp",
                                                  "udp",
                                                  "arp",
                                                  "icmp",
                                                  "sctp",
                                                  "vlan",
                                                  "mpls",
                                                  "pppoes",
                                                  "geneve",
                                                  "host",
                                                  "net",
                                                  "port",
                                                  "portrange",
                                                  "src",
                                                  "dst",
                                                  "ether",
                                                  "proto",
                                                  "protochain",
                                                  "gateway",
                                                  "broadcast",
                                                  "multicast",
                                                  "less",
                                                  "greater",
                                                  "mask",
                                                  "len",
                                                  "and",
                                                  "or",
                                                  "not",
                                                  "(",
                                                  ")",
                                                  "[",
                                                  "]",
                                                  ":",
                                                  "+",
                                                  "-",
                                                  "*",
                                                  "/",
                                                  "&",
                                                  "|",
                                                  "<",
                                                  ">",
                                                  "=",
                                                  "!=",
                                                  "<<",
                                                  ">>",
                                                  "0",
                                                  "1",
                                                  "12",
                                                  "53",
                                                  "443",
                                                  "65535",
                                                  "65536",
                                                  "4294967295",
                                                  "0x1f",
                                                  "10.0.0.0/8",
                                                  "192.0.2.1",
                                                  "2001:db8::/32",
                                                  "2001:db8::1",
                                                  "02:00:5e:00:00:01",
                                                  "inbound",
                                                  "1-443"};

constexpr std::array kAllLinks{LinkType::kEthernet, LinkType::kSll, LinkType::kSll2, LinkType::kRawIp};

std::string expression_of(const std::uint8_t*& data, std::size_t& size) {
  std::string text;
  for (std::size_t words = 0; size != 0; ++words) {
    const std::uint8_t byte = *data++;
    --size;
    if (byte == 0) break;
    if (words >= kMaxWords) continue;
    if (!text.empty()) text += ' ';
    text += kWords[byte % kWords.size()];
  }
  return text;
}

Burst burst_of(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kFrameBytes = 64;
  Burst burst;
  while (size != 0 && burst.size < Burst::kCapacity) {
    PacketView& packet = burst.packets[burst.size++];
    packet = PacketView{};
    packet.data = data;
    packet.captured_bytes = static_cast<std::uint32_t>(std::min(size, kFrameBytes));
    packet.wire_bytes = packet.captured_bytes;
    packet.link = kAllLinks[burst.size % kAllLinks.size()];
    data += packet.captured_bytes;
    size -= packet.captured_bytes;
  }
  return burst;
}

void expect_error(const PcapFilter::Compiled& compiled) {
  expect((compiled.filter != nullptr) == compiled.error.empty(),
         "a filter is compiled, or an error says why not");
  expect(compiled.error.find('\n') == std::string::npos, "an error is one line");
  expect(compiled.filter == nullptr || !compiled.fits_none, "a filter that was compiled fits something");
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mptap;
  using namespace mptap::fuzz;
  const std::string expression = expression_of(data, size);
  const Burst burst = burst_of(data, size);
  const auto compiled = PcapFilter::compile(expression, kAllLinks);
  expect_error(compiled);
  expect_error(PcapFilter::compile(expression, {}));
  if (compiled.filter == nullptr) return 0;
  const std::uint64_t passing = compiled.filter->pick_passing(burst);
  const std::uint64_t there =
      burst.size == Burst::kCapacity ? ~std::uint64_t{0} : (std::uint64_t{1} << burst.size) - 1;
  expect((passing & ~there) == 0, "only packets that are there pass");
  if (expression.empty()) {
    expect(passing == there, "everything passes an empty filter");
    return 0;
  }
  const auto opposite = PcapFilter::compile("not (" + expression + ")", kAllLinks);
  expect_error(opposite);
  if (opposite.filter != nullptr)
    expect((passing & opposite.filter->pick_passing(burst)) == 0, "nothing passes a filter and its opposite");
  return 0;
}

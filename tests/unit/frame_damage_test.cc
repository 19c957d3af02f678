// Frames cut at every byte and with every byte changed: one status each, and nothing is read beyond the buffer
// (which has exactly the frame's size, so that the address sanitizer sees it).
#include <cstdint>

#include "dataplane/frame.h"
#include "dataplane/tcp.h"
#include "tests/unit/catch.h"
#include "tests/unit/frames.h"

namespace mptap {
namespace {

using namespace test;  // frames.h

/// The way of a packet up to its options; what it finds must lie within the frame.
FrameStatus walk(const Parsed& parsed) {
  REQUIRE(parsed.status < FrameStatus::kCount);
  if (parsed.status != FrameStatus::kTcpSegment) return parsed.status;
  const Bytes all = parsed.bytes.view();
  const Bytes tcp = parsed.frame.tcp;
  REQUIRE(tcp.size() <= parsed.frame.tcp_bytes);
  if (!tcp.empty()) REQUIRE((tcp.data() >= all.data() && tcp.data() + tcp.size() <= all.data() + all.size()));
  TcpSegment segment;
  if (parse_tcp(tcp, parsed.frame.tcp_bytes, segment) != TcpStatus::kOk) return parsed.status;
  REQUIRE(segment.options.size() <= 40);
  REQUIRE(segment.payload_bytes + 20 + segment.options.size() == parsed.frame.tcp_bytes);
  OptionScan scan;
  scan_tcp_options(segment.options, scan);
  REQUIRE(scan.count <= OptionScan::kCapacity);
  for (std::uint8_t i = 0; i < scan.count; ++i) {
    MptcpOption option;
    const OptionError error =
        decode_mptcp_option(segment.options.subspan(scan.offset[i], scan.length[i]), segment.flags, option);
    REQUIRE(error < OptionError::kCount);
  }
  return parsed.status;
}

TEST_CASE("a frame captured in part is truncated until its TCP header is reached", "[frame][damage]") {
  for (const Stack& stack : all_stacks()) {
    const auto wire = static_cast<std::uint32_t>(stack.frame.size());
    const std::size_t tcp_offset = wire - kInnerTcpBytes;
    for (std::size_t size = 0; size <= wire; ++size) {
      INFO(stack.what << ": " << size << " of " << wire);
      const Parsed parsed(std::span(stack.frame).first(size), wire, {}, stack.link);
      const FrameStatus status = walk(parsed);
      if (size >= tcp_offset) {
        REQUIRE(status == FrameStatus::kTcpSegment);
        REQUIRE(parsed.frame.tcp_bytes == kInnerTcpBytes);  // as declared, captured or not
        REQUIRE(parsed.frame.tcp.size() == size - tcp_offset);
      } else {
        REQUIRE(status != FrameStatus::kTcpSegment);
        REQUIRE((is_malformed(status) || (status == FrameStatus::kNotTcp && stack.tunnels > 0)));
      }
    }
  }
}

TEST_CASE("a frame that ends on the wire gets one status", "[frame][damage]") {
  for (const Stack& stack : all_stacks()) {
    for (std::size_t size = 0; size <= stack.frame.size(); ++size) {
      INFO(stack.what << ": " << size);
      const Parsed parsed(std::span(stack.frame).first(size), {}, stack.link);
      walk(parsed);
      if (parsed.status == FrameStatus::kTcpSegment) {
        TcpSegment segment;
        const bool whole = parsed.frame.tcp.size() >= 32;
        REQUIRE((parse_tcp(parsed.frame.tcp, parsed.frame.tcp_bytes, segment) == TcpStatus::kOk) == whole);
      }
    }
  }
}

TEST_CASE("a frame with any byte changed gets one status", "[frame][damage]") {
  for (const Stack& stack : all_stacks()) {
    ts::Bytes damaged = stack.frame;
    for (std::size_t at = 0; at < damaged.size(); ++at) {
      const std::uint8_t original = damaged[at];
      for (const unsigned value : {0x00u, 0xffu, original ^ 0x80u, original ^ 0x01u, original + 1u, original - 1u, 0x45u, 0x60u}) {
        damaged[at] = static_cast<std::uint8_t>(value);
        INFO(stack.what << ": byte " << at << " is " << (value & 0xff));
        walk(Parsed(damaged, {}, stack.link));
        walk(Parsed(std::span(damaged).first(damaged.size() - 6), static_cast<std::uint32_t>(damaged.size()), {}, stack.link));
      }
      damaged[at] = original;
    }
  }
}

TEST_CASE("a frame as any other link type gets one status", "[frame][damage]") {
  for (const Stack& stack : all_stacks()) {
    for (const LinkType link : {LinkType::kEthernet, LinkType::kSll, LinkType::kSll2, LinkType::kRawIp}) {
      INFO(stack.what);
      walk(Parsed(stack.frame, {}, link));
    }
  }
}

}  // namespace
}  // namespace mptap

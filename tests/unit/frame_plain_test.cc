// parse_frame's short cut for plain frames says of every frame what the walk through all headers says.
#include <random>

#include "dataplane/frame.h"
#include "dataplane/tunnel.h"
#include "tests/support/packet_builder.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

namespace ts = mptap::testing;

void compare(const PacketView& packet) {
  Frame quick;
  Frame walked;
  const FrameStatus status = parse_frame(packet, {}, quick);
  REQUIRE(status == frame_detail::walk_frame(packet, {}, walked));
  if (status != FrameStatus::kTcpSegment) return;
  REQUIRE(quick.source == walked.source);
  REQUIRE(quick.destination == walked.destination);
  REQUIRE(quick.tcp.data() == walked.tcp.data());
  REQUIRE(quick.tcp.size() == walked.tcp.size());
  REQUIRE(quick.tcp_bytes == walked.tcp_bytes);
  REQUIRE(quick.ip_id == walked.ip_id);
  REQUIRE(quick.scope == walked.scope);
  REQUIRE(quick.first_fragment == walked.first_fragment);
  REQUIRE(quick.tunnels == walked.tunnels);
}

TEST_CASE("the short cut agrees with the walk, whatever byte is changed or cut", "[frame]") {
  const ts::Bytes frames[] = {
      ts::PacketBuilder().ethernet({}).ipv4("192.0.2.1", "192.0.2.2").tcp(1000, 80).payload("0123456789").build(),
      ts::PacketBuilder().ethernet({}).ipv6("2001:db8::1", "2001:db8::2").tcp(1000, 80).payload("0123456789").build(),
  };
  std::mt19937 random(7);  // its sequence is the same everywhere
  for (const ts::Bytes& frame : frames) {
    for (std::size_t captured = 0; captured <= frame.size(); ++captured) {
      const ts::Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(captured));
      PacketView packet;
      packet.data = cut.data();
      packet.captured_bytes = static_cast<std::uint32_t>(captured);
      for (const std::size_t wire : {captured, frame.size(), frame.size() + 6}) {
        packet.wire_bytes = static_cast<std::uint32_t>(std::max(captured, wire));
        compare(packet);
      }
    }
    for (int round = 0; round < 20'000; ++round) {
      ts::Bytes changed = frame;
      for (int i = 0; i < 2; ++i) changed[random() % 56] = static_cast<std::uint8_t>(random());
      PacketView packet;
      packet.data = changed.data();
      packet.captured_bytes = packet.wire_bytes = static_cast<std::uint32_t>(changed.size());
      compare(packet);
    }
  }
}

}  // namespace
}  // namespace mptap

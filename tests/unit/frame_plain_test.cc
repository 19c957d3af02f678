// The short cuts for plain frames say of every frame what the walk through all headers says.
#include <random>

#include "dataplane/frame.h"
#include "dataplane/plain_frame.h"
#include "dataplane/plain_glance.h"
#include "dataplane/tunnel.h"
#include "tests/support/packet_builder.h"
#include "tests/unit/catch.h"
#include "tests/unit/exact_bytes.h"

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

/// Whether the shortest cut takes it; requires then that the walk agrees.
bool is_passed_over(const ts::Bytes& frame, std::size_t captured) {
  const test::ExactBytes exact(std::span<const std::uint8_t>(frame).first(captured));  // a sanitizer sees reads beyond them
  PacketView packet;
  packet.data = exact.view().data();
  packet.captured_bytes = static_cast<std::uint32_t>(captured);
  packet.wire_bytes = static_cast<std::uint32_t>(frame.size());
  if (!frame_detail::has_timestamps_only(packet)) return false;
  Frame walked;
  REQUIRE(frame_detail::walk_frame(packet, {}, walked) == FrameStatus::kTcpSegment);
  REQUIRE(check_tcp(walked.tcp, walked.tcp_bytes) == TcpStatus::kOk);
  REQUIRE(has_plain_options(tcp_options_of(walked.tcp)));
  REQUIRE((walked.tunnels == 0 && !walked.first_fragment));
  return true;
}

ts::PacketBuilder& timestamped(ts::PacketBuilder& at) {
  return at.tcp(1000, 80).option(ts::Bytes{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}).payload("0123456789");
}
ts::Bytes timestamped_ipv4() {
  ts::PacketBuilder builder;
  builder.ethernet({}).ipv4("192.0.2.1", "192.0.2.2");
  return timestamped(builder).build();
}
ts::Bytes timestamped_ipv6(const char* source, const char* destination) {
  ts::PacketBuilder builder;
  builder.ethernet({}).ipv6(source, destination);
  return timestamped(builder).build();
}

TEST_CASE("segments with timestamps alone are told at a glance, and no others", "[frame]") {
  const ts::Bytes frames[] = {timestamped_ipv4(), timestamped_ipv6("2001:db8::1", "2001:db8::2")};
  std::mt19937 random(8);
  for (const ts::Bytes& frame : frames) {
    const std::size_t headers = frame.size() - 10;
    for (std::size_t captured = 0; captured <= frame.size(); ++captured) CHECK(is_passed_over(frame, captured) == (captured >= headers));
    int taken = 0;
    for (int round = 0; round < 20'000; ++round) {
      ts::Bytes changed = frame;
      for (int i = 0; i < 2; ++i) changed[random() % headers] = static_cast<std::uint8_t>(random());
      taken += is_passed_over(changed, changed.size()) ? 1 : 0;
    }
    CHECK(taken > 1'000);   // addresses, ports and numbers may be any
    CHECK(taken < 19'000);
  }
}

TEST_CASE("what may be an IPv4-mapped address is left to the walk", "[frame]") {
  CHECK_FALSE(is_passed_over(timestamped_ipv6("::ffff:192.0.2.1", "2001:db8::2"), 96));
  CHECK_FALSE(is_passed_over(timestamped_ipv6("2001:db8::1", "::ffff:192.0.2.2"), 96));
  CHECK_FALSE(is_passed_over(timestamped_ipv6("::1", "::1"), 96));
}

}  // namespace
}  // namespace mptap

// Frames a second down to their TCP segment, by what stands around it.
#include "dataplane/frame.h"

#include "tests/bench/micro/frames.h"
#include "tests/bench/micro/verdict.h"
#include "tests/support/mptcp_encode.h"

namespace mptap::bench {
namespace {

using testing::Bytes;
using testing::PacketBuilder;

/// A data segment with timestamps behind the headers of `at`.
Bytes segment_in(PacketBuilder at, std::uint32_t number) {
  return at.tcp(static_cast<std::uint16_t>(1024 + number), 443)
      .ack(number)
      .option(testing::encode_nop(2))
      .option(testing::encode_timestamps(number, number))
      .payload(Bytes(32, 0x55))
      .build();
}

PacketBuilder inner(PacketBuilder at, std::uint32_t number) { return at.ipv4(v4_of(number), "192.0.2.1"); }
PacketBuilder outer() { return PacketBuilder().ethernet().ipv4("198.51.100.1", "198.51.100.2"); }

PacketBuilder ipv4(std::uint32_t number) { return inner(PacketBuilder().ethernet(), number); }
PacketBuilder ipv6(std::uint32_t number) {
  return PacketBuilder().ethernet().ipv6("2001:db8::" + std::to_string(number), "2001:db8::ffff");
}
PacketBuilder vlan(std::uint32_t number) { return inner(PacketBuilder().ethernet().vlan(7), number); }
PacketBuilder mpls(std::uint32_t number) { return inner(PacketBuilder().ethernet().mpls(100), number); }
PacketBuilder vxlan(std::uint32_t number) { return inner(outer().vxlan(7).ethernet(), number); }
PacketBuilder erspan2(std::uint32_t number) { return inner(outer().erspan2().ethernet(), number); }
PacketBuilder gtpu(std::uint32_t number) { return inner(outer().gtpu({}), number); }
PacketBuilder ip_in_ip(std::uint32_t number) { return inner(outer(), number); }

void parse_frames(benchmark::State& state, PacketBuilder (*headers)(std::uint32_t)) {
  const Frames frames([headers](std::uint32_t number) { return segment_in(headers(number), number); });
  const FrameOptions options;
  std::size_t segments = 0;
  for (auto _ : state) {
    segments = 0;
    for (const PacketView& packet : frames.views()) {
      Frame frame;
      segments += parse_frame(packet, options, frame) == FrameStatus::kTcpSegment ? 1 : 0;
      benchmark::DoNotOptimize(frame);
    }
  }
  close(state, frames.views().size(), segments == frames.views().size(), "a frame was not taken for TCP");
}
BENCHMARK_CAPTURE(parse_frames, ipv4, ipv4);
BENCHMARK_CAPTURE(parse_frames, ipv6, ipv6);
BENCHMARK_CAPTURE(parse_frames, vlan, vlan);
BENCHMARK_CAPTURE(parse_frames, mpls, mpls);
BENCHMARK_CAPTURE(parse_frames, vxlan, vxlan);
BENCHMARK_CAPTURE(parse_frames, erspan2, erspan2);
BENCHMARK_CAPTURE(parse_frames, gtpu, gtpu);
BENCHMARK_CAPTURE(parse_frames, ip_in_ip, ip_in_ip);

/// What a tap carries beside TCP.
void refuse_udp(benchmark::State& state) {
  const Frames frames([](std::uint32_t number) {
    return PacketBuilder().ethernet().ipv4(v4_of(number), "192.0.2.1").udp(4000, 443).payload(Bytes(64, 0x55)).build();
  });
  const FrameOptions options;
  std::size_t refused = 0;
  for (auto _ : state) {
    refused = 0;
    for (const PacketView& packet : frames.views()) {
      Frame frame;
      refused += parse_frame(packet, options, frame) == FrameStatus::kNotTcp ? 1 : 0;
    }
    benchmark::DoNotOptimize(refused);
  }
  close(state, frames.views().size(), refused == frames.views().size(), "UDP was taken for something else");
}
BENCHMARK(refuse_udp);

}  // namespace
}  // namespace mptap::bench

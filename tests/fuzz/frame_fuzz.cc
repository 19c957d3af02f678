// Frames: the walk through all headers, and the short cut for plain frames against it.
//
// Input: 8 bytes that choose link type, options, and where the captured bytes end; then the frame.
#include <algorithm>
#include <memory>

#include "dataplane/cursor.h"
#include "dataplane/plain_frame.h"
#include "dataplane/plain_glance.h"
#include "dataplane/tcp.h"
#include "dataplane/tunnel.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

constexpr std::size_t kChoices = 8;

struct Choices {
  LinkType link;
  FrameOptions options;
  std::uint32_t beyond;        // bytes on the wire that were not captured
  std::uint32_t captured;      // a second capture of the same frame ends here
};

Choices read_choices(const Cursor& wire) {
  Choices choices;
  const std::uint8_t bits = wire.u8(0);
  choices.link = static_cast<LinkType>(bits & 3);
  choices.options.decapsulate = (bits & 4) == 0;
  choices.options.vlan_in_identity = (bits & 8) != 0;
  choices.options.tunnel_in_identity = (bits & 16) != 0;
  choices.options.max_depth = wire.u8(1) % 17;
  if ((bits & 32) != 0) choices.options.vxlan_port = wire.u16(2);
  if ((bits & 64) != 0) choices.options.gtpu_port = wire.u16(2);
  choices.beyond = wire.u16(4);
  choices.captured = wire.u16(6);
  return choices;
}

bool lies_within(Bytes part, const PacketView& packet) {
  const std::uint8_t* end = packet.data + packet.captured_bytes;
  return part.data() >= packet.data && part.data() <= end && part.size() <= static_cast<std::size_t>(end - part.data());
}

/// What holds of every frame that leads to TCP.
void check_frame(const Frame& frame, const PacketView& packet, const FrameOptions& options) {
  expect(lies_within(frame.tcp, packet), "TCP stands within the captured bytes");
  expect(lies_within({frame.addresses, frame.is_v4 ? 8u : 32u}, packet), "the addresses do, too");
  expect(frame.tcp.size() <= frame.tcp_bytes, "no more of TCP is captured than there is");
  expect(frame.tcp_bytes <= packet.wire_bytes, "TCP is no longer than the frame");
  expect(frame.tunnels <= options.max_depth, "no more tunnels than configured were passed");
  expect(options.decapsulate || frame.tunnels == 0, "no tunnel was passed where none may be");
  expect(options.vlan_in_identity || options.tunnel_in_identity || frame.scope == 0, "there is no scope unless asked for");
  expect(frame.source.is_v4() == frame.is_v4 && frame.destination.is_v4() == frame.is_v4, "the addresses name the family");
  const auto address = [&](std::size_t index) {
    return frame.is_v4 ? IpAddress::from_v4(frame.addresses + 4 * index) : IpAddress::from_v6(frame.addresses + 16 * index);
  };
  expect(address(0) == frame.source && address(1) == frame.destination, "addresses are those that stand in the packet");
}

bool is_same(const Frame& a, const Frame& b) {
  return a.source == b.source && a.destination == b.destination && a.addresses == b.addresses && a.is_v4 == b.is_v4 &&
         a.tcp.data() == b.tcp.data() && a.tcp.size() == b.tcp.size() && a.tcp_bytes == b.tcp_bytes && a.scope == b.scope &&
         a.ip_id == b.ip_id && a.first_fragment == b.first_fragment && a.tunnels == b.tunnels;
}

void check_segment(const Frame& frame) {
  TcpSegment segment;
  if (parse_tcp(frame.tcp, frame.tcp_bytes, segment) != TcpStatus::kOk) return;
  expect(segment.options.size() <= 40, "TCP's options are at most 40 bytes");
  expect(segment.payload_bytes + segment.options.size() + kMinTcpHeader == frame.tcp_bytes, "header and payload are all of TCP");
  OptionScan scan;
  scan_tcp_options(segment.options, scan);
  for (std::size_t i = 0; i < scan.count; ++i) {
    MptcpOption option;
    (void)decode_mptcp_option(segment.options.subspan(scan.offset[i], scan.length[i]), segment.flags, option);
  }
}

FrameStatus check(const PacketView& packet, const FrameOptions& options, Frame& out) {
  const FrameStatus status = frame_detail::walk_frame(packet, options, out);
  expect(status < FrameStatus::kCount, "the status is one of the table's");
  Frame quick;
  if (frame_detail::parse_plain(packet, quick)) {
    expect(status == FrameStatus::kTcpSegment, "what the short cut takes, the walk takes, too");
    expect(is_same(quick, out), "the short cut says of a frame what the walk says");
    expect(has_whole_header(quick.tcp) == (check_tcp(out.tcp, out.tcp_bytes) == TcpStatus::kOk), "both see whether TCP's header is whole");
  }
  if (frame_detail::has_timestamps_only(packet)) {
    expect(status == FrameStatus::kTcpSegment && check_tcp(out.tcp, out.tcp_bytes) == TcpStatus::kOk &&
               has_plain_options(tcp_options_of(out.tcp)),
           "what is passed over at a glance is plain TCP with timestamps to the walk, too");
  }
  Frame either;
  expect(parse_frame(packet, options, either) == status, "parse_frame() gives the walk's status");
  if (status != FrameStatus::kTcpSegment) return status;
  expect(is_same(either, out), "parse_frame() gives the walk's frame");
  check_frame(out, packet, options);
  check_segment(out);
  return status;
}

/// What is captured of a frame may decide whether it can be read, and never as what.
void check_cut(const PacketView& whole, const Frame& known, const Choices& choices) {
  const std::uint32_t captured = std::min(choices.captured, whole.captured_bytes);
  const auto bytes = std::make_unique<std::uint8_t[]>(captured);  // exactly as many: a sanitizer sees reads beyond them
  std::copy_n(whole.data, captured, bytes.get());
  PacketView cut = whole;
  cut.data = bytes.get();
  cut.captured_bytes = captured;
  Frame frame;
  if (check(cut, choices.options, frame) != FrameStatus::kTcpSegment) return;
  expect(frame.source == known.source && frame.destination == known.destination && frame.scope == known.scope &&
             frame.tunnels == known.tunnels && frame.ip_id == known.ip_id && frame.first_fragment == known.first_fragment,
         "a frame that was cut leads to the packet that the whole one leads to");
  expect(frame.tcp_bytes == known.tcp_bytes, "the segment is as long as that of the whole one");
  expect(frame.tcp.data() - cut.data == known.tcp.data() - whole.data, "it begins where that of the whole one begins");
}

void run(Bytes input) {
  if (input.size() < kChoices) return;
  const Choices choices = read_choices(Cursor(input));
  PacketView packet;
  packet.data = input.data() + kChoices;
  packet.captured_bytes = static_cast<std::uint32_t>(input.size() - kChoices);
  packet.wire_bytes = packet.captured_bytes + choices.beyond;
  packet.link = choices.link;
  Frame frame;
  if (check(packet, choices.options, frame) == FrameStatus::kTcpSegment) check_cut(packet, frame, choices);
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mptap::fuzz::run({data, size});
  return 0;
}

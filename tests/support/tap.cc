#include "tests/support/tap.h"

#include <stdexcept>

namespace mptap::testing {
namespace {

constexpr std::int64_t kSpanCopyDelayNs = 2'000;
constexpr std::int64_t kMaxReorderDelayNs = 2'000'000;
constexpr MacAddress kOpenerMac{0x02, 0x00, 0x5e, 0x00, 0x00, 0x01};
constexpr MacAddress kAcceptorMac{0x02, 0x00, 0x5e, 0x00, 0x00, 0x02};

void push_link(PacketBuilder& frame, LinkType link, bool toward_acceptor) {
  const MacAddress& source = toward_acceptor ? kOpenerMac : kAcceptorMac;
  const MacAddress& destination = toward_acceptor ? kAcceptorMac : kOpenerMac;
  switch (link) {
    case LinkType::kEthernet:
      frame.ethernet({destination, source});
      break;
    case LinkType::kLinuxSll:
      frame.linux_sll({.packet_type = static_cast<std::uint16_t>(toward_acceptor ? 0 : 4), .source = source});
      break;
    case LinkType::kLinuxSll2:
      frame.linux_sll2({.packet_type = static_cast<std::uint8_t>(toward_acceptor ? 0 : 4), .source = source});
      break;
    case LinkType::kRaw:
      break;
  }
}

void push_outer_ip(PacketBuilder& frame, bool toward_acceptor) {
  if (toward_acceptor) {
    frame.ipv4("172.31.0.1", "172.31.0.2");
  } else {
    frame.ipv4("172.31.0.2", "172.31.0.1");
  }
}

bool is_tag(Encapsulation encapsulation) {
  return encapsulation == Encapsulation::kVlan || encapsulation == Encapsulation::kQinq ||
         encapsulation == Encapsulation::kMpls;
}

}  // namespace

Tap::Tap(FrameSink& writer, Truth& truth, const TapOptions& options, Random random)
    : writer_(writer), truth_(truth), options_(options), random_(random) {
  if (options.link == LinkType::kRaw && is_tag(options.encapsulation)) {
    throw std::invalid_argument("raw IP frames cannot carry VLAN or MPLS tags");
  }
}

PacketBuilder Tap::new_frame(bool toward_acceptor, bool ethertype_only) const {
  PacketBuilder frame;
  push_link(frame, options_.link, toward_acceptor);
  switch (options_.encapsulation) {
    case Encapsulation::kNone:
      break;
    case Encapsulation::kVlan:
      frame.vlan(100);
      break;
    case Encapsulation::kQinq:
      frame.qinq(200).vlan(100);
      break;
    case Encapsulation::kMpls:
      if (!ethertype_only) frame.mpls(1000).mpls(16);
      break;
    case Encapsulation::kGre:
      if (ethertype_only) break;
      push_outer_ip(frame, toward_acceptor);
      frame.gre({.key = 7});
      break;
    case Encapsulation::kErspan2:
      push_outer_ip(frame, true);  // a mirror sends everything to its collector
      frame.erspan2();
      push_link(frame, LinkType::kEthernet, toward_acceptor);
      break;
    case Encapsulation::kErspan3:
      push_outer_ip(frame, true);
      frame.erspan3();
      push_link(frame, LinkType::kEthernet, toward_acceptor);
      break;
    case Encapsulation::kVxlan:
      push_outer_ip(frame, toward_acceptor);
      frame.vxlan(4096);
      push_link(frame, LinkType::kEthernet, toward_acceptor);
      break;
    case Encapsulation::kGtpu:
      if (ethertype_only) break;
      push_outer_ip(frame, toward_acceptor);
      frame.gtpu({.teid = 0x01020304, .extensions = {{}}});
      break;
    case Encapsulation::kIpip:
      if (ethertype_only) break;
      push_outer_ip(frame, toward_acceptor);
      break;
  }
  return frame;
}

void Tap::see(std::int64_t time_ns, Bytes frame, const FrameNote& note) {
  if (blind_) return;
  if (options_.hears == TapHears::kOpener && !note.from_orig) return;
  if (options_.hears == TapHears::kAcceptor && note.from_orig) return;
  time_ns += delay_ns_ + delay_next_ns_;
  delay_next_ns_ = 0;
  if (note.may_be_missed && random_.chance(options_.miss)) return;
  if (note.may_be_delayed && random_.chance(options_.reorder)) {
    time_ns += random_.between(1'000, kMaxReorderDelayNs);
  }
  if (note.subflow != nullptr) {
    SubflowTruth& subflow = *note.subflow;
    (note.from_orig ? subflow.orig_segments : subflow.resp_segments) += 1;
    (note.from_orig ? subflow.orig_bytes : subflow.resp_bytes) += note.payload_bytes;
  }
  if (random_.chance(options_.duplicate)) capture(time_ns + kSpanCopyDelayNs, frame, note);
  capture(time_ns, std::move(frame), note);
}

void Tap::capture(std::int64_t time_ns, Bytes frame, const FrameNote& note) {
  FrameTruth& frames = truth_.frames();
  frames.malformed_options += note.malformed_options;
  switch (note.kind) {
    case FrameKind::kTcp:
      ++frames.tcp_segments;
      break;
    case FrameKind::kNotIp:
      ++frames.not_ip;
      break;
    case FrameKind::kNotTcp:
      ++frames.not_tcp;
      break;
    case FrameKind::kFragment:
      ++frames.fragments;
      break;
    case FrameKind::kMalformed:
      ++frames.malformed;
      break;
  }
  const auto wire_bytes = static_cast<std::uint32_t>(frame.size());
  if (note.payload_bytes > options_.keep_payload_bytes) {
    frame.resize(frame.size() - (note.payload_bytes - options_.keep_payload_bytes));
    frame.shrink_to_fit();
  }
  waiting_.push(Sighting{time_ns, captured_++, std::move(frame), wire_bytes});
}

void Tap::release_before(std::int64_t time_ns) {
  while (!waiting_.empty() && waiting_.top().time_ns < time_ns) {
    writer_.write(clock_of(waiting_.top().time_ns), waiting_.top().frame, waiting_.top().wire_bytes);
    waiting_.pop();
  }
}

std::int64_t Tap::clock_of(std::int64_t time_ns) const {
  std::int64_t clock_ns = time_ns;
  for (const ClockStep& step : steps_) {
    if (step.at_ns <= time_ns) clock_ns += step.by_ns;
  }
  return clock_ns;
}

void Tap::finish() { release_before(INT64_MAX); }

}  // namespace mptap::testing

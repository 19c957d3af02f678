#include "tests/support/tcp_flow.h"

#include "tests/support/mptcp_encode.h"

namespace mptap::testing {
namespace {

constexpr std::size_t kMaxOptionBytes = 40;
constexpr std::size_t kTimestampBytes = 12;  // with two NOPs
constexpr std::uint16_t kWindow = 502;       // times 128 by window scale

void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

}  // namespace

TcpFlow::TcpFlow(Tap& tap, Random random, const TcpFlowSpec& spec, SubflowTruth* truth)
    : tap_(tap), spec_(spec), truth_(truth), flow_label_(random.u32() & 0xfffff) {
  for (std::size_t end = 0; end < 2; ++end) {
    isn_[end] = random.u32();  // drawn in any case: what is drawn later stays the same
    if (spec_.isn) isn_[end] = *spec_.isn;
    next_[end] = isn_[end];
    ip_id_[end] = random.u16();
    ts_base_[end] = random.u32();
    if (spec_.ts_base) ts_base_[end] = *spec_.ts_base;
  }
}

SentSegment TcpFlow::send(std::int64_t time_ns, End from, std::uint8_t flags, const Bytes& options,
                          const Bytes& payload, bool ordinary, Fate fate) {
  const std::size_t self = index(from);
  const std::size_t peer = index(peer_of(from));
  const SentSegment segment{from, next_[self], flags, options, payload};
  if (fate != Fate::kLostBeforeTap) show(time_ns, segment, ordinary);
  next_[self] += static_cast<std::uint32_t>(payload.size());
  if ((flags & (kSyn | kFin)) != 0) ++next_[self];
  if (fate != Fate::kArrives && next_[self] != segment.seq) hole_[self] = true;
  if (!hole_[self]) received_[peer] = next_[self];
  return segment;
}

void TcpFlow::send_again(std::int64_t time_ns, const SentSegment& segment) { show(time_ns, segment, false); }

void TcpFlow::fill_holes(End from) {
  hole_[index(from)] = false;
  received_[index(peer_of(from))] = next_[index(from)];
}

void TcpFlow::show(std::int64_t time_ns, const SentSegment& segment, bool ordinary) {
  FrameNote note{.kind = FrameKind::kTcp,
                 .subflow = truth_,
                 .from_orig = segment.from == End::kOpener,
                 .payload_bytes = static_cast<std::uint32_t>(segment.payload.size()),
                 .may_be_missed = ordinary,
                 .may_be_delayed = ordinary,
                 .malformed_options = malformed_options_};
  malformed_options_ = 0;
  ++ip_id_[index(segment.from)];
  tap_.see(time_ns, build(time_ns, segment, spec_.opener, spec_.acceptor), note);
  if (second_view_) {
    note.subflow = second_view_->truth;
    const bool outward = segment.from == End::kOpener;
    tap_.see(time_ns + (outward ? second_view_->delay_ns : -second_view_->delay_ns),
             build(time_ns, segment, second_view_->opener, second_view_->acceptor), note);
  }
}

Bytes TcpFlow::automatic_options(std::int64_t time_ns, const SentSegment& segment) {
  const std::size_t self = index(segment.from);
  Bytes options;
  const bool syn = (segment.flags & kSyn) != 0;
  const bool room = segment.options.size() + kTimestampBytes <= kMaxOptionBytes;
  if (syn) append(options, encode_mss(spec_.mss_bytes));
  if (spec_.timestamps && room && (segment.flags & kRst) == 0) {
    const std::uint32_t value = ts_base_[self] + static_cast<std::uint32_t>(time_ns / 1'000'000);
    const bool ack = (segment.flags & kAck) != 0;
    append(options, syn ? encode_sack_permitted() : encode_nop(2));
    append(options, encode_timestamps(value, ack ? ts_last_[index(peer_of(segment.from))] : 0));
    ts_last_[self] = value;
  }
  if (syn && spec_.timestamps) {
    append(options, encode_nop());
    append(options, encode_window_scale(7));
  }
  return options;
}

Bytes TcpFlow::build(std::int64_t time_ns, const SentSegment& segment, const Endpoint& opener,
                     const Endpoint& acceptor) {
  const std::size_t self = index(segment.from);
  const bool outward = segment.from == End::kOpener;
  const Endpoint& source = outward ? opener : acceptor;
  const Endpoint& destination = outward ? acceptor : opener;
  PacketBuilder frame = tap_.new_frame(outward);
  if (source.address.is_v6) {
    frame.ipv6(Ipv6Layer{.source = source.address,
                         .destination = destination.address,
                         .flow_label = flow_label_,
                         .hop_limit = ttl_[self]});
  } else {
    frame.ipv4(Ipv4Layer{.source = source.address,
                         .destination = destination.address,
                         .identification = ip_id_[self],
                         .ttl = ttl_[self]});
  }
  frame.tcp(source.port, destination.port)
      .seq(segment.seq)
      .flags(segment.flags)
      .window((segment.flags & kSyn) != 0 ? 64240 : kWindow)
      .option(automatic_options(time_ns, segment))
      .option(segment.options);
  if ((segment.flags & kAck) != 0) frame.ack(received_[self]);
  frame.payload(std::span<const std::uint8_t>(segment.payload));
  return frame.build();
}

}  // namespace mptap::testing

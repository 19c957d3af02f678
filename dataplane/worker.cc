#include "dataplane/worker.h"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/plain_frame.h"
#include "dataplane/tunnel.h"

namespace mptap {
namespace {

std::uint64_t wall_clock_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

/// A flow's key as words: made and hashed in registers.
struct FlowName {
  std::array<std::uint64_t, 5> word;
  bool source_is_low;
};

/// The same words for both directions.
[[gnu::always_inline]] inline FlowName name_flow(const Frame& frame) noexcept {
  std::uint64_t source[2];
  std::uint64_t destination[2];
  std::memcpy(source, frame.source.bytes.data(), sizeof source);
  std::memcpy(destination, frame.destination.bytes.data(), sizeof destination);
  const Cursor ports(frame.tcp);
  const std::uint64_t source_port = ports.u16(0);
  const std::uint64_t destination_port = ports.u16(2);
  // Which end is called low does not matter, only that both directions agree: whole words are compared.
  const bool low = source[1] != destination[1]   ? source[1] < destination[1]
                   : source[0] != destination[0] ? source[0] < destination[0]
                                                 : source_port <= destination_port;
  const std::uint64_t ports_word = low ? source_port | destination_port << 16 : destination_port | source_port << 16;
  return {{low ? source[0] : destination[0], low ? source[1] : destination[1], low ? destination[0] : source[0],
           low ? destination[1] : source[1], ports_word | std::uint64_t{frame.scope} << 32},
          low};
}

FrameStatus check_header(const Frame& frame) noexcept {
  switch (check_tcp(frame.tcp, frame.tcp_bytes)) {
    case TcpStatus::kOk: break;
    case TcpStatus::kTruncated: return FrameStatus::kTcpTruncated;
    case TcpStatus::kDataOffset: return FrameStatus::kTcpDataOffset;
  }
  return FrameStatus::kTcpSegment;
}

}  // namespace

Worker::Worker(PacketSource& source, const WorkerOptions& options, RecordRing& ring, std::uint64_t seed,
               const std::atomic<bool>& stop, PacketShelf* shelf)
    : source_(source),
      options_(options),
      keeper_(shelf != nullptr ? std::optional<PacketKeeper>(*shelf) : std::nullopt),
      out_(ring, options.overflow_capacity, !source.is_live(), stop, tally_, keeper_ ? &*keeper_ : nullptr),
      tracker_(options, seed, out_, tally_) {}

PollStatus Worker::poll_once() noexcept {
  const ReceiveStatus received = source_.receive(burst_);
  ++tally_.polls;
  if (burst_.size != 0) {
    process_burst(burst_);
    publish();
    return PollStatus::kBusy;
  }
  ++tally_.polls_empty;
  if (received == ReceiveStatus::kFinished) return PollStatus::kFinished;
  if (received == ReceiveStatus::kFailed) return PollStatus::kFailed;
  now_ns_ = std::max(now_ns_, source_.is_live() ? wall_clock_ns() : now_ns_);
  tracker_.expire(now_ns_);
  publish();
  return PollStatus::kIdle;
}

/// First all headers, so that the table's memory is on its way while the next packet is parsed; then the state.
void Worker::process_burst(const Burst& burst) noexcept {
  const std::size_t count = prefetch_burst(parse_burst(burst));
  for (std::size_t i = 0; i < count; ++i) {
    const Candidate& candidate = candidates_[concerned_[i]];
    tracker_.expire(candidate.time_ns);
    track(candidate);
  }
  tracker_.expire(now_ns_);
}

/// Which candidates concern the tracker; brings what it will need of them towards the cache.
std::size_t Worker::prefetch_burst(std::size_t candidates) noexcept {
  std::size_t count = 0;
  bool may_open = false;  // a subflow that segments after it belong to
  for (std::size_t i = 0; i < candidates; ++i) {
    SegmentView& segment = candidates_[i].segment;
    const bool known = tracker_.prefetch_subflow(segment);
    may_open = may_open || (!known && segment.scan.count != 0);
    if (!known && !may_open) continue;  // plain TCP
    read_tcp(segment.tcp.options.data() - kMinTcpHeader, segment.tcp);
    tracker_.prefetch_copies(segment);
    concerned_[count++] = static_cast<std::uint8_t>(i);
  }
  return count;
}

/// All headers of a burst; returns how many candidates there are.
std::size_t Worker::parse_burst(const Burst& burst) noexcept {
  constexpr std::size_t kAhead = 4;  // packets whose bytes are fetched while one is parsed
  std::size_t count = 0;
  std::size_t segments = 0;
  std::size_t with_mptcp = 0;
  std::uint64_t bytes = 0;
  std::uint64_t now_ns = now_ns_;
  bool mptcp_in_sight = tracker_.table().used() != 0;  // a subflow is known, or was in this burst
  for (std::size_t i = 0; i < burst.size; ++i) {
    if (i + kAhead < burst.size) __builtin_prefetch(burst.packets[i + kAhead].data);
    const PacketView& packet = burst.packets[i];
    bytes += packet.wire_bytes;
    now_ns = std::max(now_ns, packet.time_ns);  // packet time never goes back, even where a capture does
    Frame frame;  // stays in registers: nobody is given its address
    if (!frame_detail::parse_plain(packet, frame) || check_tcp(frame.tcp, frame.tcp_bytes) != TcpStatus::kOk) {
      Frame odd;
      if (!walk_odd(packet, odd)) continue;
      frame = odd;
    }
    ++segments;
    const Bytes options = tcp_options_of(frame.tcp);
    Candidate& candidate = candidates_[count];
    scan_tcp_options(options, candidate.segment.scan);
    if (candidate.segment.scan.broken) ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOptionList)];
    const bool has_mptcp = candidate.segment.scan.count != 0;
    with_mptcp += has_mptcp ? 1 : 0;
    mptcp_in_sight = mptcp_in_sight || has_mptcp;
    if (!mptcp_in_sight) continue;  // no subflow is known that it could belong to
    fill(frame, options, candidate.segment);
    candidate.time_ns = now_ns;
    candidate.packet = &packet;
    ++count;
  }
  now_ns_ = now_ns;
  tally_.rx_packets += burst.size;
  tally_.rx_bytes += bytes;
  tally_.tcp_segments += segments;
  tally_.frames[static_cast<std::size_t>(FrameStatus::kTcpSegment)] += segments;
  tally_.with_mptcp += with_mptcp;
  tally_.without_mptcp += segments - with_mptcp;
  return count;
}

void Worker::track(const Candidate& candidate) noexcept {
  const SegmentView& segment = candidate.segment;
  if (keeper_) {
    const bool low = segment.source_is_low;
    keeper_->look_at(*candidate.packet, segment.tcp.options, low ? segment.key.low : segment.key.high,
                     low ? segment.key.high : segment.key.low);
  }
  tracker_.on_segment(segment, candidate.time_ns);
  if (keeper_) keeper_->forget();
}

/// A frame with tags, tunnels, options or errors: true where a TCP segment stands in it. What is none is counted in
/// exactly one place.
[[gnu::noinline]] bool Worker::walk_odd(const PacketView& packet, Frame& out) noexcept {
  FrameStatus status = frame_detail::walk_frame(packet, options_.frame, out);
  if (status == FrameStatus::kTcpSegment) status = check_header(out);
  switch (status) {
    case FrameStatus::kTcpSegment:
      if (out.first_fragment) ++tally_.first_fragments;
      if (out.tunnels != 0) ++tally_.tunnelled;
      return true;
    case FrameStatus::kNotIp: ++tally_.not_ip; break;
    case FrameStatus::kNotTcp: ++tally_.not_tcp; break;
    case FrameStatus::kFragment: ++tally_.fragments; break;
    default: ++tally_.malformed; break;
  }
  ++tally_.frames[static_cast<std::size_t>(status)];
  return false;
}

/// What tells the segment's subflow; asks for its bucket.
[[gnu::always_inline]] inline void Worker::fill(const Frame& frame, Bytes options, SegmentView& segment) const noexcept {
  const FlowName name = name_flow(frame);
  segment.key = std::bit_cast<SubflowKey>(name.word);
  segment.source_is_low = name.source_is_low;
  segment.hash = tracker_.table().hash_of(name.word);
  segment.ip_id = frame.ip_id;
  segment.tcp.options = options;
  segment.tcp.payload_bytes = frame.tcp_bytes - static_cast<std::uint32_t>(options.size()) - kMinTcpHeader;
  tracker_.table().prefetch_bucket(segment.hash);
}

void Worker::publish() noexcept {
  tracker_.publish();
  out_.publish();
  counters_.publish(tally_);
  published_time_ns_.store(now_ns_, std::memory_order_release);
}

void Worker::finish() noexcept {
  tracker_.finish(now_ns_);
  publish();
  finished_.store(true, std::memory_order_release);
}

}  // namespace mptap

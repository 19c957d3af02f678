#include "dataplane/worker.h"

#include <time.h>

#include <algorithm>
#include <cstring>

namespace mptap {
namespace {

std::uint64_t wall_clock_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

/// The same key for both directions; returns whether the source is the low end.
bool make_key(const Frame& frame, const TcpSegment& tcp, SubflowKey& key) noexcept {
  // Which end is called low does not matter, only that both directions agree: whole words are compared.
  std::uint64_t source[2];
  std::uint64_t destination[2];
  std::memcpy(source, frame.source.bytes.data(), sizeof source);
  std::memcpy(destination, frame.destination.bytes.data(), sizeof destination);
  const bool source_is_low = source[1] != destination[1]   ? source[1] < destination[1]
                             : source[0] != destination[0] ? source[0] < destination[0]
                                                           : tcp.source_port <= tcp.destination_port;
  key.low = source_is_low ? frame.source : frame.destination;
  key.high = source_is_low ? frame.destination : frame.source;
  key.low_port = source_is_low ? tcp.source_port : tcp.destination_port;
  key.high_port = source_is_low ? tcp.destination_port : tcp.source_port;
  key.scope = frame.scope;
  return source_is_low;
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
  std::size_t count = 0;
  mptcp_in_sight_ = tracker_.table().used() != 0;
  for (std::size_t i = 0; i < burst.size; ++i) {
    if (parse_packet(burst.packets[i], candidates_[count])) ++count;
  }
  bool may_open = false;  // a subflow that segments after it belong to
  for (std::size_t i = 0; i < count; ++i) {
    candidates_[i].is_known = tracker_.prefetch(candidates_[i].segment);
    may_open = may_open || (!candidates_[i].is_known && candidates_[i].segment.scan.count != 0);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!candidates_[i].is_known && !may_open) continue;  // plain TCP
    tracker_.expire(candidates_[i].time_ns);
    track(candidates_[i]);
  }
  tracker_.expire(now_ns_);
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

/// Counts the frame in exactly one place; true where its segment concerns the tracker.
bool Worker::parse_packet(const PacketView& packet, Candidate& out) noexcept {
  ++tally_.rx_packets;
  tally_.rx_bytes += packet.wire_bytes;
  now_ns_ = std::max(now_ns_, packet.time_ns);  // packet time never goes back, even where a capture does
  Frame frame;
  FrameStatus status = parse_frame(packet, options_.frame, frame);
  TcpSegment& tcp = out.segment.tcp;
  if (status == FrameStatus::kTcpSegment) {
    switch (parse_tcp(frame.tcp, frame.tcp_bytes, tcp)) {
      case TcpStatus::kOk: break;
      case TcpStatus::kTruncated: status = FrameStatus::kTcpTruncated; break;
      case TcpStatus::kDataOffset: status = FrameStatus::kTcpDataOffset; break;
    }
  }
  ++tally_.frames[static_cast<std::size_t>(status)];
  switch (status) {
    case FrameStatus::kTcpSegment: break;
    case FrameStatus::kNotIp: ++tally_.not_ip; return false;
    case FrameStatus::kNotTcp: ++tally_.not_tcp; return false;
    case FrameStatus::kFragment: ++tally_.fragments; return false;
    default: ++tally_.malformed; return false;
  }
  ++tally_.tcp_segments;
  if (frame.first_fragment) ++tally_.first_fragments;
  if (frame.tunnels != 0) ++tally_.tunnelled;
  scan_tcp_options(tcp.options, out.segment.scan);
  if (out.segment.scan.broken) ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOptionList)];
  ++(out.segment.scan.count != 0 ? tally_.with_mptcp : tally_.without_mptcp);
  mptcp_in_sight_ = mptcp_in_sight_ || out.segment.scan.count != 0;
  if (!mptcp_in_sight_) return false;  // no subflow is known that it could belong to
  out.segment.source_is_low = make_key(frame, tcp, out.segment.key);
  out.segment.hash = tracker_.table().hash_of(out.segment.key);
  out.segment.ip_id = frame.ip_id;
  out.time_ns = now_ns_;
  out.packet = &packet;
  tracker_.table().prefetch_bucket(out.segment.hash);
  return true;
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

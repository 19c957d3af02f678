#include "dataplane/worker.h"

#include <time.h>

#include <algorithm>

#include "dataplane/flow_name.h"
#include "dataplane/plain_frame.h"
#include "dataplane/plain_glance.h"
#include "dataplane/tunnel.h"

namespace mptap {
namespace {

std::uint64_t wall_clock_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

/// What is read from a file waits: nothing need be left out.
WorkerOptions fit(WorkerOptions options, bool is_live) {
  if (!is_live) options.refused_join_sample = options.table.closed_share = 1;
  return options;
}

bool is_syn(Bytes tcp) noexcept { return (tcp[13] & (tcp_flag::kSyn | tcp_flag::kAck)) == tcp_flag::kSyn; }

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
               const std::atomic<bool>& stop, PacketShelf* shelf, const PacketFilter* filter, RuleChannel* rules)
    : source_(source),
      filter_(filter),
      options_(fit(options, source.is_live())),
      is_live_(source.is_live()),
      keeper_(shelf != nullptr ? std::optional<PacketKeeper>(*shelf) : std::nullopt),
      out_(ring, !source.is_live(), stop, tally_, keeper_ ? &*keeper_ : nullptr),
      tracker_(options_, seed, out_, tally_),
      verdicts_(rules != nullptr ? std::make_unique<Verdicts>(*rules, options_.spared, tally_) : nullptr) {}

PollStatus Worker::poll_once() noexcept {
  const ReceiveStatus received = source_.receive(burst_);
  ++tally_.polls;
  if (const std::size_t count = burst_.size; count != 0) {
    if (is_live_) tracker_.on_look(now_ns_, burst_.packets[0].time_ns);
    if (filter_ == nullptr) {
      process_burst(burst_);
    } else {
      process_passing();
    }
    source_.release(held_back_);
    held_back_ = 0;
    // While one full burst follows another, the counters of eight are shown at once.
    const bool more_follow = count == Burst::kCapacity && ++unshown_bursts_ < kBurstsShown;
    publish(!more_follow);
    return PollStatus::kBusy;
  }
  ++tally_.polls_empty;
  if (received == ReceiveStatus::kFinished) return PollStatus::kFinished;
  if (received == ReceiveStatus::kFailed) return PollStatus::kFailed;
  if (is_live_) {
    const std::uint64_t source_ns = source_.time_ns();
    const std::uint64_t look_ns = std::max(now_ns_, source_ns != 0 ? source_ns : wall_clock_ns());
    tracker_.on_look(now_ns_, look_ns);
    now_ns_ = look_ns;
  }
  tracker_.expire(now_ns_);
  publish(true);
  return PollStatus::kIdle;
}

/// The packets of the burst that pass the filter. Those that do not are counted, and time goes on with them: or nothing
/// would time out while all are left out.
[[gnu::noinline]] void Worker::process_passing() noexcept {
  const std::uint64_t passing = filter_->pick_passing(burst_);
  std::uint64_t latest_ns = now_ns_;
  std::uint64_t bytes_out = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < burst_.size; ++i) {
    const PacketView& packet = burst_.packets[i];
    latest_ns = std::max(latest_ns, packet.time_ns);
    if ((passing >> i & 1) != 0) {
      burst_.packets[kept] = packet;
      burst_.packets[kept++].time_ns = latest_ns;  // time never goes back, whatever was left out in between
    } else {
      bytes_out += packet.wire_bytes;
    }
  }
  tally_.rx_packets += burst_.size - kept;
  tally_.rx_bytes += bytes_out;
  tally_.filtered_out += burst_.size - kept;
  burst_.size = kept;
  process_burst(burst_);
  now_ns_ = latest_ns;
  tracker_.expire(now_ns_);
}

/// First all headers; then group by group what is needed of the subflows is asked for, and a group before that is tracked, whose
/// memory has come by then. Little at a time: what is asked for all at once makes everything else wait. Bursts that are mostly
/// SYNs, as a flood's, gain nothing by groups and stay whole.
void Worker::process_burst(const Burst& burst) noexcept {
  Progress at;
  const std::size_t candidates = parse_burst(burst, at);
  if (verdicts_) verdicts_->take_orders(now_ns_);
  at.judges = verdicts_ && verdicts_->any();
  const std::size_t group = at.syns * 2 > candidates ? Burst::kCapacity : kGroup;
  ask_for_buckets(at, std::min(group, candidates));
  while (at.looked_up < candidates) {
    const std::size_t group_before = at.concerned;
    ask_for_buckets(at, std::min(at.asked + group, candidates));
    pick_concerned(at, std::min(at.looked_up + group, candidates));
    track_concerned(at, group_before);
  }
  track_concerned(at, at.concerned);
  tracker_.expire(now_ns_);
  if (verdicts_ && verdicts_->addresses().is_on()) judge_addresses(at.concerned);
}

/// Of the candidates up to `end`, a group before pick_concerned() waits for them.
void Worker::ask_for_buckets(Progress& at, std::size_t end) noexcept {
  for (std::size_t i = at.asked; i < end; ++i) tracker_.prefetch_first_look(candidates_[i].segment, flows_.is_syn[i] != 0);
  at.asked = end;
}

/// Which candidates up to `end` concern the tracker; brings what it will need of them towards the cache.
void Worker::pick_concerned(Progress& at, std::size_t end) noexcept {
  tracker_.prefetch_slots(flows_, at.looked_up, end);
  std::size_t count = at.concerned;
  for (std::size_t i = at.looked_up; i < end; ++i) {
    SegmentView& segment = candidates_[i].segment;
    segment.likely_slot = flows_.slot[i];
    const bool is_plain = segment.likely_slot == SubflowTable::kNone && segment.scan.count == 0;
    // What was tracked since may have evicted a subflow that another segment of the burst is about to bring back.
    if (is_plain && !at.with_option.may_hold(segment.hash)) continue;
    if (!at.judges) tracker_.prefetch_memories(segment, flows_.is_syn[i] != 0, false);
    concerned_[count++] = static_cast<std::uint8_t>(i);
  }
  if (at.judges) prefetch_judged(at.concerned, count);
  at.looked_up = end;
  at.concerned = count;
}

/// The concerned up to `end`, in their order.
void Worker::track_concerned(Progress& at, std::size_t end) noexcept {
  const bool judges = at.judges;
  const bool only_tracks = !judges && !keeper_;
  for (std::size_t i = at.tracked; i < end; ++i) {
    Candidate& candidate = candidates_[concerned_[i]];
    tracker_.expire_before(candidate.time_ns);
    if (only_tracks) {
      tracker_.on_segment(candidate.segment, candidate.time_ns);
    } else {
      track(candidate, judges && judge(candidate, suspects_[i]) ? &suspects_[i] : nullptr);
    }
  }
  at.tracked = end;
}

/// Where no subflow is known: passes over the segments of plain TCP that a burst begins with, and counts them. So little is
/// kept in mind that it stays in registers.
/// @return How many there were.
[[gnu::noinline]] std::size_t Worker::skip_plain(const Burst& burst) noexcept {
  std::uint64_t bytes = 0;
  std::uint64_t now_ns = now_ns_;
  std::size_t i = 0;
  for (; i < burst.size; ++i) {
    const PacketView& packet = burst.packets[i];
    if (!frame_detail::has_timestamps_only(packet)) [[unlikely]] {
      Frame frame;
      if (!frame_detail::parse_plain(packet, frame) || !has_whole_header(frame.tcp)) break;
      if (!has_plain_options(tcp_options_of(frame.tcp))) break;
    }
    bytes += packet.wire_bytes;
    now_ns = std::max(now_ns, packet.time_ns);
  }
  now_ns_ = now_ns;
  tally_.rx_bytes += bytes;
  tally_.tcp_segments += i;
  tally_.frames[static_cast<std::size_t>(FrameStatus::kTcpSegment)] += i;
  tally_.without_mptcp += i;
  return i;
}

/// All headers of a burst.
/// @return How many candidates there are; `at.syns` of them are SYNs.
std::size_t Worker::parse_burst(const Burst& burst, Progress& at) noexcept {
  std::size_t count = 0;
  std::size_t syns = 0;
  std::size_t segments = 0;
  std::size_t with_mptcp = 0;
  std::uint64_t bytes = 0;
  bool mptcp_in_sight = tracker_.table().used() != 0;  // a subflow is known, or was in this burst
  std::size_t i = mptcp_in_sight ? 0 : skip_plain(burst);
  std::uint64_t now_ns = now_ns_;
  FewFlows with_option;
  const auto name_of = [this](const Frame& frame) {
    return name_flow(frame.addresses, frame.tcp.data(), frame.is_v4, frame.scope, tracker_.table().hash());
  };
  for (; i < burst.size; ++i) {
    const PacketView& packet = burst.packets[i];
    bytes += packet.wire_bytes;
    now_ns = std::max(now_ns, packet.time_ns);  // packet time never goes back, even where a capture does
    Frame frame;  // stays in registers: nobody is given its address
    if (!frame_detail::parse_plain(packet, frame) || !has_whole_header(frame.tcp)) {
      Frame odd;
      if (!walk_odd(packet, odd)) continue;
      frame = odd;
    }
    ++segments;
    const Bytes options = tcp_options_of(frame.tcp);
    Candidate& candidate = candidates_[count];
    FlowName name;
    if (has_plain_options(options)) {  // nearly all of a tap: nothing of it is written down yet
      if (!mptcp_in_sight) continue;   // no subflow is known that it could belong to
      name = name_of(frame);
      if (!with_option.may_hold(name.hash) && !tracker_.table().may_hold(name.hash)) continue;  // plain TCP
      candidate.segment.scan.set_plain(!options.empty());
    } else {
      scan_tcp_options(options, candidate.segment.scan);
      if (candidate.segment.scan.broken) ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOptionList)];
      const bool has_mptcp = candidate.segment.scan.count != 0;
      with_mptcp += has_mptcp ? 1 : 0;
      mptcp_in_sight = mptcp_in_sight || has_mptcp;
      if (!mptcp_in_sight) continue;
      name = name_of(frame);
      if (has_mptcp) {
        with_option.add(name.hash);  // it may open a subflow: asking the table would have to wait for its memory
      } else if (!with_option.may_hold(name.hash) && !tracker_.table().may_hold(name.hash)) {
        continue;
      }
    }
    flows_.hash[count] = name.hash;
    flows_.is_syn[count] = is_syn(frame.tcp) ? 1 : 0;
    syns += flows_.is_syn[count];
    candidate.segment.hash = name.hash;
    candidate.segment.source_is_low = name.source_is_low;
    candidate.segment.header = frame.tcp.data();
    candidate.segment.addresses = frame.addresses;
    candidate.segment.is_v4 = frame.is_v4;
    candidate.segment.ip_id = frame.ip_id;
    candidate.segment.tcp.options = options;
    candidate.segment.tcp.payload_bytes = frame.tcp_bytes - static_cast<std::uint32_t>(options.size()) - kMinTcpHeader;
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
  at.syns = syns;
  at.with_option = with_option;
  return count;
}

/// Of what concerns the tracker, before the first of it is judged: a flood's SYNs each miss the cache. What will probably be
/// held back needs nothing of the tracker.
[[gnu::noinline]] void Worker::prefetch_judged(std::size_t begin, std::size_t end) noexcept {
  for (std::size_t i = begin; i < end; ++i) {
    Candidate& candidate = candidates_[concerned_[i]];
    suspects_[i] = candidate.packet->is_inline ? verdicts_->prefetch(candidate.segment) : Verdicts::Suspect{};
    const bool will_end_here = suspects_[i].limit != nullptr && suspects_[i].limit->enforced;
    tracker_.prefetch_memories(candidate.segment, flows_.is_syn[concerned_[i]] != 0, will_end_here);
  }
}

[[gnu::noinline]] bool Worker::judge(const Candidate& candidate, Verdicts::Suspect& suspect) noexcept {
  const PacketView& packet = *candidate.packet;
  if (!packet.is_inline || !verdicts_->holds_back(candidate.segment, suspect, tracker_.table(), candidate.time_ns)) return false;
  held_back_ |= std::uint64_t{1} << packet.place;
  return true;
}

/// ADD_ADDRs of the burst: once all that is known is with control, and before anything of the burst goes on.
[[gnu::noinline]] void Worker::judge_addresses(std::size_t count) noexcept {
  AddressJudge& judge = verdicts_->addresses();
  std::array<std::uint8_t, Burst::kCapacity> asked;
  std::size_t asked_count = 0;
  bool all_known = true;
  for (std::size_t i = 0; i < count; ++i) {
    const Candidate& candidate = candidates_[concerned_[i]];
    const PacketView& packet = *candidate.packet;
    if (!packet.is_inline || (held_back_ >> packet.place & 1) != 0 || !AddressJudge::brings_claim(candidate.segment)) continue;
    if (tracker_.table().find(candidate.segment.hash) == SubflowTable::kNone || verdicts_->is_spared(candidate.segment.source())) continue;
    all_known = all_known && judge.knows(candidate.segment, tracker_.table());
    asked[asked_count++] = concerned_[i];
  }
  if (asked_count == 0) return;
  publish(false);
  const bool is_judged = all_known || (tally_.records_pending == 0 && judge.await_control(tally_.records_pushed, now_ns_));
  verdicts_->take_orders(now_ns_);
  for (std::size_t i = 0; i < asked_count; ++i) strike_address(candidates_[asked[i]], is_judged);
}

/// In a tunnel, too: what is written sums up to what stood there before, and all headers are of an even size, so that the checksums of
/// outer headers (UDP, GRE) stay right.
void Worker::strike_address(const Candidate& candidate, bool is_judged) noexcept {
  AddressJudge& judge = verdicts_->addresses();
  const PacketView& packet = *candidate.packet;
  RewrittenHeader header;
  const AddressJudge::Outcome outcome = judge.strike(candidate.segment, tracker_.table(), header);
  const bool is_unjudged = !is_judged && !judge.knows(candidate.segment, tracker_.table());
  bool is_done = true;
  if (outcome == AddressJudge::Outcome::kStruck) {
    const auto at = static_cast<std::uint32_t>(candidate.segment.header - packet.data);
    is_done = source_.overwrite(packet.place, at, {header.bytes.data(), header.size});
  }
  if (is_done) judge.note(candidate.segment, tracker_.table(), outcome);
  if (is_unjudged || !is_done) judge.note_unjudged();
}

/// What is held back is told of all the same: control must see whether an attack goes on.
/// @param held_back  nullptr: it is not.
[[gnu::noinline]] void Worker::track(Candidate& candidate, const Verdicts::Suspect* held_back) noexcept {
  if (keeper_) keeper_->look_at(*candidate.packet, candidate.segment);
  const bool is_join = held_back != nullptr && held_back->limit != nullptr;
  const bool is_done = is_join && tracker_.on_held_back_join(candidate.segment, held_back->name, held_back->is_repeated);
  if (!is_done) tracker_.on_segment(candidate.segment, candidate.time_ns);
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

void Worker::publish(bool with_counters) noexcept {
  tracker_.publish();
  out_.publish();
  if (with_counters) {
    counters_.publish(tally_);
    unshown_bursts_ = 0;
  }
  published_.time_ns.store(now_ns_, std::memory_order_release);
}

void Worker::finish() noexcept {
  tracker_.finish(now_ns_);
  publish(true);
  published_.finished.store(true, std::memory_order_release);
}

}  // namespace mptap

#include "dataplane/subflow_tracker.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/choose.h"

namespace mptap {
namespace {

/// So that an interval has 16 to 31 steps, or as many as it has nanoseconds.
unsigned counters_shift(std::uint64_t interval_ns) {
  const auto bits = static_cast<unsigned>(std::bit_width(interval_ns));
  return bits > 5 ? bits - 5 : 0u;
}

}  // namespace

const MptcpOption* DecodedOptions::find(Subtype subtype) const {
  for (std::uint8_t i = 0; i < count; ++i) {
    if (error[i] == OptionError::kOk && option[i].subtype == subtype) return &option[i];
  }
  return nullptr;
}

SubflowTracker::SubflowTracker(const WorkerOptions& options, std::uint64_t seed, RecordOut& out, WorkerTally& tally)
    : options_(options),
      counters_shift_(counters_shift(options.counters_interval_ns)),
      counters_steps_(static_cast<std::uint16_t>(options.counters_interval_ns >> counters_shift_)),
      tells_only_news_(!options.records.every_dss && !options.records.every_option),
      table_(options.table, seed),
      closed_limit_(std::max(table_.capacity() / std::max(options.table.closed_share, 1u), 1u)),
      out_(out),
      tally_(tally) {}

void SubflowTracker::decode(const SegmentView& segment) noexcept {
  decoded_.count = segment.scan.count;
  decoded_.odd = false;
  for (std::uint8_t i = 0; i < decoded_.count; ++i) {
    const Bytes bytes = segment.tcp.options.subspan(segment.scan.offset[i], segment.scan.length[i]);
    decoded_.error[i] = decode_mptcp_option(bytes, segment.tcp.flags, decoded_.option[i]);
    decoded_.odd = decoded_.odd || decoded_.error[i] != OptionError::kOk || decoded_.option[i].reserved_bits;
  }
}

/// Which end sent a segment of a subflow that is not known: 0 the opener, 1 the acceptor. An ACK with MP_CAPABLE or
/// MP_JOIN comes from the opener; otherwise the lower port is taken for the acceptor's.
unsigned SubflowTracker::guess_direction(const SegmentView& segment) const noexcept {
  const TcpSegment& tcp = segment.tcp;
  if ((tcp.flags & tcp_flag::kSyn) != 0) return (tcp.flags & tcp_flag::kAck) != 0 ? 1 : 0;
  const bool from_opener = decoded_.find(Subtype::kCapable) != nullptr || decoded_.find(Subtype::kJoin) != nullptr ||
                           tcp.source_port >= tcp.destination_port;
  return from_opener ? 0 : 1;
}

void SubflowTracker::count_options(unsigned direction) noexcept {
  for (std::uint8_t i = 0; i < decoded_.count; ++i) {
    ++tally_.option_errors[static_cast<std::size_t>(decoded_.error[i])];
    if (decoded_.error[i] != OptionError::kOk) continue;
    const auto subtype = static_cast<std::size_t>(decoded_.option[i].subtype);
    ++tally_.options[subtype];
    if (direction != 0) ++tally_.options_from_acceptor[subtype];
  }
}

/// @param segment  Its `tcp` is filled in.
void SubflowTracker::on_any(SegmentView& segment) noexcept {
  read_tcp(segment.header, segment.tcp);
  decode(segment);
  const std::uint32_t index = table_.find(segment.hash, segment.likely_slot);
  if (index == SubflowTable::kNone && decoded_.count == 0) return;
  const std::uint8_t flags = segment.tcp.flags;
  const bool is_syn = (flags & tcp_flag::kSyn) != 0 && (flags & tcp_flag::kRst) == 0;
  const bool is_answer = is_syn && (flags & tcp_flag::kAck) != 0;
  if (index != SubflowTable::kNone) {
    SubflowSlot& slot = table_[index];
    const unsigned direction = direction_of(slot, segment);
    count_options(direction);
    if (is_copy(segment)) {
      ++tally_.copies;
      return;
    }
    if (!is_syn && slot.klass != SlotClass::kClosed && is_stranger(slot, direction, segment)) {
      on_stranger(index, direction, segment);
      return;
    }
  } else {
    count_options(guess_direction(segment));
  }
  const bool each = decoded_.odd || (options_.records.every_option && decoded_.count != 0);
  const bool known = index != SubflowTable::kNone && table_[index].klass != SlotClass::kClosed;
  if (each && known) tell_each(index, segment);  // before what may close the slot
  if (!is_syn) {
    if (index == SubflowTable::kNone) {
      on_midstream(segment, decoded_);
    } else if (table_[index].klass != SlotClass::kClosed) {
      on_data(index, segment, decoded_);
    }
  } else if (!is_answer) {
    on_syn(index, segment, decoded_);
  } else {
    on_syn_ack(index, segment, decoded_);
  }
  if (each && !known) tell_each(table_.find(segment.hash), segment);
}

void SubflowTracker::on_midstream(const SegmentView& segment, const DecodedOptions& options) noexcept {
  if ((segment.tcp.flags & tcp_flag::kRst) != 0) return;
  const MptcpOption* capable = options.find(Subtype::kCapable);
  const MptcpOption* join = options.find(Subtype::kJoin);
  const bool worth_a_slot = capable != nullptr || join != nullptr || options.find(Subtype::kDss) != nullptr ||
                            options.find(Subtype::kAddAddr) != nullptr;
  if (!worth_a_slot) return;
  const std::uint32_t index = try_open(segment, SlotClass::kMidstream, guess_direction(segment) == 0);
  if (index == SubflowTable::kNone) {
    ++tally_.subflows_not_stored;
    return;
  }
  table_[index].seen |= seen::kMidstream;
  tell_opened(index, segment, RecordClass::kBulk);
  on_data(index, segment, options);
}

void SubflowTracker::on_data(std::uint32_t index, const SegmentView& segment, const DecodedOptions& options) noexcept {
  SubflowSlot& slot = table_[index];
  const unsigned direction = direction_of(slot, segment);
  const std::uint8_t flags = segment.tcp.flags;
  const bool in_sequence = is_in_sequence(slot, direction, segment.tcp.seq);
  touch(index, direction, segment);
  slot.seen |= only_if((direction == 1) & ((flags & tcp_flag::kRst) == 0), seen::kAcceptorWentOn);
  if (direction == 0 && slot.has(seen::kSynAck) && !slot.has(seen::kThirdAck) && (flags & tcp_flag::kAck) != 0 &&
      (flags & tcp_flag::kRst) == 0 &&
      is_between(slot.acceptor_isn + 1, segment.tcp.ack, slot.numbers[1].seq_next)) {
    slot.seen |= seen::kThirdAck;
    confirm(index);
  }
  on_options(index, direction, segment, options);
  if ((flags & tcp_flag::kRst) != 0) {
    if (in_sequence) {
      on_reset(index, direction, segment, options);
    } else {
      ++tally_.out_of_sequence;
    }
    return;
  }
  on_fins(index, direction, segment.tcp.seq, segment.tcp.payload_bytes, (flags & tcp_flag::kFin) != 0, in_sequence);
  tell_periodic_counters(index);
}

/// RST and FIN count where their sequence number lies between what the peer has acknowledged and what was sent.
bool SubflowTracker::is_in_sequence(const SubflowSlot& slot, unsigned direction, std::uint32_t seq) noexcept {
  const SlotNumbers& own = slot.numbers[direction];
  const SlotNumbers& peer = slot.numbers[1 - direction];
  const bool own_known = slot.has(seen::kSeqKnown << direction);
  const bool peer_known = slot.has(seen::kAckKnown << (1 - direction));
  if (slot.has(seen::kSyn) && !slot.has(seen::kSynAck) && !own_known) return true;  // see on_reset
  if (!own_known && !peer_known) return false;
  const std::uint32_t high = own_known ? own.seq_next : peer.ack;
  const std::uint32_t low = peer_known && high - peer.ack < kMaxAdvance ? peer.ack : high;
  return is_between(low, seq, high);
}

void SubflowTracker::on_reset(std::uint32_t index, unsigned direction, const SegmentView& segment,
                              const DecodedOptions& options) noexcept {
  const SubflowSlot& slot = table_[index];
  const bool before_answer = slot.klass == SlotClass::kUnanswered;
  if (before_answer && direction == 1 &&
      ((segment.tcp.flags & tcp_flag::kAck) == 0 || segment.tcp.ack != slot.opener_isn + 1)) {
    ++tally_.out_of_sequence;  // RFC 9293 3.10.7.3: a RST in SYN-SENT must acknowledge the SYN
    return;
  }
  Record& record = begin_record(index, RecordKind::kReset, direction);
  record.reset = ResetBody{};
  record.reset.before_answer = before_answer;
  if (const MptcpOption* option = options.find(Subtype::kTcpRst)) {
    record.reset.has_reason = true;
    record.reset.transient = option->tcp_rst.transient;
    record.reset.reason = option->tcp_rst.reason;
  }
  out_.end();
  close(index, CloseCause::kReset);
}

/// What a segment does to the subflow's end, once its numbers are known.
/// @param in_sequence  Of its FIN: is_in_sequence() before they were.
void SubflowTracker::on_fins(std::uint32_t index, unsigned direction, std::uint32_t seq, std::uint32_t payload_bytes,
                             bool is_fin, bool in_sequence) noexcept {
  const SubflowSlot& slot = table_[index];
  if (is_fin && !slot.has(seen::kFin << direction)) note_fin(index, direction, seq, payload_bytes, in_sequence);
  if (slot.has(kFins)) settle_fins(index);
}

/// A FIN in sequence counts; one ahead of its data may, once the peer acknowledges exactly it; one behind is nothing.
void SubflowTracker::note_fin(std::uint32_t index, unsigned direction, std::uint32_t seq, std::uint32_t payload_bytes,
                              bool in_sequence) noexcept {
  SubflowSlot& slot = table_[index];
  const SlotNumbers& peer = slot.numbers[1 - direction];
  const std::uint32_t end = seq + payload_bytes + 1;
  const bool peer_known = slot.has(seen::kAckKnown << (1 - direction));
  // Where each direction comes from a port of its own, a FIN may stand behind the ACK that acknowledges it.
  in_sequence = in_sequence || (peer_known && peer.ack == end);
  const bool behind = peer_known && Ssn{seq}.before(Ssn{peer.ack});
  if (!in_sequence) ++tally_.out_of_sequence;
  if (!in_sequence && behind) return;
  table_.rare(index).direction[direction].fin_seq = end - 1;
  slot.seen |= (in_sequence ? seen::kFin : seen::kFinPending) << direction;
  if (in_sequence) tell_fin(index, direction);
}

void SubflowTracker::tell_fin(std::uint32_t index, unsigned direction) noexcept {
  (void)begin_record(index, RecordKind::kFin, direction);
  out_.end();
}

/// The subflow ends when both FINs are acknowledged. A FIN ahead that data has passed was forged.
void SubflowTracker::settle_fins(std::uint32_t index) noexcept {
  SubflowSlot& slot = table_[index];
  const SlotRare& rare = table_.peek_rare(slot);
  bool both_acknowledged = true;
  for (unsigned direction = 0; direction < 2; ++direction) {
    const SlotNumbers& peer = slot.numbers[1 - direction];
    const std::uint32_t end = rare.direction[direction].fin_seq + 1;
    const bool acknowledged = slot.has(seen::kAckKnown << (1 - direction)) && peer.ack - end < kMaxAdvance;
    if (slot.has(seen::kFinPending << direction) && acknowledged && !slot.has(seen::kFin << direction)) {
      slot.seen &= ~(seen::kFinPending << direction);
      if (peer.ack == end) {
        slot.seen |= seen::kFin << direction;
        tell_fin(index, direction);
      }
    }
    both_acknowledged = both_acknowledged && slot.has(seen::kFin << direction) && acknowledged;
  }
  if (both_acknowledged) close(index, CloseCause::kFin);
}

void SubflowTracker::touch(std::uint32_t index, unsigned direction, const SegmentView& segment) noexcept {
  SubflowSlot& slot = table_[index];
  SlotNumbers& own = slot.numbers[direction];
  SlotNumbers& peer = slot.numbers[1 - direction];
  const TcpSegment& tcp = segment.tcp;
  slot.last_seen_ns = now_ns_;
  ++slot.direction[direction].segments;
  slot.direction[direction].payload_bytes += tcp.payload_bytes;
  if ((tcp.flags & tcp_flag::kRst) != 0) return;  // its numbers prove nothing
  const std::uint32_t controls = ((tcp.flags & tcp_flag::kSyn) != 0 ? 1u : 0u) + ((tcp.flags & tcp_flag::kFin) != 0 ? 1u : 0u);
  const std::uint32_t end = tcp.seq + tcp.payload_bytes + controls;
  if (slot.has(seen::kSeqKnown << direction)) {
    advance(own.seq_next, end);
  } else {
    own.seq_next = end;
    slot.seen |= seen::kSeqKnown << direction;
  }
  if ((tcp.flags & tcp_flag::kAck) == 0) return;
  if (slot.has(seen::kAckKnown << direction)) {
    advance(own.ack, tcp.ack);
  } else {
    own.ack = tcp.ack;
    slot.seen |= seen::kAckKnown << direction;
  }
  if (slot.has(seen::kSeqKnown << (1 - direction))) advance(peer.seq_next, tcp.ack);  // the tap missed some
}

void SubflowTracker::confirm(std::uint32_t index) noexcept {
  SubflowSlot& slot = table_[index];
  if (slot.klass == SlotClass::kConfirmed) return;
  forget_receiver(index);
  table_.change_class(index, SlotClass::kConfirmed);
  if (!needs_rare(slot)) table_.drop_rare(index);
}

/// Whether anything of the slot's SlotRare is still of use once it is confirmed.
bool SubflowTracker::needs_rare(const SubflowSlot& slot) const noexcept {
  if (slot.rare == 0) return false;
  if (slot.has((seen::kFin | seen::kFinPending | seen::kStranger) * 3 | seen::kChallenger)) return true;
  if (!slot.has(seen::kOpenedSent) || !slot.has(seen::kSynAck)) return true;  // its SYN's option is yet to be told, or compared
  const SlotRare& rare = table_.peek_rare(slot);
  const auto counts = [](const SlotRare::Direction& own) { return own.ssn_before | own.ssn_hole | own.tiny_jumps; };
  return (counts(rare.direction[0]) | counts(rare.direction[1])) != 0;
}

std::uint32_t SubflowTracker::try_open(const SegmentView& segment, SlotClass klass, bool opener_is_source) noexcept {
  if (table_.used() == table_.capacity()) make_room(klass);
  const std::uint32_t index = table_.try_insert(segment.hash, klass);
  if (index == SubflowTable::kNone) return index;
  SubflowSlot& slot = table_[index];
  if (opener_is_source == segment.source_is_low) slot.seen |= seen::kOpenerIsLow;
  slot.last_seen_ns = now_ns_;
  slot.counters_told = counters_step_of(now_ns_);
  ++tally_.subflows_opened;
  (void)is_copy(segment);  // its own second copy is known by this
  table_.arm(index, now_ns_, now_ns_ + timeout_of(slot));
  return index;
}

/// Ends what the slot held and begins anew under the same key, the segment's receiver being the opener.
std::uint32_t SubflowTracker::reopen(std::uint32_t index, const SegmentView& segment, SlotClass klass) noexcept {
  if (table_[index].klass != SlotClass::kClosed) close(index, CloseCause::kReplaced);
  table_.release(index);
  return try_open(segment, klass, false);
}

void SubflowTracker::make_room(SlotClass klass) noexcept {
  const std::uint32_t victim = table_.victim_for(klass);
  if (victim == SubflowTable::kNone) return;
  switch (table_[victim].klass) {
    case SlotClass::kMidstream: ++tally_.evicted_midstream; break;
    case SlotClass::kUnanswered: ++tally_.evicted_unanswered; break;
    case SlotClass::kAnswered: ++tally_.evicted_answered; break;
    default: break;
  }
  if (table_[victim].klass != SlotClass::kClosed) close(victim, CloseCause::kEvicted);
  table_.release(victim);
  table_.prefetch_victims();
}

void SubflowTracker::forget_receiver(std::uint32_t index) noexcept {
  SubflowSlot& slot = table_[index];
  if (!slot.has(seen::kReceiverCounted)) return;
  slot.seen &= ~seen::kReceiverCounted;
  table_.uncount_receiver(table_.peek_rare(slot).receiver);
}

void SubflowTracker::close(std::uint32_t index, CloseCause cause) noexcept {
  SubflowSlot& slot = table_[index];
  if (slot.has(seen::kOpenedSent)) {
    // Of a single SYN that nobody answered the opened record has told everything.
    const SlotDirection& opener = slot.direction[0];
    const bool told = slot.klass == SlotClass::kUnanswered && opener.segments == 1 && opener.payload_bytes == 0 &&
                      slot.direction[1].segments == 0;
    if (!told) tell_counters(index, true);
    const bool half_open = slot.klass == SlotClass::kAnswered &&
                           !slot.has(seen::kDenied | seen::kThirdAck | seen::kAcceptorWentOn) &&
                           !table_.peek_rare(slot).syn_after_answer;
    begin_record(index, RecordKind::kClosed, 0).closed = ClosedBody{cause, half_open, slot.last_seen_ns};
    out_.end();
  }
  forget_receiver(index);
  table_.drop_rare(index);
  slot.seen &= ~seen::kChallenger;
  table_.change_class(index, SlotClass::kClosed);
  table_.arm(index, now_ns_, now_ns_ + options_.table.linger_ns);
  limit_closed();
}

/// Where many subflows end, the table would be full of closed ones, and each newcomer take the place of one that has left the
/// caches long ago. Never ends the one that was closed last.
void SubflowTracker::limit_closed() noexcept {
  if (table_.count(SlotClass::kClosed) <= closed_limit_) return;
  table_.release(table_.oldest(SlotClass::kClosed));
  table_.prefetch_victims();
}

std::uint64_t SubflowTracker::timeout_of(const SubflowSlot& slot) const noexcept {
  const bool finished = slot.has(seen::kFin) && slot.has(seen::kFin << 1);
  if (finished || slot.klass == SlotClass::kClosed) return options_.table.linger_ns;
  switch (slot.klass) {
    case SlotClass::kMidstream: return options_.table.midstream_timeout_ns;
    case SlotClass::kUnanswered: return options_.table.unanswered_timeout_ns;
    case SlotClass::kAnswered:
      return slot.has(seen::kDenied) ? options_.table.idle_timeout_ns : options_.table.unanswered_timeout_ns;
    default: return options_.table.idle_timeout_ns;
  }
}

void SubflowTracker::on_due(std::uint32_t index) noexcept {
  const SubflowSlot& slot = table_[index];
  const std::uint64_t deadline = slot.last_seen_ns + timeout_of(slot) + pauses_.unheard_since(slot.last_seen_ns);
  if (deadline > now_ns_) {
    table_.arm(index, now_ns_, deadline);
    return;
  }
  if (slot.klass == SlotClass::kClosed) {
    table_.release(index);
    return;
  }
  const bool finished = slot.has(seen::kFin) && slot.has(seen::kFin << 1);
  const bool unanswered = slot.klass == SlotClass::kUnanswered;
  close(index, finished ? CloseCause::kFin : unanswered ? CloseCause::kUnanswered : CloseCause::kTimeout);
  table_.release(index);
}

void SubflowTracker::expire_due() noexcept {
  refused_.forget(now_ns_);
  table_.expire(now_ns_, kExpireBudget, [this](std::uint32_t index) { on_due(index); });
}

void SubflowTracker::publish() noexcept {
  tracks_.settle();
  tally_.subflows = table_.used() - table_.count(SlotClass::kClosed);
  tally_.subflows_unanswered = table_.count(SlotClass::kUnanswered);
}

void SubflowTracker::finish(std::uint64_t now_ns) noexcept {
  now_ns_ = now_ns;
  out_.wait_from_now_on();
  for (std::uint32_t index = 0; index < table_.high_water(); ++index) {
    const SlotClass klass = table_[index].klass;
    if (klass != SlotClass::kFree && klass != SlotClass::kClosed) close(index, CloseCause::kExit);
  }
  expire(now_ns);
}

}  // namespace mptap

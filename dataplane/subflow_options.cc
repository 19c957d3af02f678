// SubflowTracker's options of established subflows, and its records.
#include <algorithm>
#include <cstring>

#include "dataplane/choose.h"
#include "dataplane/subflow_tracker.h"

namespace mptap {
namespace {

/// Identifies the content of a third ACK's option without keeping it: a retransmission tells nothing new. Two contents of
/// one shape have one mark with probability 2^-16, which no sender can raise. Never 0.
/// @param seed  Secret.
std::uint16_t mark_of(Bytes option, std::uint64_t seed) {
  std::uint64_t mark = seed;
  for (std::size_t at = 0; at < option.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, option.data() + at, std::min(sizeof word, option.size() - at));
    mark = mix64(mark ^ word);
  }
  const auto short_mark = static_cast<std::uint16_t>(mark);
  return short_mark != 0 ? short_mark : std::uint16_t{1};
}

/// MP_JOIN, or MP_CAPABLE without data, with, and with a checksum: an opener may send several in a row.
unsigned shape_of(Subtype subtype, std::size_t length) {
  if (subtype == Subtype::kJoin) return 0;
  return length == option_length::kCapableBothKeys ? 1 : length == option_length::kCapableData ? 2 : 3;
}

/// A DSN or data ACK to as many bits as are known.
struct Whole {
  std::uint64_t number;
  bool known;  // all 64
};

/// Flows differ in the width of their numbers: computing all takes less than guessing wrong.
/// @param known, high            Of the direction: whether all 64 bits of its highest one are, and it.
/// @param peer_known, peer_high  What the other direction says of the same numbers.
Whole whole_of(std::uint64_t number, bool wide, bool known, std::uint64_t high, bool peer_known, std::uint64_t peer_high) {
  const bool has_reference = known || peer_known;
  const std::uint64_t extended = extend(choose(known, high, peer_high), number);
  return {choose(has_reference && !wide, extended, number), wide || has_reference};
}

}  // namespace

void SubflowTracker::on_options(std::uint32_t index, unsigned direction, const SegmentView& segment,
                                const DecodedOptions& options) noexcept {
  for (std::uint8_t i = 0; i < options.count; ++i) {
    const MptcpOption& option = options.option[i];
    if (options.error[i] != OptionError::kOk) continue;
    switch (option.subtype) {
      case Subtype::kCapable:
      case Subtype::kJoin: on_ack_option(index, direction, segment, option); break;
      case Subtype::kDss: on_dss(index, direction, segment, option.dss); break;
      case Subtype::kTcpRst:          // told with its RST
      case Subtype::kExperimental: break;  // counted only
      default: tell_option(index, direction, option); break;
    }
  }
}

/// Tells what breaks the grammar, reserved bits, and every option where the configuration asks for it.
void SubflowTracker::tell_each(std::uint32_t index, const SegmentView& segment) noexcept {
  const bool known = index != SubflowTable::kNone && table_[index].klass != SlotClass::kClosed;
  const unsigned direction = known ? direction_of(table_[index], segment) : 0;
  const SubflowKey key = segment.key();
  const bool opener_is_low = known ? table_[index].opener_is_low() : segment.source_is_low;
  for (std::uint8_t i = 0; i < decoded_.count; ++i) {
    const MptcpOption& option = decoded_.option[i];
    const bool malformed = decoded_.error[i] != OptionError::kOk;
    if (malformed || options_.records.every_option) {
      const RecordKind kind = malformed ? RecordKind::kMalformed : RecordKind::kOption;
      Record& record = known ? begin_record(index, kind, direction, RecordClass::kBulk) : begin_record(kind);
      record.malformed = MalformedBody{opener_is_low ? key.low : key.high,
                                       opener_is_low ? key.high : key.low,
                                       opener_is_low ? key.low_port : key.high_port,
                                       opener_is_low ? key.high_port : key.low_port,
                                       decoded_.error[i],
                                       static_cast<std::uint8_t>(option.subtype),
                                       option.length,
                                       segment.tcp.flags};
      out_.end();
    }
    if (malformed || !option.reserved_bits || !known) continue;
    if (!table_[index].tell_first(direction, track_bit::kReservedBits)) continue;
    tell_anomaly(index, direction, {0, 0, 0, 0, Anomaly::kReservedBits, static_cast<std::uint8_t>(option.subtype)});
  }
}

void SubflowTracker::tell_anomaly(std::uint32_t index, unsigned direction, const AnomalyBody& body) noexcept {
  begin_record(index, RecordKind::kAnomaly, direction).anomaly = body;
  out_.end();
}

/// One that does not begin where the highest one ends, or is tiny and jumps: it is compared at once, unless there is nothing
/// that it could be compared with.
void SubflowTracker::on_apart_mapping(std::uint32_t index, unsigned direction, const Mapping& mapping) noexcept {
  SubflowSlot& slot = table_[index];
  constexpr std::uint32_t kFirstSsn = 1;  // RFC 8684 section 3.3.1
  if (mapping.ssn == kFirstSsn && !has_mapped(slot, direction) && slot.has(seen::kSynAck)) {
    tracks_.note_later(index, slot.generation, end_of(slot, direction), kFirstSsn, static_cast<std::uint32_t>(mapping.dsn_before),
                       static_cast<std::uint32_t>(mapping.dsn), mapping.bytes);
    slot.numbers[direction].ssn_high = kFirstSsn + mapping.bytes;
    return;
  }
  MappingTrack& track = track_of(index, direction);
  track.catch_up(whole_ssn_high(slot, direction), static_cast<std::uint32_t>(mapping.dsn_before));
  count_mapping(index, direction, mapping, track.covers(mapping.ssn, mapping.bytes));
  const MappingTrack::Noted noted = track.note(mapping.ssn, static_cast<std::uint32_t>(mapping.dsn), mapping.bytes);
  track.ssn_high = whole_ssn_high(slot, direction);
  if (noted.tiny_jump) ++table_.rare(index).direction[direction].tiny_jumps;
  if (!noted.conflict || !slot.tell_first(direction, track_bit::kConflict)) return;
  tell_anomaly(index, direction,
               {mapping.dsn, noted.other_dsn, mapping.ssn, mapping.data_len, Anomaly::kMappingConflict,
                static_cast<std::uint8_t>(Subtype::kDss)});
}

void SubflowTracker::on_ack_option(std::uint32_t index, unsigned direction, const SegmentView& segment,
                                   const MptcpOption& option) noexcept {
  if (direction != 0) return;  // only the opener completes a handshake
  SubflowSlot& slot = table_[index];
  for (std::uint8_t i = 0; i < segment.scan.count; ++i) {
    const Bytes bytes = segment.tcp.options.subspan(segment.scan.offset[i], segment.scan.length[i]);
    if (static_cast<Subtype>(bytes[2] >> 4) != option.subtype) continue;
    const std::uint16_t mark = mark_of(bytes, slot.hash);
    const unsigned shape = shape_of(option.subtype, bytes.size());
    if (slot.ack_option_mark == mark && slot.ack_option_shape == shape) return;
    slot.ack_option_mark = mark;
    slot.ack_option_shape = shape & 3u;
  }
  if (option.subtype == Subtype::kJoin) {
    Record& record = begin_record(index, RecordKind::kJoinAck, direction);
    if (slot.has(seen::kAnswerRepeated)) record.flags |= record_flag::kRepeated;
    record.join_ack = JoinAckBody{option.join.hmac};
    out_.end();
    return;
  }
  const CapableOption& capable = option.capable;
  Record& record = begin_record(index, RecordKind::kCapableAck, direction);
  if (slot.has(seen::kAnswerRepeated)) record.flags |= record_flag::kRepeated;
  record.capable_ack = CapableAckBody{capable.sender_key,    capable.receiver_key, capable.data_len,
                                      capable.checksum,      capable.version,      capable.flags,
                                      capable.has_data_len,  capable.has_checksum};
  out_.end();
  if (capable.has_data_len && !has_mapped(slot, 0)) {
    // The first mapping of the connection: SSN 1, DSN right behind the IDSN (RFC 8684 3.1).
    slot.numbers[0].ssn_high = 1u + capable.data_len;
  }
}

/// Moves the direction's highest data ACK; true where its 64 bits were not known before.
bool SubflowTracker::note_data_ack(SubflowSlot& slot, unsigned direction, DssBody& dss) noexcept {
  std::uint64_t& high = slot.direction[direction].data_ack;
  const bool known = slot.has(seen::kDataAckKnown << direction);
  const Whole whole = whole_of(dss.data_ack, (dss.flags & DssOption::kDataAck8) != 0, known, high,
                               slot.has(seen::kDsnKnown << (1 - direction)), slot.direction[1 - direction].dsn_high);
  dss.data_ack = whole.number;
  dss.data_ack_known = whole.known;
  slot.seen |= only_if(whole.known, seen::kDataAckKnown << direction);
  move_to(high, whole.number, known, whole.known);
  return known != whole.known;
}

/// Moves the direction's highest DSN; true where its 64 bits were not known before.
bool SubflowTracker::note_dsn(SubflowSlot& slot, unsigned direction, DssBody& dss, std::uint32_t bytes) noexcept {
  std::uint64_t& high = slot.direction[direction].dsn_high;
  const bool known = slot.has(seen::kDsnKnown << direction);
  const Whole whole = whole_of(dss.dsn, (dss.flags & DssOption::kDsn8) != 0, known, high,
                               slot.has(seen::kDataAckKnown << (1 - direction)), slot.direction[1 - direction].data_ack);
  dss.dsn = whole.number;
  dss.dsn_known = whole.known;
  slot.seen |= only_if(whole.known, seen::kDsnKnown << direction);
  std::uint64_t end = whole.number + bytes;
  if (known != whole.known && high != 0) {  // what was the highest until now may still be
    const std::uint64_t before = extend(end, high);
    if (Dsn{end}.before(Dsn{before})) end = before;
  }
  move_to(high, end, known, whole.known);
  return known != whole.known;
}

/// Counts the bytes that a mapping maps for the first time on this subflow. What is missing behind the highest one may
/// come later: as much of it counts, unless it was seen before.
void SubflowTracker::count_mapping(std::uint32_t index, unsigned direction, const Mapping& mapping, bool again) noexcept {
  SubflowSlot& slot = table_[index];
  const std::uint32_t& ssn_high = slot.numbers[direction].ssn_high;
  const std::uint32_t end = mapping.ssn + mapping.bytes;
  if (!has_mapped(slot, direction)) {
    const std::uint32_t first = slot.has(seen::kSynAck) ? 1 : mapping.ssn;
    if (first != 1) table_.rare(index).direction[direction].ssn_before = first - 1;
    slot.numbers[direction].ssn_high = first;
  }
  if (Ssn{ssn_high}.before(Ssn{end})) {
    if (Ssn{ssn_high}.before(Ssn{mapping.ssn})) {
      std::uint32_t& hole = table_.rare(index).direction[direction].ssn_hole;
      // A hole of 2^32 bytes is a turn that was not mapped.
      if (__builtin_add_overflow(hole, mapping.ssn - ssn_high, &hole)) --slot.direction[direction].ssn_turns;
    }
    raise_ssn_high(slot, direction, end);
  } else if (slot.rare != 0 && !again) {
    std::uint32_t& hole = table_.rare(index).direction[direction].ssn_hole;
    hole -= std::min<std::uint32_t>(mapping.bytes, hole);
  }
}

void SubflowTracker::on_dss(std::uint32_t index, unsigned direction, const SegmentView& segment,
                            const DssOption& dss) noexcept {
  SubflowSlot& slot = table_[index];
  DssBody body{dss.data_ack, dss.dsn,   dss.ssn,          segment.tcp.payload_bytes, dss.data_len,
               dss.checksum, dss.flags, dss.has_checksum, false,                     false};
  bool news = !slot.has(seen::kDss << direction);
  if (dss.has(DssOption::kDataAck)) news = note_data_ack(slot, direction, body) || news;
  if (dss.has(DssOption::kMapping)) {
    // A DATA_FIN counts in data_len and is no byte; with SSN 0 it stands alone.
    const std::uint32_t bytes = dss.data_len - (dss.has(DssOption::kDataFin) && dss.data_len != 0 ? 1u : 0u);
    const std::uint64_t dsn_before = slot.direction[direction].dsn_high;
    news = note_dsn(slot, direction, body, bytes) || news;
    on_mapping(index, direction, {dss.dsn, dsn_before, dss.ssn, dss.data_len, static_cast<std::uint16_t>(bytes)},
               segment.tcp.payload_bytes != 0);
    if (dss.data_len == 0) {  // RFC 8684 3.7: the infinite mapping
      if (slot.tell_first(direction, track_bit::kInfinite)) {
        tell_anomaly(index, direction,
                     {dss.dsn, 0, dss.ssn, 0, Anomaly::kInfiniteMapping, static_cast<std::uint8_t>(Subtype::kDss)});
      }
    } else {
      news = slot.tell_first(direction, dss.has_checksum ? track_bit::kWithChecksum : track_bit::kWithoutChecksum) || news;
    }
  }
  const auto tell_dss = [&](RecordKind kind, RecordClass klass) {
    begin_record(index, kind, direction, klass).dss = body;
    out_.end();
  };
  if (news) {
    slot.seen |= seen::kDss << direction;
    if (slot.has(seen::kDss) && slot.has(seen::kDss << 1)) confirm(index);
    tell_dss(RecordKind::kFirstDss, class_of(slot));
  }
  if (dss.has(DssOption::kDataFin) && !slot.has(seen::kDataFin << direction)) {
    slot.seen |= seen::kDataFin << direction;
    tell_dss(RecordKind::kDataFin, class_of(slot));
  }
  if (options_.records.every_dss) tell_dss(RecordKind::kDss, RecordClass::kBulk);
}

void SubflowTracker::tell_option(std::uint32_t index, unsigned direction, const MptcpOption& option) noexcept {
  const auto begin = [&](RecordKind kind) -> Record& { return begin_record(index, kind, direction); };
  switch (option.subtype) {
    case Subtype::kAddAddr: {
      const AddAddrOption& add = option.add_addr;
      begin(RecordKind::kAddAddr).add_addr = AddAddrBody{add.address, add.hmac, add.port,     add.address_id,
                                                         add.version, add.echo, add.has_port, add.has_hmac};
      break;
    }
    case Subtype::kRemoveAddr:
      begin(RecordKind::kRemoveAddr).remove_addr = RemoveAddrBody{option.remove_addr.address_ids, option.remove_addr.count};
      break;
    case Subtype::kPrio:
      begin(RecordKind::kPrio).prio = PrioBody{option.prio.backup, option.prio.has_address_id, option.prio.address_id};
      break;
    case Subtype::kFail: begin(RecordKind::kFail).fail = FailBody{option.fail.dsn}; break;
    case Subtype::kFastClose:
      begin(RecordKind::kFastClose).fast_close = FastCloseBody{option.fast_close.receiver_key};
      break;
    default: return;
  }
  out_.end();
}

Record& SubflowTracker::begin_record(std::uint32_t index, RecordKind kind, unsigned direction, RecordClass klass) noexcept {
  Record& record = out_.begin(klass);
  record.time_ns = now_ns_;
  record.slot = index;
  record.generation = table_[index].generation;
  record.kind = kind;
  record.flags = direction == 0 ? std::uint8_t{0} : record_flag::kFromAcceptor;
  return record;
}

Record& SubflowTracker::begin_record(RecordKind kind) noexcept {
  Record& record = out_.begin(RecordClass::kBulk);
  record.time_ns = now_ns_;
  record.kind = kind;
  return record;
}

void SubflowTracker::tell_opened(std::uint32_t index, const SegmentView& segment, RecordClass klass) noexcept {
  if (klass == RecordClass::kBulk && out_.loses_bulk()) return;
  SubflowSlot& slot = table_[index];
  Record& record = begin_record(index, RecordKind::kOpened, 0, klass);
  const SubflowKey key = segment.key();
  const bool low = slot.opener_is_low();
  record.opened = OpenedBody{low ? key.low : key.high, low ? key.high : key.low, table_.peek_rare(slot).syn,
                             low ? key.low_port : key.high_port, low ? key.high_port : key.low_port};
  if (slot.has(seen::kSyn)) record.flags |= record_flag::kSynSeen;
  if (slot.has(seen::kToldBefore)) record.flags |= record_flag::kToldBefore;
  if (table_.peek_rare(slot).sampled_out) record.flags |= record_flag::kSampledOut;
  if (slot.has(seen::kMidstream)) record.flags |= record_flag::kMidstream;
  if (out_.end()) slot.seen |= seen::kOpenedSent;
}

/// How far the direction's sequence numbers have come, modulo 2^32; only where its ISN is known.
std::uint32_t SubflowTracker::sent_bytes(const SubflowSlot& slot, unsigned direction) noexcept {
  const std::uint32_t isn = direction == 0 ? slot.opener_isn : slot.acceptor_isn;
  const std::uint32_t fin = slot.has((seen::kFin | seen::kFinPending) << direction) ? 1 : 0;
  return slot.numbers[direction].seq_next - isn - 1 - fin;
}

/// Whether the sequence numbers tell of more payload than was seen. Retransmissions may hide what is missing.
bool SubflowTracker::misses_payload(const SubflowSlot& slot, unsigned direction) noexcept {
  const SlotDirection& own = slot.direction[direction];
  if (!slot.has(seen::kSynAck)) return false;  // where it began is not known
  const std::uint32_t sent = sent_bytes(slot, direction);
  constexpr std::uint32_t kHalf = 1u << 31;
  return slot.has(seen::kSeqKnown << direction) && own.payload_bytes < kHalf && sent < kHalf && sent > own.payload_bytes;
}

/// Whether payload stands behind all that was mapped: the sender has gone over to plain TCP (RFC 8684 section 3.7).
bool SubflowTracker::is_unmapped_at_end(const SubflowSlot& slot, unsigned direction) noexcept {
  const SlotNumbers& own = slot.numbers[direction];
  const bool known = slot.has(seen::kSynAck) && !slot.has(seen::kDenied) && slot.has(seen::kSeqKnown << direction);
  if (!known || misses_payload(slot, direction)) return false;
  const std::uint32_t mapped = own.ssn_high == 0 ? 0 : own.ssn_high - 1;
  const std::uint32_t sent = sent_bytes(slot, direction);
  constexpr std::uint32_t kHalf = 1u << 31;
  return sent < kHalf && mapped < kHalf && sent > mapped;
}

void SubflowTracker::tell_counters(std::uint32_t index, bool last) noexcept {
  const SubflowSlot& slot = table_[index];
  for (unsigned direction = 0; direction < 2; ++direction) {
    const SlotDirection& own = slot.direction[direction];
    Record& record = begin_record(index, RecordKind::kCounters, direction, last ? class_of(slot) : RecordClass::kBulk);
    if (last) record.flags |= record_flag::kLast;
    if (misses_payload(slot, direction)) record.flags |= record_flag::kMissed;
    if (is_unmapped_at_end(slot, direction)) record.flags |= record_flag::kUnmapped;
    if (!slot.has(seen::kDsnKnown << direction)) record.flags |= record_flag::kDsnLow;
    if (!slot.has(seen::kDataAckKnown << direction)) record.flags |= record_flag::kDataAckLow;
    const SlotRare& rare = table_.peek_rare(slot);
    record.counters = CountersBody{own.segments, rare.direction[direction].tiny_jumps, own.payload_bytes,
                                   mapped_bytes_of(slot, rare, direction), own.dsn_high, own.data_ack,
                                   time_of_mapped_step(own.last_mapped, now_ns_)};
    out_.end();
  }
}

void SubflowTracker::tell_periodic_counters(std::uint32_t index) noexcept {
  SubflowSlot& slot = table_[index];
  const std::uint16_t step = counters_step_of(now_ns_);
  if (static_cast<std::uint16_t>(step - slot.counters_told) < counters_steps_) return;
  slot.counters_told = step;
  if (slot.klass >= SlotClass::kAnswered || slot.klass == SlotClass::kMidstream) tell_counters(index, false);
}

}  // namespace mptap

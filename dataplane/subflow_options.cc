// SubflowTracker's options of established subflows, and its records.
#include <algorithm>
#include <cstring>

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
  const FourTuple flow = segment.flow(direction == 0);
  for (std::uint8_t i = 0; i < decoded_.count; ++i) {
    const MptcpOption& option = decoded_.option[i];
    const bool malformed = decoded_.error[i] != OptionError::kOk;
    if (malformed || options_.records.every_option) {
      const RecordKind kind = malformed ? RecordKind::kMalformed : RecordKind::kOption;
      Record& record = known ? begin_record(index, kind, direction, RecordClass::kBulk) : begin_record(kind);
      record.malformed = MalformedBody{flow.opener.address,
                                       flow.acceptor.address,
                                       flow.opener.port,
                                       flow.acceptor.port,
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
  const FourTuple flow = segment.flow(direction_of(slot, segment) == 0);
  record.opened = OpenedBody{flow.opener.address, flow.acceptor.address, table_.peek_rare(slot).syn, flow.opener.port, flow.acceptor.port};
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

void SubflowTracker::tell_due_counters(std::uint32_t index) noexcept {
  SubflowSlot& slot = table_[index];
  slot.counters_told = counters_step_of(now_ns_);
  if (slot.klass >= SlotClass::kAnswered || slot.klass == SlotClass::kMidstream) tell_counters(index, false);
}

}  // namespace mptap

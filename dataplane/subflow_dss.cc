// SubflowTracker's DSS options: numbers, mappings, and what is news of them.
#include <algorithm>
#include <bit>

#include "dataplane/choose.h"
#include "dataplane/plain_dss.h"
#include "dataplane/subflow_tracker.h"

namespace mptap {
namespace {

/// A DSN or data ACK to as many bits as are known.
struct Whole {
  std::uint64_t number;
  bool known;  // all 64
};

/// All bits where one of `seen` is set, else none. By a shift: of a comparison GCC keeps a byte, and reads it back as a word.
std::uint64_t mask_of(std::uint32_t seen, std::uint32_t bit, unsigned direction) {
  return std::uint64_t{0} - (seen >> (static_cast<unsigned>(std::countr_zero(bit)) + direction) & 1u);
}

/// Flows differ in the width of their numbers: computing all takes less than guessing wrong.
/// @param wide_shift             0 where the number has 8 bytes, 32 where it has 4.
/// @param known_mask, high       Of the direction: all bits where its highest one is known to 64, and it.
/// @param peer_mask, peer_high   What the other direction says of the same numbers.
Whole whole_of(std::uint64_t number, unsigned wide_shift, std::uint64_t known_mask, std::uint64_t high, std::uint64_t peer_mask,
               std::uint64_t peer_high) {
  const std::uint64_t reference = peer_high ^ ((peer_high ^ high) & known_mask);
  const std::int64_t ahead = static_cast<std::int64_t>((number - reference) << wide_shift) >> wide_shift;
  const std::uint64_t has_reference = known_mask | peer_mask;
  const std::uint64_t extended = reference + static_cast<std::uint64_t>(ahead);  // the number itself where it is wide
  return {number ^ ((number ^ extended) & has_reference), (has_reference | (wide_shift ^ 32u)) != 0};
}

/// Moves the direction's highest data ACK; true where its 64 bits were not known before.
[[gnu::always_inline]] inline bool note_data_ack(SubflowSlot& slot, unsigned direction, DssBody& dss) noexcept {
  std::uint64_t& high = slot.direction[direction].data_ack;
  const std::uint64_t known = mask_of(slot.seen, seen::kDataAckKnown, direction);
  const Whole whole = whole_of(dss.data_ack, only_if((dss.flags & DssOption::kDataAck8) == 0, 32u), known, high,
                               mask_of(slot.seen, seen::kDsnKnown, 1 - direction), slot.direction[1 - direction].dsn_high);
  dss.data_ack = whole.number;
  dss.data_ack_known = whole.known;
  slot.seen |= only_if(whole.known, seen::kDataAckKnown << direction);
  move_to(high, whole.number, known != 0, whole.known);
  return (known != 0) != whole.known;
}

/// Moves the direction's highest DSN; true where its 64 bits were not known before.
[[gnu::always_inline]] inline bool note_dsn(SubflowSlot& slot, unsigned direction, DssBody& dss, std::uint32_t bytes) noexcept {
  std::uint64_t& high = slot.direction[direction].dsn_high;
  const std::uint64_t known = mask_of(slot.seen, seen::kDsnKnown, direction);
  const Whole whole = whole_of(dss.dsn, only_if((dss.flags & DssOption::kDsn8) == 0, 32u), known, high,
                               mask_of(slot.seen, seen::kDataAckKnown, 1 - direction), slot.direction[1 - direction].data_ack);
  dss.dsn = whole.number;
  dss.dsn_known = whole.known;
  slot.seen |= only_if(whole.known, seen::kDsnKnown << direction);
  std::uint64_t end = whole.number + bytes;
  const bool is_new = (known != 0) != whole.known;
  if (is_new && high != 0) {  // what was the highest until now may still be
    const std::uint64_t before = extend(end, high);
    if (Dsn{end}.before(Dsn{before})) end = before;
  }
  move_to(high, end, known != 0, whole.known);
  return is_new;
}

}  // namespace

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

/// Inlined wherever it is called, so that option and record stay in registers.
[[gnu::always_inline]] inline void SubflowTracker::take_dss(std::uint32_t index, unsigned direction,
                                                            std::uint32_t payload_bytes, DssOption dss) noexcept {
  SubflowSlot& slot = table_[index];
  DssBody body{dss.data_ack, dss.dsn,   dss.ssn,          payload_bytes, dss.data_len,
               dss.checksum, dss.flags, dss.has_checksum, false,         false};
  bool news = !slot.has(seen::kDss << direction);
  if (dss.has(DssOption::kDataAck)) news = note_data_ack(slot, direction, body) || news;
  if (dss.has(DssOption::kMapping)) {
    // A DATA_FIN counts in data_len and is no byte; with SSN 0 it stands alone.
    const std::uint32_t bytes = dss.data_len - (dss.has(DssOption::kDataFin) && dss.data_len != 0 ? 1u : 0u);
    const std::uint64_t dsn_before = slot.direction[direction].dsn_high;
    news = note_dsn(slot, direction, body, bytes) || news;
    on_mapping(index, direction, {dss.dsn, dsn_before, dss.ssn, dss.data_len, static_cast<std::uint16_t>(bytes)},
               payload_bytes != 0);
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

void SubflowTracker::on_dss(std::uint32_t index, unsigned direction, const SegmentView& segment,
                            const DssOption& dss) noexcept {
  take_dss(index, direction, segment.tcp.payload_bytes, dss);
}

/// An ordinary segment with news. The option is read anew: handed over in parts, it would wait for the store buffer.
void SubflowTracker::follow_news(const SegmentView& segment, unsigned direction) noexcept {
  const std::uint32_t index = segment.likely_slot;
  const Cursor wire({segment.header, kMinTcpHeader});
  const std::uint32_t seq = wire.u32(4);
  const std::uint32_t payload_bytes = segment.tcp.payload_bytes;
  const bool is_fin = (wire.u8(13) & tcp_flag::kFin) != 0;
  const bool fin_in_sequence = is_fin && is_in_sequence(table_[index], direction, seq);
  if (!note_ordinary(segment, direction, is_fin)) return;
  if (PlainDss dss{}; segment.scan.count != 0 && read_plain_dss(mptcp_option_of(segment), dss)) {
    take_dss(index, direction, payload_bytes, dss_option_of(dss, mptcp_option_of(segment)));
  }
  on_fins(index, direction, seq, payload_bytes, is_fin, fin_in_sequence);
  tell_periodic_counters(index);
}

}  // namespace mptap

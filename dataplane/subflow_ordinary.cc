// SubflowTracker's ordinary segments: what goes on in a confirmed subflow and is no news.
#include "dataplane/choose.h"
#include "dataplane/subflow_tracker.h"

namespace mptap {
namespace {

/// A DSS option that brings numbers and nothing else.
struct PlainDss {
  std::uint64_t data_ack;
  std::uint64_t dsn;
  std::uint32_t ssn;
  std::uint32_t bytes;
  std::uint8_t flags;
  std::uint8_t checksum_bit;  // track_bit

  [[nodiscard]] bool has(std::uint8_t bit) const { return (flags & bit) != 0; }
};

/// Of a number, by two bits of the flags: whether it is there, and whether it has 8 bytes then.
std::size_t number_bytes(unsigned bits) noexcept { return (bits & 1u) * 4 << (bits >> 1 & 1u); }

/// False for any other option, and where anything about this one is odd.
/// @param option  At least 3 bytes.
bool read_plain_dss(Bytes option, PlainDss& out) noexcept {
  constexpr std::uint8_t kNumbers = DssOption::kDataAck | DssOption::kDataAck8 | DssOption::kMapping | DssOption::kDsn8;
  const Cursor wire(option);
  if (wire.size() < 8 || wire.u8(2) != static_cast<std::uint8_t>(Subtype::kDss) << 4) return false;
  out.flags = wire.u8(3);
  if ((out.flags & ~kNumbers) != 0) return false;
  const std::size_t ack_bytes = number_bytes(out.flags);
  if (!out.has(DssOption::kMapping)) {
    if (wire.size() != 4 + ack_bytes || ack_bytes == 0) return false;
    out.data_ack = ack_bytes == 8 ? wire.u64(4) : wire.u32(4);
    return true;
  }
  const std::size_t dsn_bytes = number_bytes(out.flags >> 2u);
  const std::size_t plain = 4 + ack_bytes + dsn_bytes + 6;
  const bool has_checksum = wire.size() == plain + 2;
  if (wire.size() != plain && !has_checksum) return false;
  // Eight bytes are there wherever four are meant; a shift takes less than a wrong guess of the width.
  out.data_ack = wire.u64(4) >> (ack_bytes == 4 ? 32 : 0);
  out.dsn = wire.u64(4 + ack_bytes) >> (dsn_bytes == 4 ? 32 : 0);
  out.ssn = wire.u32(4 + ack_bytes + dsn_bytes);
  out.bytes = wire.u16(4 + ack_bytes + dsn_bytes + 4);
  out.checksum_bit = has_checksum ? track_bit::kWithChecksum : track_bit::kWithoutChecksum;
  return out.bytes != 0;  // 0 is the infinite mapping
}

/// Moves a direction's highest DSN or data ACK; `number` is as on the wire.
/// @param known  All 64 bits of `high` are.
[[gnu::always_inline]] inline void advance(std::uint64_t& high, std::uint64_t number, bool wide, bool known, std::uint32_t bytes) {
  move_to(high, choose(wide, number, extend(high, number)) + bytes, known, known);
}

}  // namespace

/// Does for such a segment what on_any() would, in one go; must say the same of it. Decides before it changes anything.
///
/// @param segment  may_be_ordinary().
/// @return False where it is not sure that the segment is one: nothing was done then.
bool SubflowTracker::on_ordinary(const SegmentView& segment) noexcept {
  const std::uint32_t index = segment.likely_slot;
  SubflowSlot& slot = table_[index];

  const Cursor wire({segment.header, kMinTcpHeader});
  const unsigned direction = direction_of(slot, segment);
  std::uint32_t needed = (seen::kSeqKnown | seen::kAckKnown) * 3;
  const bool has_dss = segment.scan.count != 0;
  PlainDss dss{};
  if (has_dss) {
    if (!read_plain_dss(segment.tcp.options.subspan(segment.scan.offset[0], segment.scan.length[0]), dss)) return false;
    needed |= seen::kDss << direction;
    // That all 64 bits become known is news.
    const bool has_ack = dss.has(DssOption::kDataAck), has_wide_ack = dss.has(DssOption::kDataAck8);
    const bool may_widen_ack = slot.has(seen::kDsnKnown << (1 - direction));
    needed |= only_if(has_ack & (has_wide_ack | may_widen_ack), seen::kDataAckKnown << direction);
    if (dss.has(DssOption::kMapping)) {
      const bool has_wide_dsn = dss.has(DssOption::kDsn8), may_widen_dsn = slot.has(seen::kDataAckKnown << (1 - direction));
      needed |= only_if(has_wide_dsn | may_widen_dsn, seen::kDsnKnown << direction);
      if ((slot.told >> (direction * track_bit::kCount) & dss.checksum_bit) == 0) return false;
    }
  }
  constexpr std::uint32_t kEventful = (seen::kFin | seen::kFinPending | seen::kStranger) * 3;
  if ((slot.seen & (needed | kEventful)) != needed) return false;
  const bool awaits_third_ack = (direction == 0) & ((slot.seen & (seen::kSynAck | seen::kThirdAck)) == seen::kSynAck);
  const std::uint32_t seq = wire.u32(4);
  const std::uint32_t ack = wire.u32(8);
  SlotNumbers& own = slot.numbers[direction];
  if (awaits_third_ack || is_far(seq, own.seq_next) || is_far(ack, own.ack)) return false;

  if (has_dss) {
    ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOk)];
    ++tally_.options[static_cast<std::size_t>(Subtype::kDss)];
    tally_.options_from_acceptor[static_cast<std::size_t>(Subtype::kDss)] += direction;
  }
  if (is_copy(segment)) {
    ++tally_.copies;
    return true;
  }
  const std::uint32_t payload_bytes = segment.tcp.payload_bytes;
  SlotDirection& sent = slot.direction[direction];
  slot.last_seen_ns = now_ns_;
  slot.seen |= seen::kAcceptorWentOn * direction;
  ++sent.segments;
  sent.payload_bytes += payload_bytes;
  advance(own.seq_next, seq + payload_bytes);
  advance(own.ack, ack);
  advance(slot.numbers[1 - direction].seq_next, ack);
  if (dss.has(DssOption::kDataAck)) {
    advance(sent.data_ack, dss.data_ack, dss.has(DssOption::kDataAck8), slot.has(seen::kDataAckKnown << direction), 0);
  }
  if (dss.has(DssOption::kMapping)) {
    const auto bytes = static_cast<std::uint16_t>(dss.bytes);
    const Mapping mapping{dss.dsn, sent.dsn_high, dss.ssn, bytes, bytes};
    advance(sent.dsn_high, dss.dsn, dss.has(DssOption::kDsn8), slot.has(seen::kDsnKnown << direction), dss.bytes);
    on_mapping(index, direction, mapping, payload_bytes != 0);
  }
  tell_periodic_counters(index);
  return true;
}

}  // namespace mptap

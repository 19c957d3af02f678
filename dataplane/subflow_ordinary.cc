// SubflowTracker's ordinary segments: what goes on in a confirmed subflow until it ends.
#include "dataplane/choose.h"
#include "dataplane/plain_dss.h"
#include "dataplane/subflow_tracker.h"

namespace mptap {
namespace {

/// Moves a direction's highest DSN or data ACK; `number` is as on the wire.
/// @param known  All 64 bits of `high` are: also where `wide`, for it would be news else.
[[gnu::always_inline]] inline void advance(std::uint64_t& high, std::uint64_t number, bool wide, bool known, std::uint32_t bytes) {
  const unsigned shift = only_if(!wide, 32u);
  const std::int64_t ahead = static_cast<std::int64_t>((number - high) << shift) >> shift;
  move_to(high, high + static_cast<std::uint64_t>(ahead) + bytes, known, known);
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
  constexpr std::uint32_t kKnown = (seen::kSeqKnown | seen::kAckKnown) * 3;
  PlainDss dss{};
  bool is_quiet = true;
  if (segment.scan.count != 0) {
    if (!read_plain_dss(mptcp_option_of(segment), dss)) return false;
    // That all 64 bits become known is news.
    static_assert(seen::kDataAckKnown == seen::kDsnKnown << 4);
    const std::uint32_t own = slot.seen >> direction, peer = slot.seen >> (1 - direction);
    const std::uint32_t by_peer = (peer & seen::kDsnKnown) << 4 | (peer & seen::kDataAckKnown) >> 4;
    const std::uint32_t expected = dss.expected | (dss.widens & by_peer);
    const auto told = static_cast<unsigned>(slot.told) >> (direction * track_bit::kCount);
    is_quiet = ((own & expected) == expected) & ((told & dss.checksum_bit) == dss.checksum_bit) & !dss.has(DssOption::kDataFin);
  }
  if ((slot.seen & (kKnown | seen::kStranger * 3)) != kKnown) return false;
  const bool awaits_third_ack = (direction == 0) & ((slot.seen & (seen::kSynAck | seen::kThirdAck)) == seen::kSynAck);
  const std::uint32_t seq = wire.u32(4);
  const std::uint32_t ack = wire.u32(8);
  const SlotNumbers& own = slot.numbers[direction];
  if (awaits_third_ack || is_far(seq, own.seq_next) || is_far(ack, own.ack)) return false;

  if (!is_quiet || slot.has(kFins) || (wire.u8(13) & tcp_flag::kFin) != 0) {
    follow_news(segment, direction);
    return true;
  }
  if (!note_ordinary(segment, direction, false)) return true;
  SlotDirection& sent = slot.direction[direction];
  if (dss.has(DssOption::kDataAck)) {
    advance(sent.data_ack, dss.data_ack, dss.has(DssOption::kDataAck8), slot.has(seen::kDataAckKnown << direction), 0);
  }
  if (dss.has(DssOption::kMapping)) {
    const auto bytes = static_cast<std::uint16_t>(dss.data_len);
    const Mapping mapping{dss.dsn, sent.dsn_high, dss.ssn, bytes, bytes};
    advance(sent.dsn_high, dss.dsn, dss.has(DssOption::kDsn8), slot.has(seen::kDsnKnown << direction), bytes);
    on_mapping(index, direction, mapping, segment.tcp.payload_bytes != 0);
  }
  tell_periodic_counters(index);
  return true;
}

}  // namespace mptap

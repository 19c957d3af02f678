// SubflowTracker's ordinary segments: what goes on in a confirmed subflow until it ends.
#include "dataplane/choose.h"
#include "dataplane/subflow_tracker.h"

namespace mptap {

/// A DSS option as most are; of a mapping nothing is set where it brings none.
struct PlainDss {
  std::uint64_t data_ack;     // any where it brings none
  std::uint64_t dsn;
  std::uint32_t ssn;
  std::uint32_t data_len;
  std::uint32_t expected;     // of seen, by the opener's bits: what is set where its numbers tell nothing new
  std::uint32_t widens;       // the same, once the peer's numbers are known to all 64 bits
  std::uint8_t flags;
  std::uint8_t checksum_bit;  // track_bit; 0 where it brings no mapping

  [[nodiscard]] bool has(std::uint8_t bit) const { return (flags & bit) != 0; }
};

namespace {

/// What the flags of a DSS option say of it.
struct DssShape {
  std::uint8_t size = 4;       // without a checksum
  std::uint8_t dsn_at = 4;
  std::uint8_t ssn_at = 4;
  std::uint8_t ack_shift = 0;  // of eight bytes read, to those that are there
  std::uint8_t dsn_shift = 0;
  std::uint32_t expected = seen::kDss;
  std::uint32_t widens = 0;
};
constexpr std::size_t kShapes = 2 * DssOption::kDataFin;

constexpr std::array<DssShape, kShapes> make_shapes() {
  std::array<DssShape, kShapes> shapes;
  for (std::size_t flags = 0; flags < kShapes; ++flags) {
    DssShape& shape = shapes[flags];
    const auto bytes_of = [&](std::size_t wide_bit) { return static_cast<std::uint8_t>((flags & wide_bit) != 0 ? 8 : 4); };
    if ((flags & DssOption::kDataAck) != 0) {
      const std::uint8_t bytes = bytes_of(DssOption::kDataAck8);
      shape.size = shape.dsn_at = static_cast<std::uint8_t>(4 + bytes);
      shape.ack_shift = static_cast<std::uint8_t>(64 - 8 * bytes);
      (bytes == 8 ? shape.expected : shape.widens) |= seen::kDataAckKnown;
    }
    if ((flags & DssOption::kMapping) != 0) {
      const std::uint8_t bytes = bytes_of(DssOption::kDsn8);
      shape.ssn_at = static_cast<std::uint8_t>(shape.dsn_at + bytes);
      shape.size = static_cast<std::uint8_t>(shape.ssn_at + 6);
      shape.dsn_shift = static_cast<std::uint8_t>(64 - 8 * bytes);
      (bytes == 8 ? shape.expected : shape.widens) |= seen::kDsnKnown;
    }
  }
  return shapes;
}

/// False for any other option, and where anything about this one is odd.
/// @param option  At least 3 bytes.
bool read_plain_dss(Bytes option, PlainDss& out) noexcept {
  static constexpr std::array<DssShape, kShapes> kShapeOf = make_shapes();
  const Cursor wire(option);
  if (wire.size() < 8 || wire.u8(2) != static_cast<std::uint8_t>(Subtype::kDss) << 4) return false;
  out.flags = wire.u8(3);
  if (out.flags >= kShapes) return false;
  const DssShape& shape = kShapeOf[out.flags];
  out.expected = shape.expected;
  out.widens = shape.widens;
  if (!out.has(DssOption::kMapping)) {
    if (wire.size() != shape.size) return false;
    out.data_ack = shape.ack_shift != 0 ? wire.u32(4) : wire.u64(4);
    return true;
  }
  const std::size_t checksum_bytes = wire.size() - shape.size;
  if (checksum_bytes != 0 && checksum_bytes != 2) return false;
  // Eight bytes are there wherever four are meant; a shift takes less than a wrong guess of the width.
  out.data_ack = wire.u64(4) >> shape.ack_shift;
  out.dsn = wire.u64(shape.dsn_at) >> shape.dsn_shift;
  out.ssn = wire.u32(shape.ssn_at);
  out.data_len = wire.u16(shape.ssn_at + 4);
  out.checksum_bit = checksum_bytes != 0 ? track_bit::kWithChecksum : track_bit::kWithoutChecksum;
  return out.data_len != 0;  // 0 is the infinite mapping
}

/// As decode_mptcp_option() reads it. @param option  What `dss` was read of.
DssOption whole_of(const PlainDss& dss, Bytes option) noexcept {
  DssOption whole{};
  whole.flags = dss.flags;
  if (dss.has(DssOption::kDataAck)) whole.data_ack = dss.data_ack;
  whole.dsn = dss.dsn;
  whole.ssn = dss.ssn;
  whole.data_len = static_cast<std::uint16_t>(dss.data_len);
  whole.has_checksum = dss.checksum_bit == track_bit::kWithChecksum;
  if (whole.has_checksum) whole.checksum = Cursor(option).u16(option.size() - 2);
  return whole;
}

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

  if (is_quiet && !slot.has(kFins) && (wire.u8(13) & tcp_flag::kFin) == 0) {
    follow<true>(segment, direction, dss);
  } else {
    follow_news(segment, direction, dss);
  }
  return true;
}

[[gnu::noinline]] void SubflowTracker::follow_news(const SegmentView& segment, unsigned direction, PlainDss dss) noexcept {
  follow<false>(segment, direction, dss);
}

/// @tparam kIsQuiet  It brings numbers, and no news.
template <bool kIsQuiet>
[[gnu::always_inline]] inline void SubflowTracker::follow(const SegmentView& segment, unsigned direction, PlainDss dss) noexcept {
  const std::uint32_t index = segment.likely_slot;
  SubflowSlot& slot = table_[index];
  if (segment.scan.count != 0) {
    ++tally_.option_errors[static_cast<std::size_t>(OptionError::kOk)];
    ++tally_.options[static_cast<std::size_t>(Subtype::kDss)];
    tally_.options_from_acceptor[static_cast<std::size_t>(Subtype::kDss)] += direction;
  }
  if (is_copy(segment)) {
    ++tally_.copies;
    return;
  }
  const Cursor wire({segment.header, kMinTcpHeader});
  const std::uint32_t seq = wire.u32(4);
  const std::uint32_t ack = wire.u32(8);
  const std::uint32_t payload_bytes = segment.tcp.payload_bytes;
  const bool is_fin = !kIsQuiet && (wire.u8(13) & tcp_flag::kFin) != 0;
  const bool fin_in_sequence = is_fin && is_in_sequence(slot, direction, seq);
  SlotNumbers& own = slot.numbers[direction];
  SlotDirection& sent = slot.direction[direction];
  slot.last_seen_ns = now_ns_;
  slot.seen |= seen::kAcceptorWentOn * direction;
  ++sent.segments;
  sent.payload_bytes += payload_bytes;
  advance(own.seq_next, seq + payload_bytes + (is_fin ? 1 : 0));
  advance(own.ack, ack);
  advance(slot.numbers[1 - direction].seq_next, ack);
  if constexpr (kIsQuiet) {
    if (dss.has(DssOption::kDataAck)) {
      advance(sent.data_ack, dss.data_ack, dss.has(DssOption::kDataAck8), slot.has(seen::kDataAckKnown << direction), 0);
    }
    if (dss.has(DssOption::kMapping)) {
      const auto bytes = static_cast<std::uint16_t>(dss.data_len);
      const Mapping mapping{dss.dsn, sent.dsn_high, dss.ssn, bytes, bytes};
      advance(sent.dsn_high, dss.dsn, dss.has(DssOption::kDsn8), slot.has(seen::kDsnKnown << direction), bytes);
      on_mapping(index, direction, mapping, payload_bytes != 0);
    }
  } else {
    if (segment.scan.count != 0) on_dss(index, direction, segment, whole_of(dss, mptcp_option_of(segment)));
    on_fins(index, direction, seq, payload_bytes, is_fin, fin_in_sequence);
  }
  tell_periodic_counters(index);
}

}  // namespace mptap

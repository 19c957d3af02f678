// What most DSS options are, read in one step.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/mptcp_option.h"
#include "dataplane/subflow_slot.h"

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

namespace plain_dss_detail {

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

inline constexpr std::array<DssShape, kShapes> kShapeOf = make_shapes();

}  // namespace plain_dss_detail

/// @param option  At least 3 bytes.
/// @param out     All zero.
/// @return False for any other option, and where anything about this one is odd; `out` is anything then.
/// Source: RFC 8684 section 3.3. Any thread; no allocation, no throw.
[[nodiscard, gnu::always_inline]] inline bool read_plain_dss(Bytes option, PlainDss& out) noexcept {
  using plain_dss_detail::kShapes, plain_dss_detail::kShapeOf, plain_dss_detail::DssShape;
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
[[nodiscard, gnu::always_inline]] inline DssOption dss_option_of(const PlainDss& dss, Bytes option) noexcept {
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

}  // namespace mptap

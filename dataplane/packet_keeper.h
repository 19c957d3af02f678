// Keeps the headers of the packets that make records, on their own ring beside that of the records.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/cursor.h"
#include "dataplane/kept_packet.h"
#include "dataplane/segment_view.h"
#include "dataplane/spsc_ring.h"

namespace mptap {

using PacketShelf = SpscRing<KeptPacket>;

/// Zeroes what may be a key in a TCP option list: the bodies of MP_CAPABLE and MP_FASTCLOSE whatever their length
/// (RFC 8684 sections 3.1 and 3.5), and whatever stands behind the end of the list or where it cannot be walked.
/// Any thread; no allocation, no throw.
void blank_keys(std::span<std::uint8_t> options) noexcept;

/// Worker thread. Nothing here allocates, locks, logs or throws.
class PacketKeeper {
 public:
  /// @param shelf  Its consumer is control, which takes one packet for each record flagged kKept.
  explicit PacketKeeper(PacketShelf& shelf) : shelf_(shelf) {}

  /// The packet that the next records speak of; what is passed lives until forget().
  void look_at(const PacketView& packet, const SegmentView& segment) noexcept {
    packet_ = &packet;
    segment_ = &segment;
  }
  void forget() noexcept { packet_ = nullptr; }

  /// Whether the packet may be kept for this record: it is news of a packet, and not a counter.
  [[nodiscard]] bool wants(const Record& record) const noexcept;

  [[nodiscard]] bool has_room() noexcept { return shelf_.update_fill() < shelf_.capacity(); }

  /// Keeps the packet for `record`, which has gone to control. Only after wants() and has_room().
  void keep(const Record& record) noexcept;

  /// Shows what was kept to control: before the records are shown.
  void publish() noexcept { shelf_.publish(); }

 private:
  PacketShelf& shelf_;
  const PacketView* packet_ = nullptr;
  const SegmentView* segment_ = nullptr;
};

}  // namespace mptap

// SubflowTracker's strangers: segments on the addresses and ports of a subflow that are not its own.
#include "dataplane/subflow_tracker.h"

namespace mptap {

/// A segment that belongs to another subflow on the same addresses and ports, whose SYN or SYN/ACK the tap has missed: it
/// is far from where its direction stands, completes another handshake, or answers another such segment. RSTs are judged
/// by is_in_sequence().
bool SubflowTracker::is_stranger(const SubflowSlot& slot, unsigned direction,
                                 const SegmentView& segment) const noexcept {
  const TcpSegment& tcp = segment.tcp;
  if ((tcp.flags & tcp_flag::kRst) != 0 || (tcp.flags & tcp_flag::kAck) == 0) return false;
  // Segmentation offload repeats the MP_CAPABLE of the first data, at most 65,535 bytes, in each of its segments.
  constexpr std::uint32_t kFirstData = 1u << 16;
  // One condition: which end sends is guessed wrong as often as not, and all of it is seldom true.
  const bool is_beyond_first = (decoded_.count != 0) & (direction == 0) & slot.has(seen::kSynAck) & (tcp.seq - (slot.opener_isn + 1) >= kFirstData);
  if (is_beyond_first && (decoded_.find(Subtype::kCapable) != nullptr || decoded_.find(Subtype::kJoin) != nullptr)) return true;
  const SlotNumbers& own = slot.numbers[direction];
  const SlotNumbers& peer = slot.numbers[1 - direction];
  if (slot.has(seen::kStranger << (1 - direction)) && tcp.seq != own.seq_next && answers_stranger(slot, direction, tcp)) {
    return true;
  }
  if (slot.has(seen::kSeqKnown << direction) && is_far(tcp.seq, own.seq_next)) return true;
  if (slot.has(seen::kAckKnown << direction)) return is_far(tcp.ack, own.ack);
  return slot.has(seen::kSeqKnown << (1 - direction)) && is_far(tcp.ack, peer.seq_next);
}

/// Whether a segment goes on from, and acknowledges, what the stranger of the other direction said.
bool SubflowTracker::answers_stranger(const SubflowSlot& slot, unsigned direction,
                                      const TcpSegment& tcp) const noexcept {
  constexpr std::uint32_t kSoon = 1u << 16;  // bytes
  const SlotRare::Direction& peer = table_.peek_rare(slot).direction[1 - direction];
  return slot.has(seen::kStranger << (1 - direction)) && tcp.seq - peer.stranger_ack < kSoon &&
         tcp.ack - peer.stranger_end < kSoon;
}

void SubflowTracker::note_stranger(std::uint32_t index, unsigned direction, std::uint32_t end,
                                   std::uint32_t ack) noexcept {
  SlotRare::Direction& own = table_.rare(index).direction[direction];
  own.stranger_end = end;
  own.stranger_ack = ack;
  table_[index].seen |= seen::kStranger << direction;
}

/// Anyone can send one such segment. Only where both ends talk like that, or where one end is all that this tap hears,
/// has the subflow of the slot ended.
void SubflowTracker::on_stranger(std::uint32_t index, unsigned direction, const SegmentView& segment) noexcept {
  constexpr std::uint32_t kNear = 1u << 20;
  ++tally_.strangers;
  SubflowSlot& slot = table_[index];
  const TcpSegment& tcp = segment.tcp;
  const SlotRare::Direction& own = table_.peek_rare(slot).direction[direction];
  const auto is_near = [](std::uint32_t a, std::uint32_t b) { return a - b + kNear < 2 * kNear; };
  const bool goes_on = slot.direction[1 - direction].segments == 0 && slot.has(seen::kStranger << direction) &&
                       is_near(tcp.seq, own.stranger_end) && is_near(tcp.ack, own.stranger_ack);
  if (!goes_on && !answers_stranger(slot, direction, tcp)) {
    note_stranger(index, direction, tcp.seq + tcp.payload_bytes, tcp.ack);
    return;
  }
  close(index, CloseCause::kReplaced);
  table_.release(index);
  on_midstream(segment, decoded_);
}

}  // namespace mptap

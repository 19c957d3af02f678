// What a worker remembers of one subflow: two cache lines that every segment touches, and what few subflows need apart.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/record.h"
#include "dataplane/types.h"

namespace mptap {

/// Eviction and timeouts go by class; the order is that of eviction.
enum class SlotClass : std::uint16_t {
  kFree = 0,
  kClosed,      // keeps off late copies until its linger time is over or, live, too many have closed since
  kMidstream,   // its start was not seen
  kUnanswered,  // SYN, no SYN/ACK
  kAnswered,    // SYN/ACK, no third ACK
  kConfirmed,   // third ACK, or DSS both ways
  kCount
};

/// A count below 2^48 in 6 bytes.
class Count48 {
 public:
  operator std::uint64_t() const { return std::uint64_t{high_} << 32 | low_; }
  Count48& operator=(std::uint64_t value) {
    low_ = static_cast<std::uint32_t>(value);
    high_ = static_cast<std::uint16_t>(value >> 32);
    return *this;
  }
  Count48& operator+=(std::uint64_t more) { return *this = *this + more; }

 private:
  std::uint32_t low_;
  std::uint16_t high_;
} __attribute__((packed, aligned(2)));
static_assert(sizeof(Count48) == 6);

/// How far one direction's 32-bit numbers have come.
struct SlotNumbers {
  std::uint32_t seq_next;          // one past the highest sequence number sent
  std::uint32_t ack;               // highest acknowledgement sent
  std::uint32_t ssn_high;          // one past the highest mapped SSN
};

/// What one direction sent.
struct SlotDirection {
  std::uint64_t dsn_high;          // highest DSN mapped, plus 1; until kDsnKnown its low half, marked
  std::uint64_t data_ack;          // highest; until kDataAckKnown its low half, marked; 0: none
  std::uint32_t segments;
  Count48 payload_bytes;
  std::uint16_t ssn_turns;         // how often ssn_high went past 2^32
  std::uint32_t last_mapped;       // when a segment brought payload and a mapping last, see mapped_step_of(); 0: never
};
static_assert(sizeof(SlotDirection) == 32);

/// Coarse packet time, about a millisecond a step, never 0.
[[nodiscard]] constexpr std::uint32_t mapped_step_of(std::uint64_t time_ns) noexcept {
  const auto step = static_cast<std::uint32_t>(time_ns >> 20);
  return step - (step == 0 ? 1 : 0);
}
/// The time that gave `step`, or up to two milliseconds earlier; it lies at most 52 days before `now_ns`. 0 where `step` is.
[[nodiscard]] constexpr std::uint64_t time_of_mapped_step(std::uint32_t step, std::uint64_t now_ns) noexcept {
  const std::uint64_t now = now_ns >> 20;
  const auto ago = static_cast<std::uint32_t>(now - step);
  return step == 0 || ago > now ? 0 : (now - ago) << 20;
}

/// Bits of SubflowSlot::told: what was told to control once a direction.
namespace track_bit {
constexpr std::uint8_t kWithChecksum = 0x01;
constexpr std::uint8_t kWithoutChecksum = 0x02;
constexpr std::uint8_t kConflict = 0x04;
constexpr std::uint8_t kInfinite = 0x08;
constexpr std::uint8_t kReservedBits = 0x10;
constexpr unsigned kCount = 5;
}  // namespace track_bit

/// Bits of SubflowSlot::seen; those of a direction stand twice, the acceptor's shifted by one.
namespace seen {
constexpr std::uint32_t kSyn = 1u << 0;
constexpr std::uint32_t kSynAck = 1u << 1;
constexpr std::uint32_t kThirdAck = 1u << 2;
constexpr std::uint32_t kOpenedSent = 1u << 3;
constexpr std::uint32_t kDenied = 1u << 4;
constexpr std::uint32_t kSynWithoutOption = 1u << 5;  // the SYN was repeated without its option
constexpr std::uint32_t kChallenger = 1u << 6;        // a SYN with another ISN waits for its SYN/ACK
constexpr std::uint32_t kOpenerIsLow = 1u << 7;
constexpr std::uint32_t kDss = 1u << 8;               // and << 9
constexpr std::uint32_t kDataFin = 1u << 10;          // and << 11
constexpr std::uint32_t kFin = 1u << 12;              // and << 13
constexpr std::uint32_t kFinPending = 1u << 14;       // and << 15: a FIN ahead of what was seen before it
constexpr std::uint32_t kSeqKnown = 1u << 16;         // and << 17
constexpr std::uint32_t kAckKnown = 1u << 18;         // and << 19
constexpr std::uint32_t kDsnKnown = 1u << 20;         // and << 21: dsn_high is known to all its 64 bits
constexpr std::uint32_t kMidstream = 1u << 22;
constexpr std::uint32_t kDataAckKnown = 1u << 24;     // and << 25: data_ack is
constexpr std::uint32_t kToldBefore = 1u << 26;       // its SYN was told as kJoinNotStored
constexpr std::uint32_t kReceiverCounted = 1u << 23;  // holds one of its receiver's unanswered slots
constexpr std::uint32_t kSynRepeated = 1u << 27;
constexpr std::uint32_t kAnswerRepeated = 1u << 29;   // the SYN/ACK came again
constexpr std::uint32_t kAcceptorWentOn = 1u << 28;   // it sent more than SYN/ACKs: it has the third ACK
constexpr std::uint32_t kStranger = 1u << 30;         // and << 31: a segment of another subflow was seen
}  // namespace seen

/// What a subflow needs until it is confirmed, and later only where something happens that seldom does. Zero bytes are
/// an empty one.
struct SlotRare {
  std::uint32_t next_free;           // the pool's
  std::uint16_t receiver;            // cell of the receiver whose unanswered slot this is
  bool sampled_out;                  // its SYN was refused and not told: another counted for it
  bool syn_after_answer;             // the opener repeated its SYN: it had no SYN/ACK
  SynOption syn;
  SynOption challenger;
  std::uint32_t challenger_isn;
  struct Direction {
    std::uint32_t fin_seq;           // sequence number of its FIN
    std::uint32_t ssn_before;        // one before the first SSN of which mapped bytes are counted: 0 where its start was seen
    std::uint32_t ssn_hole;          // bytes below ssn_high that no mapping has mapped yet
    std::uint32_t stranger_end;      // of the last segment of another subflow (see on_stranger()): its end
    std::uint32_t stranger_ack;      // and its acknowledgement
    std::uint32_t tiny_jumps;        // see CountersBody
  };
  std::array<Direction, 2> direction;
};

/// Has no key: its flow is told by a seeded hash of 64 bits, which two flows share with a probability of about 2^-64.
struct alignas(64) SubflowSlot {
  std::uint64_t hash;
  std::uint64_t last_seen_ns;
  std::uint32_t seen;
  std::uint32_t opener_isn;
  std::uint32_t acceptor_isn;
  std::uint32_t rare;              // index of its SlotRare, plus 1; 0: none
  std::uint16_t generation;
  std::uint16_t ack_option_mark;   // of the last MP_CAPABLE or MP_JOIN ACK that was told, by content; 0: none
  std::uint16_t counters_told;     // when counters were told last, see counters_step_of()
  SlotClass klass : 4;
  std::uint16_t told : 10;         // track_bit of both directions, the acceptor's shifted by track_bit::kCount
  std::uint16_t ack_option_shape : 2;  // beside ack_option_mark: another shape is never taken for the same content

  // [0] the opener's direction, [1] the acceptor's.
  std::array<SlotNumbers, 2> numbers;
  std::array<SlotDirection, 2> direction;

  [[nodiscard]] bool has(std::uint32_t bit) const { return (seen & bit) != 0; }
  [[nodiscard]] bool opener_is_low() const { return has(seen::kOpenerIsLow); }

  /// True the first time.
  bool tell_first(unsigned of_direction, std::uint8_t bit) noexcept {
    const auto shifted = static_cast<std::uint16_t>(bit << (of_direction * track_bit::kCount));
    const bool fresh = (told & shifted) == 0;
    told = static_cast<std::uint16_t>(told | shifted) & 0x3ffu;
    return fresh;
  }
};
static_assert(sizeof(SubflowSlot) == 128, "two cache lines");

/// Whether the direction sent a mapping.
[[nodiscard]] inline bool has_mapped(const SubflowSlot& slot, unsigned direction) noexcept {
  return (slot.numbers[direction].ssn_high | slot.direction[direction].ssn_turns) != 0;
}
/// One past the highest mapped SSN, its turns counted.
[[nodiscard]] inline std::uint64_t whole_ssn_high(const SubflowSlot& slot, unsigned direction) noexcept {
  return std::uint64_t{slot.direction[direction].ssn_turns} << 32 | slot.numbers[direction].ssn_high;
}
/// Moves it forward to `end`, which is behind it by less than half of all SSNs.
inline void raise_ssn_high(SubflowSlot& slot, unsigned direction, std::uint32_t end) noexcept {
  std::uint32_t& high = slot.numbers[direction].ssn_high;
  slot.direction[direction].ssn_turns = static_cast<std::uint16_t>(slot.direction[direction].ssn_turns + (end < high ? 1 : 0));
  high = end;
}
/// Bytes that the direction has mapped for the first time, modulo 2^48: all below ssn_high but for the holes.
[[nodiscard]] inline std::uint64_t mapped_bytes_of(const SubflowSlot& slot, const SlotRare& rare, unsigned direction) noexcept {
  if (!has_mapped(slot, direction)) return 0;
  const SlotRare::Direction& own = rare.direction[direction];
  const std::uint32_t first = own.ssn_before + 1;
  return (whole_ssn_high(slot, direction) - first - own.ssn_hole) & ((std::uint64_t{1} << 48) - 1);
}

}  // namespace mptap

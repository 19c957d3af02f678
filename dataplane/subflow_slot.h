// What a worker remembers of one subflow: four cache lines, the first two touched by every segment.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/record.h"
#include "dataplane/types.h"

namespace mptap {

/// A TCP flow without direction: one end is called low, the same for both directions, so that they have one
/// key. 40 bytes without padding: it is hashed as bytes.
struct SubflowKey {
  IpAddress low;
  IpAddress high;
  std::uint16_t low_port = 0;
  std::uint16_t high_port = 0;
  std::uint32_t scope = 0;  // VLAN and tunnel IDs, where they are part of the identity

  friend bool operator==(const SubflowKey& a, const SubflowKey& b) {
    std::array<std::uint64_t, 5> x;
    std::array<std::uint64_t, 5> y;
    std::memcpy(x.data(), &a, sizeof x);
    std::memcpy(y.data(), &b, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
  }
};
static_assert(sizeof(SubflowKey) == 40);

/// Eviction and timeouts go by class; the order is that of eviction.
enum class SlotClass : std::uint8_t {
  kFree = 0,
  kClosed,      // keeps off late copies until its linger time is over
  kMidstream,   // its start was not seen
  kUnanswered,  // SYN, no SYN/ACK
  kAnswered,    // SYN/ACK, no third ACK
  kConfirmed,   // third ACK, or DSS both ways
  kCount
};

/// What one direction sent. One cache line.
struct alignas(64) SlotDirection {
  std::uint64_t payload_bytes;
  std::uint64_t mapped_bytes;
  std::uint64_t dsn_high;          // highest DSN mapped, plus 1; until kDsnKnown its low half, marked
  std::uint64_t data_ack;          // highest; until kDataAckKnown its low half, marked; 0: none
  std::uint32_t segments;
  std::uint32_t seq_next;          // one past the highest sequence number sent
  std::uint32_t ack;               // highest acknowledgement sent
  std::uint32_t ssn_high;          // one past the highest mapped SSN
  std::uint32_t fin_seq;           // sequence number of its FIN
  std::uint32_t ssn_hole;          // bytes below ssn_high that no mapping has mapped yet
  std::uint32_t stranger_end;      // of the last segment of another subflow (see on_stranger()): its end
  std::uint32_t stranger_ack;      // and its acknowledgement
};
static_assert(sizeof(SlotDirection) == 64);

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

struct SubflowSlot {
  // Line 0: identity and what every segment reads.
  SubflowKey key;
  std::uint64_t last_seen_ns;
  std::uint32_t seen;
  std::uint32_t wheel_tick;        // where the timer wheel holds it
  std::uint16_t generation;
  SlotClass klass;
  bool syn_after_answer;           // the opener repeated its SYN: it had no SYN/ACK
  std::uint8_t spare[4];

  // Lines 1 and 2: [0] the opener's direction, [1] the acceptor's.
  std::array<SlotDirection, 2> direction;

  // Line 3: handshake and lists.
  std::uint64_t counters_sent_ns;
  SynOption syn;
  std::uint32_t opener_isn;
  std::uint32_t acceptor_isn;
  std::uint32_t ack_option_mark;   // of the last MP_CAPABLE or MP_JOIN ACK that was told
  SynOption challenger;
  std::uint32_t challenger_isn;
  std::uint32_t class_next, class_previous;
  std::uint32_t wheel_next, wheel_previous;

  [[nodiscard]] bool has(std::uint32_t bit) const { return (seen & bit) != 0; }
  [[nodiscard]] bool opener_is_low() const { return has(seen::kOpenerIsLow); }
  [[nodiscard]] FourTuple tuple() const {
    const Endpoint low{key.low, key.low_port};
    const Endpoint high{key.high, key.high_port};
    return opener_is_low() ? FourTuple{low, high} : FourTuple{high, low};
  }
};
static_assert(sizeof(SubflowSlot) == 256, "four cache lines");

}  // namespace mptap

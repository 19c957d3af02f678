// The 64-byte record a worker sends to control: news of one subflow. docs/record_format.md gives the offsets.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dataplane/mptcp_option.h"
#include "dataplane/types.h"

namespace mptap {

enum class RecordKind : std::uint8_t {
  kNone = 0,
  kOpened,        // a SYN, or what is first seen of a subflow; sent again where the SYN comes late
  kJoinNotStored, // a join SYN that found no place in the table: counted only; no slot
  kSynAck,        // the acceptor's answer, with or without MPTCP
  kCapableAck,    // third ACK or first data with MP_CAPABLE
  kJoinAck,       // third ACK with MP_JOIN
  kFirstDss,      // the first DSS of one direction, and those that first tell 64-bit numbers or a checksum,
                  // or the lack of one
  kAddAddr,
  kRemoveAddr,
  kPrio,
  kFail,
  kFastClose,
  kDataFin,
  kReset,         // RST in sequence, perhaps with MP_TCPRST
  kFin,           // FIN in sequence
  kMalformed,     // an MPTCP option that breaks the grammar; without a slot where its subflow is not known
  kAnomaly,       // legal grammar, illegal content; once a kind, subflow and direction
  kDss,           // every DSS, where the configuration asks for it
  kOption,        // any other option, where the configuration asks for it
  kCounters,      // one direction's counters, periodic and last
  kClosed,        // the slot is given up
};

/// Bits of Record::flags.
namespace record_flag {
constexpr std::uint8_t kFromAcceptor = 0x01;  // who sent the segment; not set: the opener
constexpr std::uint8_t kSynSeen = 0x02;       // kOpened: the SYN itself was seen
constexpr std::uint8_t kMidstream = 0x04;     // kOpened: neither SYN nor SYN/ACK; the opener is a guess
constexpr std::uint8_t kToldBefore = 0x08;    // kOpened: the SYN was told as kJoinNotStored
constexpr std::uint8_t kSampledOut = 0x10;    // kOpened: a kJoinNotStored that was told counted for this join, too
constexpr std::uint8_t kUnmapped = 0x02;      // kCounters: payload stands behind all mappings of this direction
constexpr std::uint8_t kDsnLow = 0x04;        // kCounters: of `dsn_high` only the low 32 bits are known
constexpr std::uint8_t kDataAckLow = 0x08;    // kCounters: of `data_ack`
constexpr std::uint8_t kLast = 0x10;          // kCounters: no others follow
constexpr std::uint8_t kRepeated = 0x40;      // kCapableAck, kJoinAck: which SYN/ACK is acknowledged is not known
constexpr std::uint8_t kKept = 0x80;          // the headers of its packet were kept (PacketKeeper)
constexpr std::uint8_t kMissed = 0x20;        // kCounters: the tap missed payload of this direction
}  // namespace record_flag

/// What an MPTCP SYN or SYN/ACK brought.
enum class Offer : std::uint8_t {
  kNone = 0,       // no MPTCP option: plain TCP
  kCapable,
  kJoin,
  kMirrored,       // SYN/ACK: the SYN's own option, echoed by a middlebox
};

/// The option of a SYN, fitted into 12 bytes beside the 4-tuple.
struct SynOption {
  std::uint32_t high;           // v0 MP_CAPABLE: high half of the key; MP_JOIN: token
  std::uint32_t low;            // v0 MP_CAPABLE: low half of the key; MP_JOIN: nonce
  Offer offer;
  std::uint8_t version;         // MP_CAPABLE: 0 or 1
  std::uint8_t flags;           // MP_CAPABLE: its flags; MP_JOIN: kBackup or 0
  AddressId address_id;         // MP_JOIN

  static constexpr std::uint8_t kBackup = 1;

  [[nodiscard]] Key key() const { return Key{static_cast<std::uint64_t>(high) << 32 | low}; }
  [[nodiscard]] Token token() const { return Token{high}; }
  [[nodiscard]] std::uint32_t nonce() const { return low; }
};

/// In whole words, as it is copied: what is written byte by byte cannot be read as a word before it has left the CPU's
/// store buffer.
inline SynOption make_syn_option(std::uint32_t high, std::uint32_t low, Offer offer, std::uint8_t version, std::uint8_t flags,
                                 AddressId address_id) {
  struct [[gnu::packed]] Words {
    std::uint64_t numbers;
    std::uint32_t rest;
  };
  static_assert(offsetof(SynOption, high) == 0 && offsetof(SynOption, offer) == 8);
  return std::bit_cast<SynOption>(
      Words{std::uint64_t{low} << 32 | high, static_cast<std::uint32_t>(offer) | std::uint32_t{version} << 8 |
                                                 std::uint32_t{flags} << 16 | std::uint32_t{address_id.value} << 24});
}

struct OpenedBody {
  IpAddress opener_address;
  IpAddress acceptor_address;
  SynOption syn;
  std::uint16_t opener_port;
  std::uint16_t acceptor_port;

  [[nodiscard]] FourTuple tuple() const {
    return {{opener_address, opener_port}, {acceptor_address, acceptor_port}};
  }
};

/// A join SYN that found no place.
struct NotStoredBody {
  IpAddress opener_address;
  IpAddress acceptor_address;
  Token token;
  std::uint32_t stands_for;     // joins to this acceptor, 1 or more: others of a flood are not told
  std::uint16_t opener_port;
  std::uint16_t acceptor_port;

  [[nodiscard]] FourTuple tuple() const {
    return {{opener_address, opener_port}, {acceptor_address, acceptor_port}};
  }
};

struct SynAckBody {
  Key key;                             // MP_CAPABLE
  std::array<std::uint8_t, 8> hmac;    // MP_JOIN
  std::uint32_t nonce;                 // MP_JOIN
  std::uint32_t opener_isn;
  std::uint32_t acceptor_isn;
  Offer offer;                         // kNone: denied
  std::uint8_t version;
  std::uint8_t flags;                  // as in SynOption
  AddressId address_id;
  bool blackhole;                      // the SYN was repeated without its option before it was answered
  bool syn_repeated;                   // which of its copies was answered is not known
};

struct CapableAckBody {
  Key sender_key;
  Key receiver_key;
  std::uint16_t data_len;
  std::uint16_t checksum;
  std::uint8_t version;
  std::uint8_t flags;
  bool has_data_len;
  bool has_checksum;
};

struct JoinAckBody {
  std::array<std::uint8_t, 20> hmac;
};

struct DssBody {
  std::uint64_t data_ack;   // extended to 64 bits where `data_ack_known`, else as on the wire
  std::uint64_t dsn;        // the same with `dsn_known`
  std::uint32_t ssn;
  std::uint32_t payload_bytes;
  std::uint16_t data_len;
  std::uint16_t checksum;
  std::uint8_t flags;       // DssOption flags, as on the wire
  bool has_checksum;
  bool data_ack_known;
  bool dsn_known;
};

struct AddAddrBody {
  IpAddress address;
  std::array<std::uint8_t, 8> hmac;
  std::uint16_t port;
  AddressId address_id;
  std::uint8_t version;
  bool echo;
  bool has_port;
  bool has_hmac;
};

struct RemoveAddrBody {
  std::array<std::uint8_t, 37> address_ids;
  std::uint8_t count;
};

struct PrioBody {
  bool backup;
  bool has_address_id;
  AddressId address_id;
};

struct FailBody {
  std::uint64_t dsn;
};

struct FastCloseBody {
  Key receiver_key;
};

struct ResetBody {
  bool has_reason;      // MP_TCPRST
  bool transient;
  std::uint8_t reason;
  bool before_answer;   // no SYN/ACK was seen
};

struct MalformedBody {
  IpAddress opener_address;      // the sender's where there is no slot
  IpAddress acceptor_address;
  std::uint16_t opener_port;
  std::uint16_t acceptor_port;
  OptionError error;             // kOk: a well-formed option, told as kOption
  std::uint8_t subtype;
  std::uint8_t length;
  std::uint8_t tcp_flags;

  [[nodiscard]] FourTuple tuple() const {
    return {{opener_address, opener_port}, {acceptor_address, acceptor_port}};
  }
};

/// What a well-formed option may do wrong.
enum class Anomaly : std::uint8_t {
  kReservedBits,     // a bit is set that its RFC reserves; `subtype` names the option
  kMappingConflict,  // a DSS maps an SSN to another DSN than one before it (RFC 8684 section 3.3.1)
  kInfiniteMapping,  // data_len 0: the connection goes on as plain TCP (RFC 8684 section 3.7)
};

struct AnomalyBody {
  std::uint64_t dsn;             // kMappingConflict, kInfiniteMapping: as on the wire, perhaps 32 bits
  std::uint64_t previous_dsn;    // kMappingConflict: what `ssn` was mapped to before, its low 32 bits
  std::uint32_t ssn;
  std::uint16_t data_len;
  Anomaly kind;
  std::uint8_t subtype;
};

/// Counters of one direction since the subflow began.
struct CountersBody {
  std::uint32_t segments;
  std::uint32_t tiny_jumps;      // new mappings of at most 64 bytes whose DSN does not continue the one before
  std::uint64_t payload_bytes;   // TCP payload as seen, retransmissions included
  std::uint64_t mapped_bytes;    // bytes of DSS mappings seen for the first time on this subflow
  std::uint64_t dsn_high;        // highest DSN mapped + 1; 0 where none was seen; see kDsnLow
  std::uint64_t data_ack;        // highest data ACK; 0 where none was seen; see kDataAckLow
  std::uint64_t last_mapped_ns;  // packet time of the latest segment with a mapping, or up to 2 ms earlier; 0: none
};

enum class CloseCause : std::uint8_t {
  kNone = 0,
  kFin,         // both directions finished
  kReset,
  kTimeout,     // nothing was seen for the idle timeout
  kUnanswered,  // the SYN was never answered
  kReplaced,    // the same 4-tuple began anew
  kEvicted,     // the table was full
  kExit,        // the sensor stopped, or the capture ended
};

struct ClosedBody {
  CloseCause cause;
  bool half_open;                // the acceptor answered, and then neither end went on
  std::uint64_t last_seen_ns;
};

struct alignas(64) Record {
  static constexpr std::uint32_t kNoSlot = 0xffffffff;

  std::uint64_t time_ns = 0;             // packet time; never less than that of the worker's record before
  std::uint32_t slot = kNoSlot;          // index in the worker's subflow table
  std::uint16_t generation = 0;          // of the slot: a newer one closes the older
  RecordKind kind = RecordKind::kNone;
  std::uint8_t flags = 0;                // record_flag
  union {
    OpenedBody opened;
    NotStoredBody not_stored;
    SynAckBody syn_ack;
    CapableAckBody capable_ack;
    JoinAckBody join_ack;
    DssBody dss;
    AddAddrBody add_addr;
    RemoveAddrBody remove_addr;
    PrioBody prio;
    FailBody fail;
    FastCloseBody fast_close;
    ResetBody reset;
    MalformedBody malformed;
    AnomalyBody anomaly;
    CountersBody counters;
    ClosedBody closed;
    std::array<std::uint64_t, 6> raw;
  };

  Record() : raw{} {}

  [[nodiscard]] bool from_opener() const { return (flags & record_flag::kFromAcceptor) == 0; }
  [[nodiscard]] bool has(std::uint8_t bit) const { return (flags & bit) != 0; }
};

static_assert(sizeof(Record) == 64 && alignof(Record) == 64, "a record is one cache line");
static_assert(std::is_trivially_copyable_v<Record>);
static_assert(offsetof(Record, time_ns) == 0 && offsetof(Record, slot) == 8 && offsetof(Record, generation) == 12 &&
              offsetof(Record, kind) == 14 && offsetof(Record, flags) == 15 && offsetof(Record, raw) == 16);
static_assert(sizeof(OpenedBody) == 48 && offsetof(OpenedBody, syn) == 32 && offsetof(OpenedBody, opener_port) == 44);

}  // namespace mptap

// What detectors obey; each struct belongs to the detector of its name. Reloadable.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/prefix.h"
#include "dataplane/types.h"

namespace mptap {

/// A severity, or the one that the detector gives itself.
enum class SeverityChoice : std::uint8_t { kOwn, kInfo, kLow, kMedium, kHigh };

/// What is done on inline ports about what a detector tells.
enum class Mitigation : std::uint8_t { kOff, kObserve, kEnforce };

/// What every detector obeys.
struct DetectorSwitch {
  bool enabled = true;
  SeverityChoice severity = SeverityChoice::kOwn;
  std::uint64_t suppress_ns = 0;                      // after a notice, none about the same subject for this long
};

struct DuplicateAddAddrOptions : DetectorSwitch {
  bool repeats = true;                                // also tell of v0 repeats (informational)
};

struct AddressIdExhaustionOptions : DetectorSwitch {
  std::uint32_t threshold = 16;                       // live address IDs of one host, 1..255
};

struct TokenGuessingOptions : DetectorSwitch {
  std::uint32_t threshold = 10;                       // refused joins of one source
  std::uint64_t interval_ns = 60 * kNsPerSecond;      // within this much packet time
  std::uint32_t percent = 90;                         // of its answered joins, 1..100
  std::uint32_t max_sources = 65'536;                 // sources watched at once; the least active leave first
};

struct JoinFloodOptions : DetectorSwitch {
  std::uint32_t threshold = 1'000;                    // joins not completed, to one receiver
  std::uint32_t known_token_threshold = 200;          // of those, joins whose token a connection in view carries
  std::uint64_t interval_ns = 10 * kNsPerSecond;      // within this much packet time
  std::uint32_t max_receivers = 65'536;               // receivers watched at once; the least active leave first
  std::uint32_t top_sources = 5;                      // named in the notice, 0..16
  Mitigation mitigation = Mitigation::kOff;           // of join SYNs to a receiver under attack
  std::uint32_t pass_per_second = 100;                // of these, to one receiver through one worker, that pass at once
};

struct HalfOpenJoinOptions : DetectorSwitch {
  std::uint64_t grace_ns = kNsPerSecond;              // from the SYN/ACK to the end of what is seen
};

struct PrematureJoinOptions : DetectorSwitch {
  std::uint64_t grace_ns = 5 * kNsPerMillisecond;     // how late the third ACK may stand in the capture
};

struct JoinToRemovedOptions : DetectorSwitch {
  std::uint64_t grace_ns = 50 * kNsPerMillisecond;    // after REMOVE_ADDR; a round trip where that is longer
};

struct FallbackBurstOptions : DetectorSwitch {
  std::uint32_t threshold = 10;                       // fallbacks of acceptors that accepted MPTCP before
  std::uint64_t interval_ns = 60 * kNsPerSecond;
};

struct RemoveAddrAbuseOptions : DetectorSwitch {
  std::uint64_t grace_ns = 200 * kNsPerMillisecond;   // data may go on; two round trips where that is longer
  std::uint32_t mass = 4;                             // address IDs that one host removes from one connection
  std::uint64_t interval_ns = 10 * kNsPerSecond;      // within this much packet time
};

struct MalformedOptionOptions : DetectorSwitch {
  std::uint64_t interval_ns = 60 * kNsPerSecond;      // one notice a sender and error in it
};

struct CrossPathScatterOptions : DetectorSwitch {
  std::uint32_t subflows = 3;                         // that carry it, 2..64
  std::uint32_t mappings = 8;                         // tiny ones out of order on each of them
};

struct KeyChangeOptions : DetectorSwitch {};
struct AddAddrHmacOptions : DetectorSwitch {
  Mitigation mitigation = Mitigation::kOff;           // of the ADD_ADDR
};
struct JoinHmacOptions : DetectorSwitch {
  Mitigation mitigation = Mitigation::kOff;           // of the segments of the subflow
};
struct UnknownJoinOptions : DetectorSwitch {};
struct JoinAfterCFlagOptions : DetectorSwitch {};
struct RejectedOptions : DetectorSwitch {};
struct FastCloseKeyOptions : DetectorSwitch {};
struct PriorityDiversionOptions : DetectorSwitch {};
struct DataAckBeyondOptions : DetectorSwitch {};
struct MappingConflictOptions : DetectorSwitch {};
struct InfiniteMappingOptions : DetectorSwitch {};
struct ChecksumMismatchOptions : DetectorSwitch {};
struct UnknownVersionOptions : DetectorSwitch {};
struct ReservedBitsOptions : DetectorSwitch {};
struct TokenReuseOptions : DetectorSwitch {};

/// X(name, Options, what it watches for): every detector; in this order they see an event.
#define MPTAP_DETECTORS(X)                                                                                         \
  X(duplicate_add_addr, DuplicateAddAddrOptions, "An address advertised again, or another under an address ID in use.") \
  X(address_id_exhaustion, AddressIdExhaustionOptions, "A host that occupies very many address IDs of a connection.") \
  X(add_addr_hmac, AddAddrHmacOptions, "An ADD_ADDR whose HMAC is not what the keys demand.")                      \
  X(key_change, KeyChangeOptions, "A host's key differs from the one that it sent before.")                        \
  X(join_hmac, JoinHmacOptions, "A join whose HMAC is not what the keys demand.")                                  \
  X(unknown_join, UnknownJoinOptions, "A join that was accepted into a connection the sensor does not know.")      \
  X(token_guessing, TokenGuessingOptions, "A source whose joins are refused for unknown tokens.")                  \
  X(join_flood, JoinFloodOptions, "Many joins to one receiver that are not completed.")                            \
  X(half_open_join, HalfOpenJoinOptions, "A join whose opener fell silent after the SYN/ACK.")                     \
  X(premature_join, PrematureJoinOptions, "A join before the connection's third ACK.")                             \
  X(join_after_c_flag, JoinAfterCFlagOptions, "A join to an initial address whose host forbade that.")             \
  X(join_to_removed, JoinToRemovedOptions, "A join to an address that its host removed.")                          \
  X(rejected, RejectedOptions, "MPTCP was offered and not taken, or was taken out on the way.")                    \
  X(fallback_burst, FallbackBurstOptions, "Hosts that spoke MPTCP no longer do: a middlebox begins to strip it.")  \
  X(fastclose_key, FastCloseKeyOptions, "An MP_FASTCLOSE with a key that is not its receiver's.")                  \
  X(remove_addr_abuse, RemoveAddrAbuseOptions, "Addresses removed though data goes on, or many at once.")          \
  X(priority_diversion, PriorityDiversionOptions, "All paths but one turned backup, or another's path.")           \
  X(data_ack_beyond, DataAckBeyondOptions, "A data ACK beyond what was sent.")                                     \
  X(mapping_conflict, MappingConflictOptions, "One piece of a subflow mapped to two places of the data.")          \
  X(infinite_mapping, InfiniteMappingOptions, "An infinite mapping in the middle of a connection.")                \
  X(checksum_mismatch, ChecksumMismatchOptions, "DSS checksums other than negotiated.")                            \
  X(unknown_version, UnknownVersionOptions, "An MP_CAPABLE of unknown version or algorithm.")                      \
  X(reserved_bits, ReservedBitsOptions, "Reserved bits that are set.")                                             \
  X(malformed_option, MalformedOptionOptions, "An MPTCP option that breaks the grammar.")                          \
  X(token_reuse, TokenReuseOptions, "One token or key of two live connections of a host.")                         \
  X(cross_path_scatter, CrossPathScatterOptions, "Tiny pieces of data that alternate between paths.")

struct DetectorOptions {
#define X(name, Options, doc) Options name;
  MPTAP_DETECTORS(X)
#undef X
};

/// What holds for the notices of all detectors.
struct NoticeOptions {
  std::vector<Prefix> allow;                          // sources that raise no notice
};

/// What holds for the rules of inline ports.
struct MitigationOptions {
  std::uint64_t ttl_ns = 60 * kNsPerSecond;           // a rule ends when its cause was not told again for this long
};

}  // namespace mptap

#include <type_traits>

#include "dataplane/kept_packet.h"
#include "detect/correlator.h"
#include "detect/detectors/add_addr_hmac.h"
#include "detect/detectors/address_id_exhaustion.h"
#include "detect/detectors/checksum_mismatch.h"
#include "detect/detectors/cross_path_scatter.h"
#include "detect/detectors/data_ack_beyond.h"
#include "detect/detectors/duplicate_add_addr.h"
#include "detect/detectors/fallback_burst.h"
#include "detect/detectors/fastclose_key.h"
#include "detect/detectors/half_open_join.h"
#include "detect/detectors/infinite_mapping.h"
#include "detect/detectors/join_after_c_flag.h"
#include "detect/detectors/join_flood.h"
#include "detect/detectors/join_hmac.h"
#include "detect/detectors/join_to_removed.h"
#include "detect/detectors/key_change.h"
#include "detect/detectors/malformed_option.h"
#include "detect/detectors/mapping_conflict.h"
#include "detect/detectors/premature_join.h"
#include "detect/detectors/priority_diversion.h"
#include "detect/detectors/rejected.h"
#include "detect/detectors/remove_addr_abuse.h"
#include "detect/detectors/reserved_bits.h"
#include "detect/detectors/token_guessing.h"
#include "detect/detectors/token_reuse.h"
#include "detect/detectors/unknown_join.h"
#include "detect/detectors/unknown_version.h"
#include "detect/record_gaps.h"

namespace mptap {
namespace {

/// Some detectors keep a seeded table, one counts for the metrics; the others need their options only.
template <typename Kind, typename Options>
std::unique_ptr<Detector> make_detector(const Options& options, std::uint64_t seed, ControlCounters& counters) {
  if constexpr (std::is_constructible_v<Kind, const Options&, std::uint64_t, ControlCounters&>) {
    return std::make_unique<Kind>(options, seed, counters);
  } else if constexpr (std::is_constructible_v<Kind, const Options&, std::uint64_t>) {
    return std::make_unique<Kind>(options, seed);
  } else {
    return std::make_unique<Kind>(options);
  }
}

using DuplicateAddAddrOptionsDetector = DuplicateAddAddrDetector;
using AddressIdExhaustionOptionsDetector = AddressIdExhaustionDetector;
using AddAddrHmacOptionsDetector = AddAddrHmacDetector;
using KeyChangeOptionsDetector = KeyChangeDetector;
using JoinHmacOptionsDetector = JoinHmacDetector;
using UnknownJoinOptionsDetector = UnknownJoinDetector;
using TokenGuessingOptionsDetector = TokenGuessingDetector;
using JoinFloodOptionsDetector = JoinFloodDetector;
using HalfOpenJoinOptionsDetector = HalfOpenJoinDetector;
using PrematureJoinOptionsDetector = PrematureJoinDetector;
using JoinAfterCFlagOptionsDetector = JoinAfterCFlagDetector;
using JoinToRemovedOptionsDetector = JoinToRemovedDetector;
using RejectedOptionsDetector = RejectedDetector;
using FallbackBurstOptionsDetector = FallbackBurstDetector;
using FastCloseKeyOptionsDetector = FastCloseKeyDetector;
using RemoveAddrAbuseOptionsDetector = RemoveAddrAbuseDetector;
using PriorityDiversionOptionsDetector = PriorityDiversionDetector;
using DataAckBeyondOptionsDetector = DataAckBeyondDetector;
using MappingConflictOptionsDetector = MappingConflictDetector;
using InfiniteMappingOptionsDetector = InfiniteMappingDetector;
using ChecksumMismatchOptionsDetector = ChecksumMismatchDetector;
using UnknownVersionOptionsDetector = UnknownVersionDetector;
using ReservedBitsOptionsDetector = ReservedBitsDetector;
using MalformedOptionOptionsDetector = MalformedOptionDetector;
using TokenReuseOptionsDetector = TokenReuseDetector;
using CrossPathScatterOptionsDetector = CrossPathScatterDetector;

}  // namespace

std::vector<std::unique_ptr<Detector>> make_detectors(const DetectorOptions& options, std::uint64_t seed,
                                                      ControlCounters& counters) {
  std::vector<std::unique_ptr<Detector>> detectors;
#define X(name, Options, doc) \
  detectors.push_back(make_detector<Options##Detector>(options.name, mix64(seed + detectors.size()), counters));
  MPTAP_DETECTORS(X)
#undef X
  return detectors;
}

std::uint64_t begin_of(const Connection& connection) {
  // One that was found in its middle may have begun before.
  return connection.partial ? RecordGaps::memory_before(connection.start_ns) : connection.start_ns;
}

PacketName packet_of(const Event& event) {
  if (event.record != nullptr) {
    return event.record->has(record_flag::kKept) ? PacketName{.print = print_of(*event.record)} : PacketName{};
  }
  if (event.subflow == nullptr) return {};
  const SubflowRef self = event.subflow->self();
  const auto latest = [&self](RecordKind kind) { return PacketName{0, self.slot, self.generation, self.worker, kind}; };
  switch (event.kind) {
    case EventKind::kJoinDisproved: return latest(event.from_opener ? RecordKind::kJoinAck : RecordKind::kSynAck);
    case EventKind::kJoinMatched:
    case EventKind::kJoinUnknown:
    case EventKind::kTokenTaken: return latest(RecordKind::kSynAck);
    default: return {};
  }
}

Notice notice_about(const Event& event, const char* note, Severity severity) {
  Notice notice;
  notice.time_ns = event.time_ns;
  notice.note = note;
  notice.severity = severity;
  notice.packet_name = packet_of(event);
  if (event.connection != nullptr) notice.connection = ConnectionName{event.connection->mp_id, {}};
  notice.source = event.from_opener ? event.tuple.opener : event.tuple.acceptor;
  notice.destination = event.from_opener ? event.tuple.acceptor : event.tuple.opener;
  return notice;
}

}  // namespace mptap

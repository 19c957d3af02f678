// A fact about a subflow or connection, as detectors and the event log get it. Valid during the call only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "detect/connection.h"

namespace mptap {

enum class EventKind : std::uint8_t {
  // Handshakes.
  kCapableAttempt,         // an MP_CAPABLE SYN, retransmissions once
  kJoinAttempt,            // an MP_JOIN SYN, retransmissions once; no subflow where it was not stored; `connection` is
                           // set where a connection carries its token, `role` is then that of the acceptor
  kJoinCompleted,          // its third ACK carried an HMAC that is not known to be wrong
  kJoinMatched,            // an answered join is part of `connection`
  kJoinUnknown,            // the acceptor answered, and no connection was found in time
  kJoinDisproved,          // an HMAC is wrong; `cause` syn_ack or ack
  kConnectionEstablished,  // SYN/ACK with MP_CAPABLE
  kConnectionPartial,      // a connection whose start was not seen
  kConnectionConfirmed,    // the first sign that its third ACK was sent
  kDenied,                 // SYN/ACK without usable MPTCP; see `cause`
  kRefused,                // RST in answer to the SYN; see `token_known`
  kKeyChanged,             // a key that is not what was said before; `role` tells whose
  kTokenTaken,             // another live connection of the same host has this token; `cause` key or token; `role`
  // Signals.
  kAddressAdvertised,      // ADD_ADDR; see `change`, `proof`
  kAddressEchoed,
  kAddressesRemoved,
  kPriorityChanged,        // see `priority`
  kFail,
  kFastClose,              // see `proof`
  kFallback,               // the connection goes on as plain TCP; see `cause`
  kMalformed,              // record->malformed; perhaps without a subflow
  kAnomaly,                // record->anomaly
  // Data and ends.
  kProgress,               // record->counters; `role` is that of the sender
  kDataFin,
  kReset,
  kFin,
  kFirstDss,               // record->dss, or record->capable_ack with data: a mapping
  kSubflowClosed,          // record->closed, where the worker told it
  kConnectionClosed,
  kCount
};
constexpr std::size_t kEventKinds = static_cast<std::size_t>(EventKind::kCount);

/// A set of kinds.
class EventKinds {
 public:
  constexpr EventKinds(std::initializer_list<EventKind> kinds) {
    for (const EventKind kind : kinds) bits_ |= bit(kind);
  }
  [[nodiscard]] constexpr bool has(EventKind kind) const { return (bits_ & bit(kind)) != 0; }

 private:
  static constexpr std::uint64_t bit(EventKind kind) { return std::uint64_t{1} << static_cast<unsigned>(kind); }
  std::uint64_t bits_ = 0;
};
static_assert(kEventKinds <= 64);

/// Paths of a connection after an MP_PRIO, as the host that sent it has them.
struct PriorityCount {
  std::uint32_t live = 0;     // established subflows
  std::uint32_t backup = 0;   // of them, backup by handshake or MP_PRIO
  std::uint32_t turned = 0;   // of those, made backup by MP_PRIO of this host within the last 10 s
};

struct Event {
  EventKind kind;
  std::uint64_t time_ns = 0;
  FourTuple tuple{};                         // of the subflow
  bool from_opener = true;
  const Subflow* subflow = nullptr;
  const Connection* connection = nullptr;
  const Record* record = nullptr;            // what it was told by
  Role role = Role::kInitiator;
  AddressChange change = AddressChange::kNew;
  Proof proof = Proof::kUnverified;          // kAddressAdvertised: its HMAC; kFastClose: its key
  IpAddress previous_address{};              // of AddressChange::kConflict
  const char* cause = "";                    // kDenied: no_option, stripped, mirrored, blackhole, version
  bool token_known = false;                  // kJoinAttempt, kRefused: a connection in view carries the token
  std::uint32_t stands_for = 1;              // kJoinAttempt: joins to this acceptor, others of which were not told; 0: one
                                             // told before counted for it
  bool acceptor_speaks = false;              // kDenied: this acceptor accepted MPTCP before
  bool other_address_id = false;             // kPriorityChanged: it names another path than the one that carries it
  PriorityCount priority{};
  std::uint64_t reported_since_ns = 0;       // kProgress, kSubflowClosed, where a data ACK of `role`'s data is beyond what was
                                             // mapped: all live subflows have reported since then; 0: not all ever
  std::uint64_t other_start_ns = 0;          // kTokenTaken: when the other connection began
  std::uint64_t attempt_ns = 0;              // kJoinCompleted: when its SYN was seen
};

}  // namespace mptap

// A fact about a subflow or connection, as detectors and the event log get it. Valid during the call only.
#pragma once

#include <cstdint>

#include "detect/connection.h"

namespace mptap {

enum class EventKind : std::uint8_t {
  kJoinAttempt,            // an MP_JOIN SYN, retransmissions once; `tuple` only where it was not stored
  kJoinCompleted,          // its third ACK carried an HMAC that is not known to be wrong
  kJoinMatched,
  kJoinUnknown,            // the acceptor answered, and no connection was found in time
  kConnectionEstablished,  // SYN/ACK with MP_CAPABLE
  kConnectionPartial,      // a connection whose start was not seen
  kDenied,                 // SYN/ACK without MPTCP; see `cause`
  kRefused,                // RST in answer to the SYN
  kKeyChanged,             // a key that is not what was said before; `role` tells whose
  kAddressAdvertised,      // ADD_ADDR; see `change`
  kAddressEchoed,
  kAddressesRemoved,
  kPriorityChanged,
  kFail,
  kFastClose,
  kDataFin,
  kReset,
  kFin,
  kFirstDss,
  kSubflowClosed,
  kConnectionClosed,
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
  IpAddress previous_address{};              // of AddressChange::kConflict
  const char* cause = "";                    // kDenied: no_option, mirrored, blackhole
  std::uint64_t attempt_ns = 0;              // kJoinCompleted: when its SYN was seen
};

}  // namespace mptap

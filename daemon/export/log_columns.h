// What the tables of columns share: fields that may be unset.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/export/log_tables.h"

namespace mptap::columns {

using enum ZeekType;

template <typename T>
LogValue count_or_unset(const std::optional<T>& value) {
  if (!value) return Unset{};
  return static_cast<std::uint64_t>(*value);
}

inline LogValue count_or_unset(const std::optional<AddressId>& id) {
  if (!id) return Unset{};
  return std::uint64_t{id->value};
}

template <typename T>
LogValue value_or_unset(const std::optional<T>& value) {
  if (!value) return Unset{};
  return *value;
}

inline LogValue word_or_unset(std::string_view word) {
  if (word.empty()) return Unset{};
  return word;
}

inline LogValue mp_id_of(const std::optional<ConnectionName>& name) {
  if (!name) return Unset{};
  return name->mp_id;
}

inline LogValue uid_of(const std::optional<ConnectionName>& name) {
  if (!name) return Unset{};
  return *name;
}

inline LogValue address_of(const std::optional<Endpoint>& endpoint) {
  if (!endpoint) return Unset{};
  return endpoint->address;
}

inline LogValue port_of(const std::optional<Endpoint>& endpoint) {
  if (!endpoint || endpoint->port == 0) return Unset{};
  return PortNumber{endpoint->port};
}

inline LogValue flag_of(Proof proof) {
  if (proof == Proof::kUnverified) return Unset{};
  return proof == Proof::kValid;
}

/// Packet times may go back between two sources; a duration does not.
inline LogValue interval_between(std::uint64_t start_ns, std::uint64_t end_ns) {
  return IntervalNs{end_ns > start_ns ? end_ns - start_ns : 0};
}

template <typename List>
inline LogValue list_or_unset(const List& items) {
  if (items.empty()) return Unset{};
  return &items;
}

inline LogValue interval_or_unset(const std::optional<std::uint64_t>& ns) {
  if (!ns) return Unset{};
  return IntervalNs{*ns};
}

inline LogValue proof_or_unset(const std::optional<Proof>& proof) {
  if (!proof) return Unset{};
  return std::string_view(*proof == Proof::kValid ? "valid" : *proof == Proof::kInvalid ? "invalid" : "unverified");
}

inline LogValue step_or_unset(const std::optional<HandshakeStep>& step) {
  if (!step) return Unset{};
  return std::string_view(*step == HandshakeStep::kSyn ? "syn" : *step == HandshakeStep::kSynAck ? "syn_ack" : "ack");
}

}  // namespace mptap::columns

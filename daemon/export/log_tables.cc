#include "daemon/export/log_tables.h"

namespace mptap {
namespace {

using enum ZeekType;

template <typename T>
LogValue count_or_unset(const std::optional<T>& value) {
  if (!value) return Unset{};
  return static_cast<std::uint64_t>(*value);
}

LogValue count_or_unset(const std::optional<AddressId>& id) {
  if (!id) return Unset{};
  return std::uint64_t{id->value};
}

template <typename T>
LogValue value_or_unset(const std::optional<T>& value) {
  if (!value) return Unset{};
  return *value;
}

LogValue word_or_unset(std::string_view word) {
  if (word.empty()) return Unset{};
  return word;
}

LogValue mp_id_of(const std::optional<ConnectionName>& name) {
  if (!name) return Unset{};
  return name->mp_id;
}

LogValue uid_of(const std::optional<ConnectionName>& name) {
  if (!name) return Unset{};
  return word_or_unset(name->uid);
}

LogValue address_of(const std::optional<Endpoint>& endpoint) {
  if (!endpoint) return Unset{};
  return endpoint->address;
}

LogValue port_of(const std::optional<Endpoint>& endpoint) {
  if (!endpoint || endpoint->port == 0) return Unset{};
  return PortNumber{endpoint->port};
}

LogValue flag_of(Proof proof) {
  if (proof == Proof::kUnverified) return Unset{};
  return proof == Proof::kValid;
}

/// Packet times may go back between two sources; a duration does not.
LogValue interval_between(std::uint64_t start_ns, std::uint64_t end_ns) {
  return IntervalNs{end_ns > start_ns ? end_ns - start_ns : 0};
}

constexpr Column<SubflowReport> kSubflowColumns[] = {
    {"orig_h", kAddr, [](const SubflowReport& r) -> LogValue { return r.tuple.opener.address; },
     "Address that sent the subflow's SYN."},
    {"orig_p", kPort, [](const SubflowReport& r) -> LogValue { return PortNumber{r.tuple.opener.port}; },
     "Its port."},
    {"resp_h", kAddr, [](const SubflowReport& r) -> LogValue { return r.tuple.acceptor.address; },
     "Address the SYN went to."},
    {"resp_p", kPort, [](const SubflowReport& r) -> LogValue { return PortNumber{r.tuple.acceptor.port}; },
     "Its port."},
    {"isOrig", kBool, [](const SubflowReport& r) -> LogValue { return r.is_initial; },
     "T for the subflow that made the connection, F for one that joined it."},
    {"MP_ID", kCount, [](const SubflowReport& r) { return mp_id_of(r.connection); },
     "Number of the connection in this run, from 0 in order of establishment; unset where it belongs to "
     "none."},
    {"ts", kTime, [](const SubflowReport& r) -> LogValue { return TimeNs{r.start_ns}; },
     "Packet time of the first segment seen."},
    {"duration", kInterval, [](const SubflowReport& r) { return interval_between(r.start_ns, r.end_ns); },
     "From the first segment seen to the end."},
    {"state", kString, [](const SubflowReport& r) -> LogValue { return name_of(r.state); },
     "`established`: the SYN/ACK carried MPTCP, however the subflow ended; `attempted`: never answered; "
     "`denied`: "
     "answered without MPTCP; `refused`: a join answered by RST; `reset`: an initial subflow answered by "
     "RST; "
     "`partial`: its start was not seen."},
    {"matched_by", kString,
     [](const SubflowReport& r) -> LogValue {
       if (r.matched_by == MatchedBy::kNone || r.matched_by == MatchedBy::kInitial) return Unset{};
       return name_of(r.matched_by);
     },
     "Evidence that put it into its connection: `hmac`, `token`, `address`, `dsn`; unset where it made the "
     "connection or belongs to none."},
    {"orig_address_id", kCount, [](const SubflowReport& r) { return count_or_unset(r.opener_address_id); },
     "Address ID of the opener."},
    {"resp_address_id", kCount, [](const SubflowReport& r) { return count_or_unset(r.acceptor_address_id); },
     "Address ID of the acceptor."},
    {"backup", kBool, [](const SubflowReport& r) -> LogValue { return r.backup; },
     "Whether the handshake made it a backup path; MP_PRIO later is an event."},
    {"hmac_synack", kBool, [](const SubflowReport& r) { return flag_of(r.hmac_synack); },
     "Whether the HMAC of the SYN/ACK is what the keys demand; unset where that could not be verified."},
    {"hmac_ack", kBool, [](const SubflowReport& r) { return flag_of(r.hmac_ack); },
     "The same of the third ACK."},
    {"orig_segments", kCount, [](const SubflowReport& r) -> LogValue { return r.from_opener.segments; },
     "TCP segments from the opener."},
    {"orig_bytes", kCount, [](const SubflowReport& r) -> LogValue { return r.from_opener.payload_bytes; },
     "TCP payload bytes from the opener as seen, retransmissions included."},
    {"resp_segments", kCount, [](const SubflowReport& r) -> LogValue { return r.from_acceptor.segments; },
     "TCP segments from the acceptor."},
    {"resp_bytes", kCount, [](const SubflowReport& r) -> LogValue { return r.from_acceptor.payload_bytes; },
     "TCP payload bytes from the acceptor as seen, retransmissions included."},
    {"orig_mapped_bytes", kCount,
     [](const SubflowReport& r) -> LogValue { return r.from_opener.mapped_bytes; },
     "Bytes of the opener's DSS mappings, each counted once on this subflow."},
    {"resp_mapped_bytes", kCount,
     [](const SubflowReport& r) -> LogValue { return r.from_acceptor.mapped_bytes; },
     "Bytes of the acceptor's DSS mappings, each counted once on this subflow."},
    {"close", kString,
     [](const SubflowReport& r) -> LogValue {
       if (r.close == CloseCause::kNone) return Unset{};
       return name_of(r.close);
     },
     "How it ended: `fin`, `reset`, `timeout`, `unanswered`, `replaced` (the same 4-tuple began anew), "
     "`evicted` (the "
     "table was full), `exit` (it was open when the sensor stopped or the capture ended)."},
    {"version", kCount, [](const SubflowReport& r) { return count_or_unset(r.version); },
     "MPTCP version, 0 or 1; unset where nothing told it."},
    {"token", kString, [](const SubflowReport& r) { return value_or_unset(r.token); },
     "Token in the SYN of a join, 8 hex digits."},
    {"conn_uid", kString, [](const SubflowReport& r) { return uid_of(r.connection); },
     "Name of the connection, unique across runs and sensors."},
    {"community_id", kString, [](const SubflowReport& r) { return word_or_unset(r.community_id); },
     "Community ID of the 4-tuple, version 1, seed 0."},
};

constexpr Column<ConnectionReport> kConnectionColumns[] = {
    {"ts", kTime, [](const ConnectionReport& r) -> LogValue { return TimeNs{r.start_ns}; },
     "Packet time of the first segment seen."},
    {"MP_ID", kCount, [](const ConnectionReport& r) -> LogValue { return r.name.mp_id; },
     "Number of the connection in this run, from 0 in order of establishment."},
    {"version", kCount, [](const ConnectionReport& r) { return count_or_unset(r.version); },
     "MPTCP version, 0 or 1; unset where nothing told it."},
    {"orig_h", kAddr, [](const ConnectionReport& r) -> LogValue { return r.tuple.opener.address; },
     "Address of the initiator on the initial subflow."},
    {"orig_p", kPort, [](const ConnectionReport& r) -> LogValue { return PortNumber{r.tuple.opener.port}; },
     "Its port."},
    {"resp_h", kAddr, [](const ConnectionReport& r) -> LogValue { return r.tuple.acceptor.address; },
     "Address of the responder on the initial subflow."},
    {"resp_p", kPort, [](const ConnectionReport& r) -> LogValue { return PortNumber{r.tuple.acceptor.port}; },
     "Its port."},
    {"token_orig", kString, [](const ConnectionReport& r) { return value_or_unset(r.initiator_token); },
     "Token of the initiator, 8 hex digits; unset where its key was not seen."},
    {"token_resp", kString, [](const ConnectionReport& r) { return value_or_unset(r.responder_token); },
     "Token of the responder, 8 hex digits; unset where its key was not seen."},
    {"subflows", kCount, [](const ConnectionReport& r) -> LogValue { return std::uint64_t{r.subflows}; },
     "Subflows it had, established or partial ones."},
    {"outcome", kString, [](const ConnectionReport& r) -> LogValue { return name_of(r.outcome); },
     "`established`; `fallback`: it went on as plain TCP; `partial`: its start was not seen."},
    {"close", kString, [](const ConnectionReport& r) -> LogValue { return name_of(r.close); },
     "How it ended: `data_fin` (both ways), `fastclose`, `reset`, `timeout`, `last_subflow_gone`, `evicted` "
     "(the table "
     "was full), or `open`: it had not when the sensor stopped or the capture ended."},
    {"duration", kInterval, [](const ConnectionReport& r) { return interval_between(r.start_ns, r.end_ns); },
     "From the first segment seen to the end."},
    {"orig_bytes", kCount,
     [](const ConnectionReport& r) -> LogValue { return r.from_initiator.payload_bytes; },
     "TCP payload bytes from the initiator, summed over all subflows."},
    {"resp_bytes", kCount,
     [](const ConnectionReport& r) -> LogValue { return r.from_responder.payload_bytes; },
     "TCP payload bytes from the responder, summed over all subflows."},
    {"orig_segments", kCount, [](const ConnectionReport& r) -> LogValue { return r.from_initiator.segments; },
     "TCP segments from the initiator, summed over all subflows."},
    {"resp_segments", kCount, [](const ConnectionReport& r) -> LogValue { return r.from_responder.segments; },
     "TCP segments from the responder, summed over all subflows."},
    {"orig_addresses", kCount,
     [](const ConnectionReport& r) -> LogValue { return std::uint64_t{r.initiator_addresses}; },
     "Address IDs of the initiator known at the end."},
    {"resp_addresses", kCount,
     [](const ConnectionReport& r) -> LogValue { return std::uint64_t{r.responder_addresses}; },
     "Address IDs of the responder known at the end."},
    {"checksums", kBool, [](const ConnectionReport& r) -> LogValue { return r.checksums; },
     "Whether DSS checksums were negotiated."},
    {"conn_uid", kString, [](const ConnectionReport& r) { return word_or_unset(r.name.uid); },
     "Name of the connection, unique across runs and sensors."},
};

constexpr Column<Notice> kNoticeColumns[] = {
    {"ts", kTime, [](const Notice& r) -> LogValue { return TimeNs{r.time_ns}; },
     "Packet time of what gave rise to it."},
    {"note", kString, [](const Notice& r) { return word_or_unset(r.note); }, "Name of the notice."},
    {"MP_ID", kCount, [](const Notice& r) { return mp_id_of(r.connection); },
     "Number of the connection it concerns; unset where it concerns none."},
    {"src", kAddr, [](const Notice& r) { return address_of(r.source); }, "Address it comes from."},
    {"dst", kAddr, [](const Notice& r) { return address_of(r.destination); }, "Address it is aimed at."},
    {"msg", kString, [](const Notice& r) { return word_or_unset(r.message); }, "A sentence for a person."},
    {"severity", kString, [](const Notice& r) -> LogValue { return name_of(r.severity); },
     "`info`, `low`, `medium` or `high`."},
    {"src_p", kPort, [](const Notice& r) { return port_of(r.source); }, "Port it comes from."},
    {"dst_p", kPort, [](const Notice& r) { return port_of(r.destination); }, "Port it is aimed at."},
    {"cause", kString, [](const Notice& r) { return word_or_unset(r.cause); },
     "A word that tells the variants of a notice apart."},
    {"address_id", kCount, [](const Notice& r) { return count_or_unset(r.address_id); },
     "Address ID in question."},
    {"address", kAddr, [](const Notice& r) { return value_or_unset(r.address); }, "Address in question."},
    {"count", kCount, [](const Notice& r) { return value_or_unset(r.count); },
     "How many there were of what it tells."},
    {"top_sources", kVectorOfString,
     [](const Notice& r) -> LogValue {
       if (r.top_sources.empty()) return Unset{};
       return &r.top_sources;
     },
     "The sources with the largest share. Zeek: `address=count`, joined by commas; JSON: an array of objects "
     "with "
     "`address` and `count`."},
    {"conn_uid", kString, [](const Notice& r) { return uid_of(r.connection); },
     "Name of the connection, unique across runs and sensors."},
};

constexpr Column<EventReport> kEventColumns[] = {
    {"ts", kTime, [](const EventReport& r) -> LogValue { return TimeNs{r.time_ns}; },
     "Packet time of the segment."},
    {"event", kString, [](const EventReport& r) { return word_or_unset(r.event); }, "Type of the event."},
    {"MP_ID", kCount, [](const EventReport& r) { return mp_id_of(r.connection); },
     "Number of the connection; unset where it is not known."},
    {"orig_h", kAddr, [](const EventReport& r) -> LogValue { return r.tuple.opener.address; },
     "Address that opened the subflow."},
    {"orig_p", kPort, [](const EventReport& r) -> LogValue { return PortNumber{r.tuple.opener.port}; },
     "Its port."},
    {"resp_h", kAddr, [](const EventReport& r) -> LogValue { return r.tuple.acceptor.address; },
     "Address that accepted it."},
    {"resp_p", kPort, [](const EventReport& r) -> LogValue { return PortNumber{r.tuple.acceptor.port}; },
     "Its port."},
    {"is_orig", kBool, [](const EventReport& r) -> LogValue { return r.from_opener; },
     "T where the opener of the subflow sent it."},
    {"subtype", kCount, [](const EventReport& r) { return count_or_unset(r.subtype); },
     "Subtype of the option."},
    {"length", kCount, [](const EventReport& r) { return count_or_unset(r.length); },
     "Length of the option in bytes, kind and length bytes included."},
    {"version", kCount, [](const EventReport& r) { return count_or_unset(r.version); }, "MPTCP version."},
    {"flags", kCount, [](const EventReport& r) { return count_or_unset(r.flags); },
     "Flags of the option, as a number."},
    {"address_id", kCount, [](const EventReport& r) { return count_or_unset(r.address_id); }, "Address ID."},
    {"address", kAddr, [](const EventReport& r) { return value_or_unset(r.address); }, "Address advertised."},
    {"port", kPort,
     [](const EventReport& r) -> LogValue {
       if (!r.port) return Unset{};
       return PortNumber{*r.port};
     },
     "Port advertised."},
    {"backup", kBool, [](const EventReport& r) { return value_or_unset(r.backup); }, "Backup flag."},
    {"echo", kBool, [](const EventReport& r) { return value_or_unset(r.echo); }, "Echo flag of ADD_ADDR."},
    {"token", kString, [](const EventReport& r) { return value_or_unset(r.token); }, "Token, 8 hex digits."},
    {"nonce", kCount, [](const EventReport& r) { return count_or_unset(r.nonce); },
     "Random number of MP_JOIN."},
    {"data_ack", kCount, [](const EventReport& r) { return value_or_unset(r.data_ack); }, "Data ACK."},
    {"dsn", kCount, [](const EventReport& r) { return value_or_unset(r.dsn); }, "Data sequence number."},
    {"ssn", kCount, [](const EventReport& r) { return count_or_unset(r.ssn); },
     "Subflow sequence number, relative."},
    {"data_len", kCount, [](const EventReport& r) { return count_or_unset(r.data_len); },
     "Data-level length; 0 is an infinite mapping."},
    {"reason", kCount, [](const EventReport& r) { return count_or_unset(r.reason); }, "Reason of MP_TCPRST."},
    {"detail", kString, [](const EventReport& r) { return word_or_unset(r.detail); },
     "What the other columns do not say: how something closed, the name of an error, the evidence."},
    {"conn_uid", kString, [](const EventReport& r) { return uid_of(r.connection); },
     "Name of the connection, unique across runs and sensors."},
};

}  // namespace

const char* path_of(LogKind kind) {
  switch (kind) {
    case LogKind::kSubflow:
      return "mptcp_subflow";
    case LogKind::kConnection:
      return "mptcp_conn";
    case LogKind::kNotice:
      return "notice";
    case LogKind::kEvent:
      return "mptcp_event";
  }
  return "";
}

template <>
std::span<const Column<SubflowReport>> columns_of<SubflowReport>() {
  return kSubflowColumns;
}
template <>
std::span<const Column<ConnectionReport>> columns_of<ConnectionReport>() {
  return kConnectionColumns;
}
template <>
std::span<const Column<Notice>> columns_of<Notice>() {
  return kNoticeColumns;
}
template <>
std::span<const Column<EventReport>> columns_of<EventReport>() {
  return kEventColumns;
}

}  // namespace mptap

#include "daemon/export/log_columns.h"

namespace mptap {
namespace {

using namespace columns;

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
    {"community_id", kString, [](const SubflowReport& r) -> LogValue { return CommunityIdOf{&r.tuple}; },
     "Community ID of the 4-tuple, version 1, seed 0."},
    {"handshake_rtt", kInterval, [](const SubflowReport& r) { return interval_or_unset(r.handshake_rtt_ns); },
     "From the SYN to the third ACK, as the tap saw them: a whole round trip; unset where a SYN was repeated."},
    {"acceptor_rtt", kInterval, [](const SubflowReport& r) { return interval_or_unset(r.acceptor_rtt_ns); },
     "Of that, from the SYN to the SYN/ACK: the part between the tap and the acceptor."},
    {"priority_changes", kVectorOfString, [](const SubflowReport& r) { return list_or_unset(r.priority_changes); },
     "MP_PRIO about this subflow: seconds since its start, who sent it, and what it made of the path; the first 16."},
    {"backup_at_end", kBool, [](const SubflowReport& r) -> LogValue { return r.backup_at_end; },
     "Whether it was a backup path at last."},
    {"nat", kBool, [](const SubflowReport& r) -> LogValue { return r.nat; },
     "Whether its opener's address ID was advertised with another address: a NAT stands between."},
    {"unverified", kString, [](const SubflowReport& r) { return word_or_unset(name_of(r.unverified)); },
     "Why an HMAC of a join is not verified: `keys_unseen`, `handshake_unseen`, `keys_unconfirmed`, `budget`."},
    {"fallback", kString, [](const SubflowReport& r) { return word_or_unset(name_of(r.fallback)); },
     "Denied ones: `no_option`, `stripped` (its acceptor spoke MPTCP before), `mirrored`, `blackhole`, `version`."},
    {"reset_reason", kCount, [](const SubflowReport& r) { return count_or_unset(r.reset_reason); },
     "Reason of MP_TCPRST on the RST that ended it."},
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
     "Token of the initiator, 8 hex digits; unset where its key was not seen, or the budget of proofs was spent."},
    {"token_resp", kString, [](const ConnectionReport& r) { return value_or_unset(r.responder_token); },
     "Token of the responder, 8 hex digits; unset where its key was not seen, or the budget of proofs was spent."},
    {"subflows", kCount, [](const ConnectionReport& r) -> LogValue { return std::uint64_t{r.subflows}; },
     "Subflows it had, established or partial ones; joins whose HMAC was wrong, or whose opener never went on, do not "
     "count."},
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
    {"conn_uid", kString, [](const ConnectionReport& r) -> LogValue { return r.name; },
     "Name of the connection, unique across runs and sensors."},
    {"fallback", kString, [](const ConnectionReport& r) { return word_or_unset(name_of(r.fallback)); },
     "Why it went on as plain TCP: `no_dss` (stripped after the handshake), `infinite_mapping`, `mp_fail`."},
    {"reset_reason", kCount, [](const ConnectionReport& r) { return count_or_unset(r.reset_reason); },
     "Reason of MP_TCPRST on the RST that ended its last subflow."},
    {"orig_address_list", kVectorOfString,
     [](const ConnectionReport& r) { return list_or_unset(r.initiator_address_list); },
     "The initiator's addresses by ID, and whether they were advertised, used and removed."},
    {"resp_address_list", kVectorOfString,
     [](const ConnectionReport& r) { return list_or_unset(r.responder_address_list); },
     "The same of the responder."},
    {"nat", kBool, [](const ConnectionReport& r) -> LogValue { return r.nat; }, "Whether NAT was seen on a subflow."},
    {"orig_reinjected_bytes", kCount,
     [](const ConnectionReport& r) { return value_or_unset(r.initiator_reinjected_bytes); },
     "Bytes of the initiator that more than one subflow mapped: what all mapped beyond the advance of the data, and no "
     "more than all but one subflow mapped; unset where some was not seen."},
    {"resp_reinjected_bytes", kCount,
     [](const ConnectionReport& r) { return value_or_unset(r.responder_reinjected_bytes); },
     "The same of the responder."},
    {"orig_acked_bytes", kCount, [](const ConnectionReport& r) { return value_or_unset(r.initiator_acked_bytes); },
     "Bytes of the initiator that the responder's data ACKs acknowledge; unset where its key was not seen."},
    {"resp_acked_bytes", kCount, [](const ConnectionReport& r) { return value_or_unset(r.responder_acked_bytes); },
     "The same of the responder."},
    {"community_id", kString, [](const ConnectionReport& r) -> LogValue { return CommunityIdOf{&r.tuple}; },
     "Community ID (version 1, seed 0) of the initial subflow."},
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

}  // namespace mptap

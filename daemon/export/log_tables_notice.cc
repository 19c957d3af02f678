// The columns of notice.log and mptcp_event.log.
#include "daemon/export/log_columns.h"

namespace mptap {
namespace {

using namespace columns;

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
    {"known_count", kCount, [](const Notice& r) { return value_or_unset(r.known_count); },
     "join_flood: of `count`, the joins with a token in use."},
    {"packet", kString,
     [](const Notice& r) -> LogValue {
       if (r.packet.empty()) return Unset{};
       return Base64{r.packet};
     },
     "The frame that raised it up to the end of its TCP header, keys blanked, in base64; where `notices.packet` asks for it."},
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
    {"transient", kBool, [](const EventReport& r) { return value_or_unset(r.transient); },
     "Flag T of MP_TCPRST."},
    {"checksum", kCount, [](const EventReport& r) { return count_or_unset(r.checksum); }, "Checksum of the mapping."},
    {"payload_bytes", kCount, [](const EventReport& r) { return count_or_unset(r.payload_bytes); },
     "TCP payload of the segment."},
    {"step", kString, [](const EventReport& r) { return step_or_unset(r.step); },
     "Part of the handshake: `syn`, `syn_ack`, `ack`."},
    {"hmac", kString, [](const EventReport& r) { return word_or_unset(r.hmac); },
     "HMAC as on the wire, hex digits."},
    {"proof", kString, [](const EventReport& r) { return proof_or_unset(r.proof); },
     "What the keys say of it: `valid`, `invalid`, `unverified`."},
    {"detail", kString, [](const EventReport& r) { return word_or_unset(r.detail); },
     "What the other columns do not say: how something closed, the name of an error, the evidence."},
    {"conn_uid", kString, [](const EventReport& r) { return uid_of(r.connection); },
     "Name of the connection, unique across runs and sensors."},
    {"ipver", kCount, [](const EventReport& r) { return count_or_unset(r.ip_version); },
     "IP version of the address advertised, 4 or 6."},
};

}  // namespace

template <>
std::span<const Column<Notice>> columns_of<Notice>() {
  return kNoticeColumns;
}
template <>
std::span<const Column<EventReport>> columns_of<EventReport>() {
  return kEventColumns;
}

}  // namespace mptap

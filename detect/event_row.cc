#include "detect/event_row.h"

namespace mptap {
namespace {

template <std::size_t kSize>
std::string hex(const std::array<std::uint8_t, kSize>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

/// RFC 8684 section 3.3: what its flags and its checksum make of the option's length.
std::uint8_t length_of(const DssBody& dss) {
  unsigned length = 4;
  if ((dss.flags & DssOption::kDataAck) != 0) length += (dss.flags & DssOption::kDataAck8) != 0 ? 8 : 4;
  if ((dss.flags & DssOption::kMapping) != 0) length += ((dss.flags & DssOption::kDsn8) != 0 ? 8u : 4u) + 4 + 2;
  return static_cast<std::uint8_t>(length + (dss.has_checksum ? 2 : 0));
}

void fill_dss(EventReport& row, const DssBody& dss) {
  row.length = length_of(dss);
  row.flags = dss.flags;
  row.payload_bytes = dss.payload_bytes;
  if (dss.has_checksum) row.checksum = dss.checksum;
  if ((dss.flags & DssOption::kDataAck) != 0) row.data_ack = dss.data_ack;
  if ((dss.flags & DssOption::kMapping) != 0) {
    row.dsn = dss.dsn;
    row.ssn = dss.ssn;
    row.data_len = dss.data_len;
  }
}

void fill_handshake(EventReport& row, Subtype subtype, HandshakeStep step) {
  row.subtype = static_cast<std::uint8_t>(subtype);
  row.step = step;
}

const char* fill_syn(EventReport& row, const SynOption& syn) {
  if (syn.offer == Offer::kNone) return nullptr;
  row.flags = syn.flags;
  if (syn.offer == Offer::kCapable) {
    fill_handshake(row, Subtype::kCapable, HandshakeStep::kSyn);
    row.version = syn.version;
    row.length = syn.version == 0 ? option_length::kCapableKey : option_length::kCapableSynV1;
    return "mp_capable";
  }
  fill_handshake(row, Subtype::kJoin, HandshakeStep::kSyn);
  row.length = option_length::kJoinSyn;
  row.token = syn.token();
  row.nonce = syn.nonce();
  row.address_id = syn.address_id;
  row.backup = syn.flags != 0;
  return "mp_join";
}

const char* fill_syn_ack(EventReport& row, const SynAckBody& answer, const Subflow& subflow) {
  row.flags = answer.flags;
  if (answer.offer == Offer::kCapable) {
    fill_handshake(row, Subtype::kCapable, HandshakeStep::kSynAck);
    row.version = answer.version;
    row.length = option_length::kCapableKey;
    return "mp_capable";
  }
  if (answer.offer != Offer::kJoin) return nullptr;
  fill_handshake(row, Subtype::kJoin, HandshakeStep::kSynAck);
  row.length = option_length::kJoinSynAck;
  row.nonce = answer.nonce;
  row.address_id = answer.address_id;
  row.backup = answer.flags != 0;
  row.hmac = hex(answer.hmac);
  row.proof = subflow.hmac_synack;
  return "mp_join";
}

const char* fill_capable_ack(EventReport& row, const CapableAckBody& ack) {
  fill_handshake(row, Subtype::kCapable, HandshakeStep::kAck);
  row.version = ack.version;
  row.length = ack.has_checksum   ? option_length::kCapableDataChecksum
               : ack.has_data_len ? option_length::kCapableData
                                  : option_length::kCapableBothKeys;
  row.flags = ack.flags;
  if (ack.has_data_len) row.data_len = ack.data_len;
  if (ack.has_checksum) row.checksum = ack.checksum;
  return "mp_capable";
}

const char* fill_add_addr(EventReport& row, const AddAddrBody& add, const Subflow& subflow) {
  row.subtype = static_cast<std::uint8_t>(Subtype::kAddAddr);
  row.version = add.version;
  row.address_id = add.address_id;
  row.address = add.address;
  if (add.has_port) row.port = add.port;
  row.echo = add.echo;
  row.ip_version = add.address.is_v4() ? 4 : 6;
  row.length = static_cast<std::uint8_t>((add.address.is_v4() ? 8 : 20) + (add.has_port ? 2 : 0) + (add.has_hmac ? 8 : 0));
  if (add.has_hmac) {
    row.hmac = hex(add.hmac);
    row.proof = subflow.address_proof;
    row.detail = subflow.extra.read().address_form;
  }
  return "mp_add_addr";
}

}  // namespace

const char* fill_option(EventReport& row, const Record& record, const Subflow& subflow) {
  const auto plain = [&row](Subtype subtype) {
    row.subtype = static_cast<std::uint8_t>(subtype);
    return mptap::name_of(subtype);
  };
  switch (record.kind) {
    case RecordKind::kOpened: return fill_syn(row, record.opened.syn);
    case RecordKind::kSynAck: return fill_syn_ack(row, record.syn_ack, subflow);
    case RecordKind::kCapableAck: return fill_capable_ack(row, record.capable_ack);
    case RecordKind::kJoinAck:
      fill_handshake(row, Subtype::kJoin, HandshakeStep::kAck);
      row.length = option_length::kJoinAck;
      row.hmac = hex(record.join_ack.hmac);
      row.proof = subflow.hmac_ack;
      return "mp_join";
    case RecordKind::kDss: fill_dss(row, record.dss); return plain(Subtype::kDss);
    case RecordKind::kAddAddr: return fill_add_addr(row, record.add_addr, subflow);
    case RecordKind::kPrio:
      row.flags = record.prio.backup ? 1 : 0;
      row.backup = record.prio.backup;
      row.length = record.prio.has_address_id ? 4 : 3;
      if (record.prio.has_address_id) row.address_id = record.prio.address_id;
      return plain(Subtype::kPrio);
    case RecordKind::kFail:
      row.dsn = record.fail.dsn;
      row.length = option_length::kFail;
      return plain(Subtype::kFail);
    case RecordKind::kFastClose: row.length = option_length::kFastClose; return plain(Subtype::kFastClose);
    case RecordKind::kReset:
      if (!record.reset.has_reason) return nullptr;
      row.length = option_length::kTcpRst;
      row.reason = record.reset.reason;
      row.transient = record.reset.transient;
      return plain(Subtype::kTcpRst);
    case RecordKind::kMalformed:
      row.subtype = record.malformed.subtype;
      row.length = record.malformed.length;
      row.detail = label_of(record.malformed.error);
      return "mp_error";
    case RecordKind::kOption:
      row.subtype = record.malformed.subtype;
      row.length = record.malformed.length;
      return "mptcp";
    default: return nullptr;
  }
}

}  // namespace mptap

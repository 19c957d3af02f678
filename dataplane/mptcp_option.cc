#include "dataplane/mptcp_option.h"

#include <algorithm>

namespace mptap {
namespace {

namespace len = option_length;

HandshakeStep step_of(std::uint8_t tcp_flags) {
  if ((tcp_flags & tcp_flag::kSyn) == 0) return HandshakeStep::kAck;
  return (tcp_flags & tcp_flag::kAck) != 0 ? HandshakeStep::kSynAck : HandshakeStep::kSyn;
}

OptionError decode_capable(const Cursor& wire, std::uint8_t tcp_flags, CapableOption& out) {
  out = CapableOption{};
  out.step = step_of(tcp_flags);
  out.version = wire.u8(2) & 0x0f;
  const std::size_t size = wire.size();
  if (out.version > 1) return OptionError::kVersion;
  const bool mirrored = size == len::kCapableSynV1 && out.step == HandshakeStep::kSynAck;
  const bool v1_only = size == len::kCapableSynV1 || size == len::kCapableData || size == len::kCapableDataChecksum;
  const bool both_versions = size == len::kCapableKey || size == len::kCapableBothKeys;
  if (!both_versions && !mirrored && !(v1_only && out.version == 1)) return OptionError::kLength;
  const std::size_t syn_size = out.version == 0 ? len::kCapableKey : len::kCapableSynV1;
  const bool fits = out.step == HandshakeStep::kSyn      ? size == syn_size
                    : out.step == HandshakeStep::kSynAck ? size <= len::kCapableKey
                                                         : size >= len::kCapableBothKeys;
  if (!fits) return OptionError::kTcpFlags;
  out.flags = wire.u8(3);
  out.mirrored = mirrored;
  out.has_sender_key = size >= len::kCapableKey;
  out.has_receiver_key = size >= len::kCapableBothKeys;
  out.has_data_len = size >= len::kCapableData;
  out.has_checksum = size == len::kCapableDataChecksum;
  if (out.has_sender_key) out.sender_key = Key{wire.u64(4)};
  if (out.has_receiver_key) out.receiver_key = Key{wire.u64(12)};
  if (out.has_data_len) out.data_len = wire.u16(20);
  if (out.has_checksum) out.checksum = wire.u16(22);
  return OptionError::kOk;
}

OptionError decode_join(const Cursor& wire, std::uint8_t tcp_flags, JoinOption& out) {
  out = JoinOption{};
  out.step = step_of(tcp_flags);
  const std::size_t size = wire.size();
  if (size != len::kJoinSyn && size != len::kJoinSynAck && size != len::kJoinAck) return OptionError::kLength;
  switch (out.step) {
    case HandshakeStep::kSyn:
      if (size != len::kJoinSyn) return OptionError::kTcpFlags;
      out.token = Token{wire.u32(4)};
      out.nonce = wire.u32(8);
      break;
    case HandshakeStep::kSynAck:
      if (size != len::kJoinSynAck) return OptionError::kTcpFlags;
      std::copy_n(wire.at(4), 8, out.hmac.begin());
      out.nonce = wire.u32(12);
      break;
    case HandshakeStep::kAck:
      if (size != len::kJoinAck) return OptionError::kTcpFlags;
      std::copy_n(wire.at(4), 20, out.hmac.begin());
      return OptionError::kOk;
  }
  out.backup = (wire.u8(2) & 0x01) != 0;
  out.address_id = AddressId{wire.u8(3)};
  return OptionError::kOk;
}

OptionError decode_dss(const Cursor& wire, DssOption& out) {
  out = DssOption{};
  if (wire.size() < 4) return OptionError::kLength;
  out.flags = wire.u8(3);
  const std::size_t ack_size = !out.has(DssOption::kDataAck) ? 0 : out.has(DssOption::kDataAck8) ? 8 : 4;
  const std::size_t dsn_size = !out.has(DssOption::kMapping) ? 0 : out.has(DssOption::kDsn8) ? 8 : 4;
  const std::size_t plain = 4 + ack_size + (dsn_size == 0 ? 0 : dsn_size + 6);
  out.has_checksum = dsn_size != 0 && wire.size() == plain + 2;
  if (wire.size() != plain && !out.has_checksum) return OptionError::kDssFlags;
  if (ack_size != 0) out.data_ack = ack_size == 8 ? wire.u64(4) : wire.u32(4);
  if (dsn_size != 0) {
    const std::size_t mapping = 4 + ack_size;
    out.dsn = dsn_size == 8 ? wire.u64(mapping) : wire.u32(mapping);
    out.ssn = wire.u32(mapping + dsn_size);
    out.data_len = wire.u16(mapping + dsn_size + 4);
    if (out.has_checksum) out.checksum = wire.u16(mapping + dsn_size + 6);
  }
  return OptionError::kOk;
}

OptionError decode_add_addr(const Cursor& wire, AddAddrOption& out) {
  out = AddAddrOption{};
  const std::size_t size = wire.size();
  const bool v6 = size >= len::kAddAddrV6;
  const std::size_t base = v6 ? len::kAddAddrV6 : len::kAddAddrV4;
  if (size < base) return OptionError::kLength;
  const std::size_t extra = size - base;
  if (extra != 0 && extra != 2 && extra != 8 && extra != 10) return OptionError::kLength;
  out.has_port = extra == 2 || extra == 10;
  out.has_hmac = extra >= 8;
  const std::uint8_t nibble = wire.u8(2) & 0x0f;
  if (nibble == 4 || nibble == 6) {  // RFC 6824 3.4.1: the nibble is the IP version
    out.version = 0;
    if (out.has_hmac) return OptionError::kLength;
    if (v6 != (nibble == 6)) return OptionError::kIpVersion;
  } else {  // RFC 8684 3.4.1: three reserved bits and the echo bit
    out.version = 1;
    out.echo = (nibble & 0x01) != 0;
    if (out.echo == out.has_hmac) return OptionError::kIpVersion;
  }
  out.address_id = AddressId{wire.u8(3)};
  out.address = v6 ? IpAddress::from_v6(wire.at(4)) : IpAddress::from_v4(wire.at(4));
  if (v6 && out.address.is_v4()) return OptionError::kIpVersion;  // never on the wire (see types.h)
  const std::size_t after_address = v6 ? 20 : 8;
  if (out.has_port) out.port = wire.u16(after_address);
  if (out.has_hmac) std::copy_n(wire.at(size - 8), 8, out.hmac.begin());
  return OptionError::kOk;
}

OptionError decode_remove_addr(const Cursor& wire, RemoveAddrOption& out) {
  out = RemoveAddrOption{};
  if (wire.size() < len::kRemoveAddrMin || wire.size() - 3 > out.address_ids.size()) return OptionError::kLength;
  out.count = static_cast<std::uint8_t>(wire.size() - 3);
  std::copy_n(wire.at(3), out.count, out.address_ids.begin());
  return OptionError::kOk;
}

OptionError decode_prio(const Cursor& wire, PrioOption& out) {
  out = PrioOption{};
  if (wire.size() != len::kPrio && wire.size() != len::kPrioAddressId) return OptionError::kLength;
  out.backup = (wire.u8(2) & 0x01) != 0;
  out.has_address_id = wire.size() == len::kPrioAddressId;
  if (out.has_address_id) out.address_id = AddressId{wire.u8(3)};
  return OptionError::kOk;
}

OptionError decode_fail(const Cursor& wire, FailOption& out) {
  if (wire.size() != len::kFail) return OptionError::kLength;
  out.dsn = wire.u64(4);
  return OptionError::kOk;
}

OptionError decode_fast_close(const Cursor& wire, FastCloseOption& out) {
  if (wire.size() != len::kFastClose) return OptionError::kLength;
  out.receiver_key = Key{wire.u64(4)};
  return OptionError::kOk;
}

OptionError decode_tcp_rst(const Cursor& wire, std::uint8_t tcp_flags, TcpRstOption& out) {
  if (wire.size() != len::kTcpRst) return OptionError::kLength;
  if ((tcp_flags & tcp_flag::kRst) == 0) return OptionError::kTcpFlags;
  out.transient = (wire.u8(2) & 0x01) != 0;
  out.reason = wire.u8(3);
  return OptionError::kOk;
}

/// Whether a well-formed option has a bit set that its RFC tells senders to leave 0.
bool has_reserved_bits(const Cursor& wire, const MptcpOption& option) {
  const std::uint8_t low = wire.u8(2) & 0x0f;
  switch (option.subtype) {
    case Subtype::kCapable: return (option.capable.flags & CapableOption::kExtensibility) != 0;
    case Subtype::kJoin:
      // Some hosts repeat the backup bit on the ACK, where it is reserved.
      return (low & 0x0e) != 0 || (option.join.step == HandshakeStep::kAck && wire.u8(3) != 0);
    case Subtype::kDss: return low != 0 || (option.dss.flags & 0xe0) != 0;
    case Subtype::kAddAddr: return option.add_addr.version == 1 && (low & 0x0e) != 0;
    case Subtype::kRemoveAddr: return low != 0;
    case Subtype::kPrio: return (low & 0x0e) != 0;
    case Subtype::kFail:
    case Subtype::kFastClose: return low != 0 || wire.u8(3) != 0;
    case Subtype::kTcpRst: return (low & 0x0e) != 0;
    case Subtype::kExperimental: return false;
  }
  return false;
}

OptionError decode_by_subtype(const Cursor& wire, std::uint8_t tcp_flags, MptcpOption& out) {
  switch (out.subtype) {
    case Subtype::kCapable: return wire.size() < 4 ? OptionError::kLength : decode_capable(wire, tcp_flags, out.capable);
    case Subtype::kJoin: return decode_join(wire, tcp_flags, out.join);
    case Subtype::kDss: return decode_dss(wire, out.dss);
    case Subtype::kAddAddr: return decode_add_addr(wire, out.add_addr);
    case Subtype::kRemoveAddr: return decode_remove_addr(wire, out.remove_addr);
    case Subtype::kPrio: return decode_prio(wire, out.prio);
    case Subtype::kFail: return decode_fail(wire, out.fail);
    case Subtype::kFastClose: return decode_fast_close(wire, out.fast_close);
    case Subtype::kTcpRst: return decode_tcp_rst(wire, tcp_flags, out.tcp_rst);
    case Subtype::kExperimental: return OptionError::kOk;
  }
  return OptionError::kSubtype;
}

}  // namespace

OptionError decode_mptcp_option(Bytes option, std::uint8_t tcp_flags, MptcpOption& out) noexcept {
  out.length = static_cast<std::uint8_t>(option.size());
  if (option.size() < 3) return OptionError::kLength;
  const Cursor wire(option);
  out.subtype = static_cast<Subtype>(wire.u8(2) >> 4);
  const OptionError error = decode_by_subtype(wire, tcp_flags, out);
  if (error == OptionError::kOk) out.reserved_bits = has_reserved_bits(wire, out);
  return error;
}

const char* label_of(OptionError error) {
  static constexpr const char* kLabels[] = {
#define X(name, label, sentence) label,
      MPTAP_OPTION_ERRORS(X)
#undef X
  };
  return kLabels[static_cast<std::size_t>(error)];
}

const char* sentence_of(OptionError error) {
  static constexpr const char* kSentences[] = {
#define X(name, label, sentence) sentence,
      MPTAP_OPTION_ERRORS(X)
#undef X
  };
  return kSentences[static_cast<std::size_t>(error)];
}

const char* name_of(Subtype subtype) {
  switch (subtype) {
    case Subtype::kCapable: return "mp_capable";
    case Subtype::kJoin: return "mp_join";
    case Subtype::kDss: return "mp_dss";
    case Subtype::kAddAddr: return "mp_add_addr";
    case Subtype::kRemoveAddr: return "mp_remove_addr";
    case Subtype::kPrio: return "mp_prio";
    case Subtype::kFail: return "mp_fail";
    case Subtype::kFastClose: return "mp_fastclose";
    case Subtype::kTcpRst: return "mp_tcprst";
    case Subtype::kExperimental: return "mp_experimental";
  }
  return "unassigned";
}

}  // namespace mptap

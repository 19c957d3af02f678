#include "tests/support/mptcp_encode.h"

namespace mptap::testing {
namespace {

/// Kind, a length byte to be filled in by `close`, subtype and low nibble.
ByteWriter begin(Subtype subtype, unsigned low_nibble) {
  ByteWriter out;
  out.u8(kMptcpKind).u8(0).u8((static_cast<unsigned>(subtype) << 4) | (low_nibble & 0x0f));
  return out;
}

Bytes close(ByteWriter& out) {
  Bytes option = out.take();
  option.at(1) = static_cast<std::uint8_t>(option.size());
  return option;
}

}  // namespace

Bytes encode_mp_capable(const MpCapable& fields) {
  ByteWriter out = begin(Subtype::kMpCapable, static_cast<unsigned>(fields.version));
  out.u8((fields.checksum_required ? 0x80U : 0U) | (fields.extensible ? 0x40U : 0U) |
         (fields.no_initial_address ? 0x20U : 0U) | (fields.hmac_algorithm ? 0x01U : 0U));
  if (fields.sender_key) out.u64(*fields.sender_key);
  if (fields.receiver_key) out.u64(*fields.receiver_key);
  if (fields.data_len) out.u16(*fields.data_len);
  if (fields.data_checksum) out.u16(*fields.data_checksum);
  return close(out);
}

Bytes encode_mp_join_syn(std::uint8_t address_id, Token token, std::uint32_t opener_nonce, bool backup) {
  ByteWriter out = begin(Subtype::kMpJoin, backup ? 1 : 0);
  out.u8(address_id).u32(token).u32(opener_nonce);
  return close(out);
}

Bytes encode_mp_join_synack(std::uint8_t address_id, std::uint64_t hmac, std::uint32_t acceptor_nonce,
                            bool backup) {
  ByteWriter out = begin(Subtype::kMpJoin, backup ? 1 : 0);
  out.u8(address_id).u64(hmac).u32(acceptor_nonce);
  return close(out);
}

Bytes encode_mp_join_ack(const std::array<std::uint8_t, 20>& hmac) {
  ByteWriter out = begin(Subtype::kMpJoin, 0);
  out.u8(0).append(hmac);
  return close(out);
}

Bytes encode_dss(const Dss& fields) {
  ByteWriter out = begin(Subtype::kDss, 0);
  unsigned flags = fields.data_fin ? 0x10 : 0;
  if (fields.mapping) flags |= 0x04U | (fields.dsn8 ? 0x08U : 0U);
  if (fields.data_ack) flags |= 0x01U | (fields.ack8 ? 0x02U : 0U);
  out.u8(flags);
  if (fields.data_ack) fields.ack8 ? out.u64(*fields.data_ack) : out.u32(*fields.data_ack);
  if (fields.mapping) {
    const DssMapping& mapping = *fields.mapping;
    fields.dsn8 ? out.u64(mapping.dsn) : out.u32(mapping.dsn);
    out.u32(mapping.ssn).u16(mapping.data_len);
    if (mapping.checksum) out.u16(*mapping.checksum);
  }
  return close(out);
}

std::uint16_t derive_dss_checksum(std::uint64_t dsn, std::uint32_t ssn, std::uint16_t data_len,
                                  std::span<const std::uint8_t> payload) {
  return InternetChecksum().add_u64(dsn).add_u32(ssn).add_u16(data_len).add(payload).value();
}

Bytes encode_add_addr(const AddAddr& fields) {
  const unsigned nibble = fields.version == 0 ? (fields.address.is_v6 ? 6U : 4U) : (fields.echo ? 1U : 0U);
  ByteWriter out = begin(Subtype::kAddAddr, nibble);
  out.u8(fields.address_id).append(fields.address.bytes());
  if (fields.port) out.u16(*fields.port);
  if (fields.addr_hmac) out.u64(*fields.addr_hmac);
  return close(out);
}

Bytes encode_remove_addr(std::span<const std::uint8_t> address_ids) {
  ByteWriter out = begin(Subtype::kRemoveAddr, 0);
  out.append(address_ids);
  return close(out);
}

Bytes encode_mp_prio(bool backup, std::optional<std::uint8_t> address_id) {
  ByteWriter out = begin(Subtype::kMpPrio, backup ? 1 : 0);
  if (address_id) out.u8(*address_id);
  return close(out);
}

Bytes encode_mp_fail(std::uint64_t dsn) {
  ByteWriter out = begin(Subtype::kMpFail, 0);
  out.u8(0).u64(dsn);
  return close(out);
}

Bytes encode_mp_fastclose(Key receiver_key) {
  ByteWriter out = begin(Subtype::kMpFastclose, 0);
  out.u8(0).u64(receiver_key);
  return close(out);
}

Bytes encode_mp_tcprst(std::uint8_t reason, bool transient) {
  ByteWriter out = begin(Subtype::kMpTcprst, transient ? 1 : 0);
  out.u8(reason);
  return close(out);
}

Bytes encode_mptcp_raw(std::uint8_t subtype, std::uint8_t low_nibble, std::span<const std::uint8_t> body,
                       std::optional<std::uint8_t> declared_length) {
  ByteWriter out = begin(static_cast<Subtype>(subtype), low_nibble);
  out.append(body);
  Bytes option = close(out);
  if (declared_length) option.at(1) = *declared_length;
  return option;
}

Bytes encode_nop(std::size_t count) { return Bytes(count, 1); }

Bytes encode_mss(std::uint16_t mss_bytes) { return ByteWriter().u8(2).u8(4).u16(mss_bytes).take(); }

Bytes encode_window_scale(std::uint8_t shift) { return ByteWriter().u8(3).u8(3).u8(shift).take(); }

Bytes encode_sack_permitted() { return ByteWriter().u8(4).u8(2).take(); }

Bytes encode_timestamps(std::uint32_t value, std::uint32_t echo_reply) {
  return ByteWriter().u8(8).u8(10).u32(value).u32(echo_reply).take();
}

}  // namespace mptap::testing

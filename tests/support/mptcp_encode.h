#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "tests/support/bytes.h"
#include "tests/support/ip_address.h"
#include "tests/support/mptcp_crypto.h"

namespace mptap::testing {

// Each encode_ function returns one whole TCP option, kind and length bytes included, ready for
// PacketBuilder::option. None of them judges: what is absurd but fits the struct is encoded as asked.
// Numbers are in host order. Sections are those of RFC 8684 unless v0 is named (RFC 6824).

inline constexpr std::uint8_t kMptcpKind = 30;

enum class Subtype : std::uint8_t {
  kMpCapable = 0,
  kMpJoin = 1,
  kDss = 2,
  kAddAddr = 3,
  kRemoveAddr = 4,
  kMpPrio = 5,
  kMpFail = 6,
  kMpFastclose = 7,
  kMpTcprst = 8,
  kExperimental = 15,
};

/// What an MP_CAPABLE carries; the fields that are set decide its length.
///
/// v0: 12 bytes with sender_key, 20 with both keys. v1: 4 with none, 12, 20, 22 with data_len, 24 with
/// data_checksum. Source: section 3.1.
struct MpCapable {
  int version = 1;
  bool checksum_required = false;   // flag A
  bool extensible = false;          // flag B, must be 0
  bool no_initial_address = false;  // flag C, v1
  bool hmac_algorithm = true;       // flag H: SHA-1 in v0, SHA-256 in v1
  std::optional<Key> sender_key{};
  std::optional<Key> receiver_key{};
  std::optional<std::uint16_t> data_len{};
  std::optional<std::uint16_t> data_checksum{};
};
Bytes encode_mp_capable(const MpCapable& fields);

/// MP_JOIN of a SYN, 12 bytes. Source: section 3.2.
Bytes encode_mp_join_syn(std::uint8_t address_id, Token token, std::uint32_t opener_nonce,
                         bool backup = false);
/// MP_JOIN of a SYN/ACK, 16 bytes: 64 bits of HMAC. Source: section 3.2.
Bytes encode_mp_join_synack(std::uint8_t address_id, std::uint64_t hmac, std::uint32_t acceptor_nonce,
                            bool backup = false);
/// MP_JOIN of the third ACK, 24 bytes: 160 bits of HMAC. Source: section 3.2.
Bytes encode_mp_join_ack(const std::array<std::uint8_t, 20>& hmac);

/// One DSS mapping: data_len bytes from `dsn` on are the subflow's bytes from relative number `ssn` on.
struct DssMapping {
  std::uint64_t dsn = 0;
  std::uint32_t ssn = 0;
  std::uint16_t data_len = 0;  // 0 is the infinite mapping; a DATA_FIN adds 1
  std::optional<std::uint16_t> checksum{};
};

/// What a DSS carries, in any of its shapes: 4 to 28 bytes. `dsn8` and `ack8` choose 8-byte forms;
/// the 4-byte forms carry the low half. Source: section 3.3.
struct Dss {
  std::optional<std::uint64_t> data_ack{};
  bool ack8 = false;
  std::optional<DssMapping> mapping{};
  bool dsn8 = false;
  bool data_fin = false;
};
Bytes encode_dss(const Dss& fields);

/// The DSS checksum over pseudo-header and the payload of the whole mapping. `data_len` counts a
/// DATA_FIN, which adds no byte of payload. Source: section 3.3.
std::uint16_t derive_dss_checksum(std::uint64_t dsn, std::uint32_t ssn, std::uint16_t data_len,
                                  std::span<const std::uint8_t> payload);

/// What an ADD_ADDR carries. v0: 8, 10, 20 or 22 bytes, IP version in the low nibble. v1: also with an
/// HMAC (16, 18, 28, 30), or an echo without. Source: section 3.4.1.
struct AddAddr {
  int version = 1;
  bool echo = false;  // v1 only
  std::uint8_t address_id = 0;
  IpAddress address{};
  std::optional<std::uint16_t> port{};
  std::optional<std::uint64_t> addr_hmac{};
};
Bytes encode_add_addr(const AddAddr& fields);

/// REMOVE_ADDR of any number of address IDs, 3 + n bytes. Source: section 3.4.2.
Bytes encode_remove_addr(std::span<const std::uint8_t> address_ids);

/// MP_PRIO, 3 bytes, or 4 with an address ID (v0). Source: section 3.3.8.
Bytes encode_mp_prio(bool backup, std::optional<std::uint8_t> address_id = std::nullopt);

/// MP_FAIL, 12 bytes. Source: section 3.7.
Bytes encode_mp_fail(std::uint64_t dsn);

/// MP_FASTCLOSE, 12 bytes, with the key of the host that receives it. Source: section 3.5.
Bytes encode_mp_fastclose(Key receiver_key);

/// MP_TCPRST, 4 bytes, for a RST. `reason` is 0..6 where assigned. Source: section 3.6.
Bytes encode_mp_tcprst(std::uint8_t reason, bool transient = false);

/// Any bytes under kind 30, right or wrong: subtype and low nibble, then `body`.
///
/// @param declared_length  The length byte; the true length where absent.
Bytes encode_mptcp_raw(std::uint8_t subtype, std::uint8_t low_nibble, std::span<const std::uint8_t> body,
                       std::optional<std::uint8_t> declared_length = std::nullopt);

// Ordinary TCP options. Source: RFC 9293 section 3.2, RFC 7323, RFC 2018.
Bytes encode_nop(std::size_t count = 1);
Bytes encode_mss(std::uint16_t mss_bytes);
Bytes encode_window_scale(std::uint8_t shift);
Bytes encode_sack_permitted();
Bytes encode_timestamps(std::uint32_t value, std::uint32_t echo_reply);

}  // namespace mptap::testing

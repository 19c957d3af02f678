// The MPTCP option (TCP kind 30) in host order, and the one function that decodes it.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/types.h"

namespace mptap {

/// Subtypes of RFC 8684 section 8.2 (IANA registry), v0 and v1 alike.
enum class Subtype : std::uint8_t {
  kCapable = 0,
  kJoin = 1,
  kDss = 2,
  kAddAddr = 3,
  kRemoveAddr = 4,
  kPrio = 5,
  kFail = 6,
  kFastClose = 7,
  kTcpRst = 8,
  kExperimental = 15,
};
constexpr std::size_t kSubtypes = 16;

/// Why an option cannot be what it says it is: one row each gives the enum, the counter's label and the
/// sentence, so that none can be forgotten.
#define MPTAP_OPTION_ERRORS(X)                                                                          \
  X(Ok, "ok", "the option is well formed")                                                              \
  X(Length, "length", "no shape of this subtype has this length")                                       \
  X(Version, "version", "the MPTCP version is neither 0 nor 1")                                         \
  X(Subtype, "subtype", "the subtype is not assigned")                                                  \
  X(TcpFlags, "tcp_flags", "this shape contradicts the SYN, ACK or RST flag of its segment")            \
  X(DssFlags, "dss_flags", "the length contradicts the flags inside the DSS option")                    \
  X(IpVersion, "ip_version", "the address length contradicts the IP version or echo flag of ADD_ADDR") \
  X(OptionList, "option_list", "an option's length byte is missing, too small, or runs past the header")

enum class OptionError : std::uint8_t {
#define X(name, label, sentence) k##name,
  MPTAP_OPTION_ERRORS(X)
#undef X
      kCount
};
constexpr std::size_t kOptionErrors = static_cast<std::size_t>(OptionError::kCount);
[[nodiscard]] const char* label_of(OptionError error);
[[nodiscard]] const char* sentence_of(OptionError error);
[[nodiscard]] const char* name_of(Subtype subtype);

/// Legal lengths, kind and length bytes included.
namespace option_length {
constexpr std::uint8_t kCapableSynV1 = 4;           // RFC 8684 3.1; on a SYN/ACK a mirrored option
constexpr std::uint8_t kCapableKey = 12;            // RFC 6824 3.1 SYN and SYN/ACK; RFC 8684 3.1 SYN/ACK
constexpr std::uint8_t kCapableBothKeys = 20;       // third ACK, both versions
constexpr std::uint8_t kCapableData = 22;           // RFC 8684 3.1, first data
constexpr std::uint8_t kCapableDataChecksum = 24;   // the same with a checksum
constexpr std::uint8_t kJoinSyn = 12;               // RFC 8684 3.2
constexpr std::uint8_t kJoinSynAck = 16;            // RFC 8684 3.2
constexpr std::uint8_t kJoinAck = 24;               // RFC 8684 3.2
constexpr std::uint8_t kAddAddrV4 = 8;              // RFC 8684 3.4.1; + 2 port, + 8 HMAC
constexpr std::uint8_t kAddAddrV6 = 20;             // RFC 8684 3.4.1; + 2 port, + 8 HMAC
constexpr std::uint8_t kRemoveAddrMin = 4;          // RFC 8684 3.4.2: 3 + n, n at least 1
constexpr std::uint8_t kPrio = 3;                   // RFC 8684 3.3.8
constexpr std::uint8_t kPrioAddressId = 4;          // RFC 6824 3.3.8
constexpr std::uint8_t kFail = 12;                  // RFC 8684 3.7
constexpr std::uint8_t kFastClose = 12;             // RFC 8684 3.5
constexpr std::uint8_t kTcpRst = 4;                 // RFC 8684 3.6
}  // namespace option_length

/// TCP flag bits (RFC 9293 section 3.1).
namespace tcp_flag {
constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kPsh = 0x08;
constexpr std::uint8_t kAck = 0x10;
}  // namespace tcp_flag

enum class HandshakeStep : std::uint8_t { kSyn, kSynAck, kAck };

/// MP_CAPABLE (RFC 8684 section 3.1, RFC 6824 section 3.1).
struct CapableOption {
  HandshakeStep step;
  std::uint8_t version;
  std::uint8_t flags;  // kChecksumRequired ...
  bool mirrored;       // 4 bytes on a SYN/ACK: the SYN's own option echoed by a middlebox
  bool has_sender_key;
  bool has_receiver_key;
  bool has_data_len;
  bool has_checksum;
  std::uint16_t data_len;
  std::uint16_t checksum;
  Key sender_key;
  Key receiver_key;

  static constexpr std::uint8_t kChecksumRequired = 0x80;  // A
  static constexpr std::uint8_t kExtensibility = 0x40;     // B, must be 0
  static constexpr std::uint8_t kNoJoinInitial = 0x20;     // C (v1)
  static constexpr std::uint8_t kHmacAlgorithm = 0x01;     // H
};

/// MP_JOIN (RFC 8684 section 3.2).
struct JoinOption {
  HandshakeStep step;
  bool backup;           // SYN, SYN/ACK
  AddressId address_id;  // SYN, SYN/ACK
  Token token;           // SYN
  std::uint32_t nonce;   // SYN, SYN/ACK
  std::array<std::uint8_t, 20> hmac;  // SYN/ACK: the first 8; ACK: all
};

/// DSS (RFC 8684 section 3.3).
struct DssOption {
  std::uint8_t flags;
  bool has_checksum;
  std::uint16_t data_len;
  std::uint16_t checksum;
  std::uint32_t ssn;
  std::uint64_t data_ack;  // 4-byte form: the low half
  std::uint64_t dsn;       // 4-byte form: the low half

  static constexpr std::uint8_t kDataFin = 0x10;     // F
  static constexpr std::uint8_t kDsn8 = 0x08;        // m
  static constexpr std::uint8_t kMapping = 0x04;     // M
  static constexpr std::uint8_t kDataAck8 = 0x02;    // a
  static constexpr std::uint8_t kDataAck = 0x01;     // A

  [[nodiscard]] bool has(std::uint8_t bit) const { return (flags & bit) != 0; }
};

/// ADD_ADDR (RFC 8684 section 3.4.1, RFC 6824 section 3.4.1).
struct AddAddrOption {
  std::uint8_t version;  // 0 or 1: the low nibble tells
  bool echo;
  bool has_port;
  bool has_hmac;
  AddressId address_id;
  std::uint16_t port;
  IpAddress address;
  std::array<std::uint8_t, 8> hmac;
};

/// REMOVE_ADDR (RFC 8684 section 3.4.2).
struct RemoveAddrOption {
  std::uint8_t count;
  std::array<std::uint8_t, 37> address_ids;
};

/// MP_PRIO (RFC 8684 section 3.3.8, RFC 6824 section 3.3.8).
struct PrioOption {
  bool backup;
  bool has_address_id;  // v0 only
  AddressId address_id;
};

/// MP_FAIL (RFC 8684 section 3.7).
struct FailOption {
  std::uint64_t dsn;
};

/// MP_FASTCLOSE (RFC 8684 section 3.5).
struct FastCloseOption {
  Key receiver_key;
};

/// MP_TCPRST (RFC 8684 section 3.6).
struct TcpRstOption {
  bool transient;
  std::uint8_t reason;
};

/// One decoded option; `subtype` names the member that is set.
struct MptcpOption {
  Subtype subtype = Subtype::kExperimental;
  std::uint8_t length = 0;
  bool reserved_bits = false;  // a bit is set that the subtype's RFC reserves
  union {
    CapableOption capable;
    JoinOption join;
    DssOption dss;
    AddAddrOption add_addr;
    RemoveAddrOption remove_addr;
    PrioOption prio;
    FailOption fail;
    FastCloseOption fast_close;
    TcpRstOption tcp_rst;
  };
  MptcpOption() : capable{} {}
};

/// Decodes one MPTCP option (TCP kind 30) to host order.
///
/// @param option     The whole option, kind and length bytes included: 3..40 bytes; its size is the declared
///                   length.
/// @param tcp_flags  Flags of the segment: MP_CAPABLE and MP_JOIN change shape with SYN and ACK.
/// @param out        `subtype` and `length` are always set; the rest is valid only on kOk.
/// @return kOk, or the error that names what is wrong (MPTAP_OPTION_ERRORS).
/// Source: RFC 8684 section 3 (v1), RFC 6824 section 3 (v0).
/// Any thread; reads `option` only; no allocation, no throw, no log.
[[nodiscard]] OptionError decode_mptcp_option(Bytes option, std::uint8_t tcp_flags, MptcpOption& out) noexcept;

}  // namespace mptap

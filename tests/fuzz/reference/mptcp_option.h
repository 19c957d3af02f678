// The MPTCP option decoded in the plainest way, straight from the RFCs: what the dataplane's decoder is held against. Shares
// no code with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mptap::reference {

/// What the option's bytes say, each field only where it stands there. Numbers are in host order.
struct Option {
  std::string_view error;  // "ok", or the label of what is wrong; then nothing but subtype and length is set
  unsigned subtype = 0;
  std::size_t length = 0;
  bool reserved_bits = false;

  // MP_CAPABLE
  std::optional<unsigned> version;               // ADD_ADDR has it, too
  std::optional<unsigned> capable_flags;
  bool mirrored = false;
  std::optional<std::uint64_t> sender_key;
  std::optional<std::uint64_t> receiver_key;     // MP_FASTCLOSE has it, too
  std::optional<unsigned> data_len;              // DSS has it, too
  std::optional<unsigned> checksum;              // the same
  // MP_JOIN
  std::optional<bool> backup;                    // MP_PRIO has it, too
  std::optional<unsigned> address_id;            // MP_PRIO and ADD_ADDR have it, too
  std::optional<std::uint64_t> token;
  std::optional<std::uint64_t> nonce;
  std::span<const std::uint8_t> hmac;            // ADD_ADDR has it, too
  // DSS
  std::optional<unsigned> dss_flags;
  std::optional<std::uint64_t> data_ack;
  std::optional<std::uint64_t> dsn;              // MP_FAIL has it, too
  std::optional<std::uint64_t> ssn;
  // ADD_ADDR
  bool echo = false;
  std::span<const std::uint8_t> address;         // 4 or 16 bytes
  std::optional<unsigned> port;
  // REMOVE_ADDR
  std::span<const std::uint8_t> address_ids;
  // MP_TCPRST
  std::optional<bool> transient;
  std::optional<unsigned> reason;
};

/// @param bytes  The whole option; its size is the declared length. Outlives the result.
/// @param syn, ack, rst  Flags of its segment.
/// Source: RFC 8684 section 3 (v1), RFC 6824 section 3 (v0).
[[nodiscard]] Option decode_option(std::span<const std::uint8_t> bytes, bool syn, bool ack, bool rst);

}  // namespace mptap::reference

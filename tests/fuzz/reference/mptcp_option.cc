#include "tests/fuzz/reference/mptcp_option.h"

#include <algorithm>
#include <initializer_list>

namespace mptap::reference {
namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::string_view kOk = "ok";
constexpr std::string_view kLength = "length";
constexpr std::string_view kVersion = "version";
constexpr std::string_view kSubtype = "subtype";
constexpr std::string_view kTcpFlags = "tcp_flags";
constexpr std::string_view kDssFlags = "dss_flags";
constexpr std::string_view kIpVersion = "ip_version";

enum class Step { kSyn, kSynAck, kAck };

bool is_one_of(std::size_t value, std::initializer_list<std::size_t> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// The number of `count` bytes that stands at `at`, most significant byte first.
std::uint64_t number(Octets bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, count)) value = value * 256 + byte;
  return value;
}

unsigned small(Octets bytes, std::size_t at, std::size_t count) { return static_cast<unsigned>(number(bytes, at, count)); }
bool bit(Octets bytes, std::size_t at, unsigned mask) { return (bytes[at] & mask) != 0; }

/// RFC 6824 section 3.1: 12 bytes on SYN and SYN/ACK, 20 on the ACK.
/// RFC 8684 section 3.1: 4 on SYN, 12 on SYN/ACK, 20 on the ACK, 22 with data, 24 with its checksum, too.
/// 4 bytes on a SYN/ACK, whatever version they name: the SYN's own option, which a middlebox sent back.
std::string_view capable(Octets bytes, Step step, Option& out) {
  const std::size_t length = bytes.size();
  if (length < 4) return kLength;
  const unsigned version = bytes[2] & 0x0fu;
  if (version > 1) return kVersion;
  const bool mirrored = length == 4 && step == Step::kSynAck;
  const bool legal_somewhere = version == 0 ? is_one_of(length, {12, 20}) : is_one_of(length, {4, 12, 20, 22, 24});
  if (!legal_somewhere && !mirrored) return kLength;
  bool legal_here = mirrored;
  if (step == Step::kSyn) legal_here = length == (version == 0 ? 12 : 4);
  if (step == Step::kSynAck) legal_here = legal_here || length == 12;
  if (step == Step::kAck) legal_here = version == 0 ? length == 20 : is_one_of(length, {20, 22, 24});
  if (!legal_here) return kTcpFlags;
  out.version = version;
  out.capable_flags = bytes[3];
  out.mirrored = mirrored;
  if (length >= 12) out.sender_key = number(bytes, 4, 8);
  if (length >= 20) out.receiver_key = number(bytes, 12, 8);
  if (length >= 22) out.data_len = small(bytes, 20, 2);
  if (length == 24) out.checksum = small(bytes, 22, 2);
  out.reserved_bits = bit(bytes, 3, 0x40);  // B
  return kOk;
}

/// RFC 8684 section 3.2, and RFC 6824 alike: 12 bytes on SYN, 16 on SYN/ACK, 24 on the ACK.
std::string_view join(Octets bytes, Step step, Option& out) {
  const std::size_t length = bytes.size();
  if (!is_one_of(length, {12, 16, 24})) return kLength;
  if (length != (step == Step::kSyn ? 12 : step == Step::kSynAck ? 16 : 24)) return kTcpFlags;
  if (step == Step::kAck) {
    out.hmac = bytes.subspan(4, 20);
    // The lowest bit is reserved here, too, and some hosts set it all the same: they repeat the backup flag.
    out.reserved_bits = bit(bytes, 2, 0x0e) || bytes[3] != 0;
    return kOk;
  }
  out.backup = bit(bytes, 2, 0x01);
  out.address_id = bytes[3];
  if (step == Step::kSyn) {
    out.token = number(bytes, 4, 4);
    out.nonce = number(bytes, 8, 4);
  } else {
    out.hmac = bytes.subspan(4, 8);
    out.nonce = number(bytes, 12, 4);
  }
  out.reserved_bits = bit(bytes, 2, 0x0e);
  return kOk;
}

/// RFC 8684 section 3.3: data ACK, then DSN, SSN, length and perhaps a checksum, as the flags say.
std::string_view dss(Octets bytes, Option& out) {
  if (bytes.size() < 4) return kLength;
  const bool has_ack = bit(bytes, 3, 0x01), wide_ack = bit(bytes, 3, 0x02);
  const bool has_mapping = bit(bytes, 3, 0x04), wide_dsn = bit(bytes, 3, 0x08);
  const std::size_t ack_bytes = has_ack ? (wide_ack ? 8 : 4) : 0;
  const std::size_t dsn_bytes = wide_dsn ? 8 : 4;
  const std::size_t without_checksum = 4 + ack_bytes + (has_mapping ? dsn_bytes + 4 + 2 : 0);
  const bool has_checksum = has_mapping && bytes.size() == without_checksum + 2;
  if (bytes.size() != without_checksum && !has_checksum) return kDssFlags;
  out.dss_flags = bytes[3];
  std::size_t at = 4;
  if (has_ack) out.data_ack = number(bytes, at, ack_bytes);
  at += ack_bytes;
  if (has_mapping) {
    out.dsn = number(bytes, at, dsn_bytes);
    out.ssn = number(bytes, at + dsn_bytes, 4);
    out.data_len = small(bytes, at + dsn_bytes + 4, 2);
    if (has_checksum) out.checksum = small(bytes, at + dsn_bytes + 6, 2);
  }
  out.reserved_bits = bit(bytes, 2, 0x0f) || bit(bytes, 3, 0xe0);
  return kOk;
}

/// IPv4 as IPv6 writes it: no frame on a wire carries it (RFC 4291 section 2.5.5.2 is about programs).
bool is_mapped(Octets address) {
  return address.size() == 16 && std::all_of(address.begin(), address.begin() + 10, [](auto byte) { return byte == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

/// RFC 6824 section 3.4.1: the low nibble is the IP version; address, perhaps a port.
/// RFC 8684 section 3.4.1: its lowest bit is the echo flag, the others are reserved; without echo an HMAC of 8 bytes follows.
std::string_view add_addr(Octets bytes, Option& out) {
  const std::size_t length = bytes.size();
  const unsigned nibble = bytes[2] & 0x0fu;
  const bool is_v0 = nibble == 4 || nibble == 6;
  const bool is_ipv4 = is_one_of(length, {8, 10, 16, 18});
  const bool is_ipv6 = is_one_of(length, {20, 22, 28, 30});
  const bool has_hmac = is_one_of(length, {16, 18, 28, 30});
  if (!is_ipv4 && !is_ipv6) return kLength;
  if (is_v0 && has_hmac) return kLength;
  if (is_v0 && is_ipv4 != (nibble == 4)) return kIpVersion;
  const bool echo = !is_v0 && (nibble & 1) != 0;
  if (!is_v0 && echo == has_hmac) return kIpVersion;
  const Octets address = bytes.subspan(4, is_ipv4 ? 4 : 16);
  if (is_mapped(address)) return kIpVersion;
  out.version = is_v0 ? 0 : 1;
  out.echo = echo;
  out.address_id = bytes[3];
  out.address = address;
  if (is_one_of(length, {10, 18, 22, 30})) out.port = small(bytes, 4 + address.size(), 2);
  if (has_hmac) out.hmac = bytes.last(8);
  out.reserved_bits = !is_v0 && (nibble & 0x0e) != 0;
  return kOk;
}

/// RFC 8684 section 3.4.2: at least one address ID. A TCP header leaves room for 37.
std::string_view remove_addr(Octets bytes, Option& out) {
  if (bytes.size() < 4 || bytes.size() > 40) return kLength;
  out.address_ids = bytes.subspan(3);
  out.reserved_bits = bit(bytes, 2, 0x0f);
  return kOk;
}

/// RFC 8684 section 3.3.8: 3 bytes; RFC 6824 section 3.3.8: 4 with an address ID.
std::string_view prio(Octets bytes, Option& out) {
  if (!is_one_of(bytes.size(), {3, 4})) return kLength;
  out.backup = bit(bytes, 2, 0x01);
  if (bytes.size() == 4) out.address_id = bytes[3];
  out.reserved_bits = bit(bytes, 2, 0x0e);
  return kOk;
}

/// RFC 8684 section 3.7: a DSN; section 3.5: the receiver's key. 12 bits before it are reserved.
std::string_view fail_or_fast_close(Octets bytes, std::optional<std::uint64_t>& number_of_it, Option& out) {
  if (bytes.size() != 12) return kLength;
  number_of_it = number(bytes, 4, 8);
  out.reserved_bits = bit(bytes, 2, 0x0f) || bytes[3] != 0;
  return kOk;
}

/// RFC 8684 section 3.6: on a RST only. Of the flags U, V, W and T the first three are reserved.
std::string_view tcp_rst(Octets bytes, bool rst, Option& out) {
  if (bytes.size() != 4) return kLength;
  if (!rst) return kTcpFlags;
  out.transient = bit(bytes, 2, 0x01);
  out.reason = bytes[3];
  out.reserved_bits = bit(bytes, 2, 0x0e);
  return kOk;
}

std::string_view decode(Octets bytes, Step step, bool rst, Option& out) {
  switch (out.subtype) {
    case 0: return capable(bytes, step, out);
    case 1: return join(bytes, step, out);
    case 2: return dss(bytes, out);
    case 3: return add_addr(bytes, out);
    case 4: return remove_addr(bytes, out);
    case 5: return prio(bytes, out);
    case 6: return fail_or_fast_close(bytes, out.dsn, out);
    case 7: return fail_or_fast_close(bytes, out.receiver_key, out);
    case 8: return tcp_rst(bytes, rst, out);
    case 15: return kOk;  // experimental: anything
    default: return kSubtype;
  }
}

}  // namespace

Option decode_option(Octets bytes, bool syn, bool ack, bool rst) {
  Option out;
  out.length = bytes.size();
  if (bytes.size() < 3) {
    out.error = kLength;
    return out;
  }
  out.subtype = bytes[2] >> 4;
  out.error = decode(bytes, !syn ? Step::kAck : ack ? Step::kSynAck : Step::kSyn, rst, out);
  return out;
}

}  // namespace mptap::reference

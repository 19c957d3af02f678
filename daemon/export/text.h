// The text forms of addresses, tokens and times: one spelling for logs, messages and what a person reads.
//
// All functions: any thread; pure; no throw but for lack of memory.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/types.h"

namespace mptap {

/// Writes an address: "192.0.2.1", "2001:db8::1".
///
/// @return IPv4 in dotted decimals; IPv6 in lower case with the longest run of zeros left out.
/// Source: RFC 5952 section 4.
[[nodiscard]] std::string format_address(const IpAddress& address);

/// Writes an address and a port: "192.0.2.1:443", "[2001:db8::1]:443".
///
/// @return A port of 0 is left out, and the brackets with it.
/// Source: RFC 5952 section 6.
[[nodiscard]] std::string format_endpoint(const Endpoint& endpoint);

/// Writes a token: 8 lower-case hex digits, "00ab12cd".
[[nodiscard]] std::string format_token(Token token);

/// Writes nanoseconds as seconds: "1700000000.123456", "0.000000", "1700000000.123456789".
///
/// @param time_ns  A time since the epoch, or a duration.
/// @return 6 digits behind the point where they say it all, else 9. Nothing is rounded.
[[nodiscard]] std::string format_seconds(std::uint64_t time_ns);

/// Writes a time of the wall clock in UTC, as Zeek's #open and #close do: "2024-05-31-23-59-59".
///
/// @param epoch_seconds  Seconds since the epoch.
[[nodiscard]] std::string format_stamp(std::int64_t epoch_seconds);

/// Appends the same to `out`, for writers of many rows.
void append_address(std::string& out, const IpAddress& address);
void append_token(std::string& out, Token token);
void append_seconds(std::string& out, std::uint64_t time_ns);
void append_number(std::string& out, std::uint64_t number);

}  // namespace mptap

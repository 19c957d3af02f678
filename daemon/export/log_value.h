// One field of a log row, and its text in Zeek TSV and in JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dataplane/types.h"
#include "detect/reports.h"

namespace mptap {

/// Types of Zeek's log framework that our columns have.
enum class ZeekType : std::uint8_t {
  kAddr,
  kPort,
  kBool,
  kCount,
  kTime,
  kInterval,
  kString,
  kVectorOfString
};

/// The name in a log's #types line: "addr", ... "vector[string]".
[[nodiscard]] const char* name_of(ZeekType type);

struct Unset {};
struct PortNumber {
  std::uint16_t value;
};
struct TimeNs {
  std::uint64_t value;
};
struct IntervalNs {
  std::uint64_t value;
};

/// Bytes that stand in base64.
struct Base64 {
  std::string_view bytes;
};

/// Names that are spelled out as they are written.
struct CommunityIdOf {
  const FourTuple* tuple;
};

/// A field. Text and sources are views into the row it was read from.
using LogValue = std::variant<Unset, IpAddress, PortNumber, bool, std::uint64_t, TimeNs, IntervalNs,
                              std::string_view, Token, const std::vector<SourceCount>*,
                              const std::vector<PriorityChange>*, const AddressReports*, Base64,
                              ConnectionName, CommunityIdOf>;

/// True where a column of this type may hold the value; every column may be unset.
[[nodiscard]] bool fits(ZeekType type, const LogValue& value);

/// Appends a field as Zeek's ASCII writer does.
///
/// Unset is "-", empty text "(empty)", booleans T and F, times seconds with a fraction, sources
/// "address=count" joined by commas, changes of priority "seconds:by:backup" or ":normal", addresses
/// "id=address:port/advertised+used+removed". In text, what is not printable ASCII becomes \xHH, a backslash doubles,
/// and a text that reads "-" or "(empty)" has its first byte as \xHH.
/// Any thread; pure.
void append_zeek_value(std::string& out, const LogValue& value);

/// Appends a field as JSON.
///
/// Unset is null; numbers, ports and times are numbers, times with 6 or 9 digits of fraction; text is
/// escaped by RFC 8259 section 7, and bytes that are not UTF-8 become U+FFFD; sources are an array of
/// {"address": text, "count": number}, changes of {"after": seconds, "by": "orig" or "resp", "backup": bool}, addresses of
/// {"id", "address", "port", "advertised", "used", "removed"}.
/// Any thread; pure.
void append_json_value(std::string& out, const LogValue& value);

}  // namespace mptap

#include "daemon/export/log_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/export/text.h"
#include "detect/crypto.h"

namespace mptap {
namespace {

constexpr std::string_view kUnset = "-";
constexpr std::string_view kEmpty = "(empty)";

constexpr bool is_printable(char byte) { return byte >= 0x20 && byte < 0x7f; }

void append_hex(std::string& out, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += "\\x";
  out += kDigits[value >> 4];
  out += kDigits[value & 0xf];
}

void append_zeek_text(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += kEmpty;
    return;
  }
  const bool reserved = text == kUnset || text == kEmpty;
  if (reserved) {
    append_hex(out, text.front());
    text.remove_prefix(1);
  }
  for (const char byte : text) {
    if (byte == '\\') {
      out += "\\\\";
    } else if (is_printable(byte)) {
      out += byte;
    } else {
      append_hex(out, byte);
    }
  }
}

void append_json_text(std::string& out, std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](char byte) { return is_printable(byte) && byte != '"' && byte != '\\'; });
  if (plain) {
    out += '"';
    out += text;
    out += '"';
  } else {
    using nlohmann::json;
    out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  }
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = std::min<std::size_t>(bytes.size() - at, 3);
    std::uint32_t three = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      three = three << 8 | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= left ? kDigits[three >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

/// What both formats spell alike.
struct PlainAppender {
  std::string& out;

  void operator()(PortNumber port) const { append_number(out, port.value); }
  void operator()(std::uint64_t number) const { append_number(out, number); }
  void operator()(TimeNs time) const { append_seconds(out, time.value); }
  void operator()(IntervalNs interval) const { append_seconds(out, interval.value); }
};

void append_flags(std::string& out, const AddressReport& address) {
  const char* before = "/";
  for (const auto& [flag, word] : {std::pair{address.advertised, "advertised"}, std::pair{address.used, "used"},
                                   std::pair{address.removed, "removed"}}) {
    if (!flag) continue;
    out += before;
    out += word;
    before = "+";
  }
}

struct ZeekAppender : PlainAppender {
  using PlainAppender::operator();

  void operator()(Unset) const { out += kUnset; }
  void operator()(const IpAddress& address) const { append_address(out, address); }
  void operator()(bool flag) const { out += flag ? 'T' : 'F'; }
  void operator()(std::string_view text) const { append_zeek_text(out, text); }
  void operator()(Token token) const { append_token(out, token); }
  void operator()(const std::vector<SourceCount>* sources) const {
    if (sources->empty()) out += kEmpty;
    const char* separator = "";
    for (const SourceCount& source : *sources) {
      out += separator;
      separator = ",";
      append_address(out, source.address);
      out += '=';
      append_number(out, source.count);
    }
  }
  void operator()(const std::vector<PriorityChange>* changes) const {
    for (const PriorityChange& change : *changes) {
      if (&change != &changes->front()) out += ',';
      append_seconds(out, change.after_ns);
      out += change.from_opener ? ":orig:" : ":resp:";
      out += change.backup ? "backup" : "normal";
    }
  }
  void operator()(const AddressReports* addresses) const {
    for (const AddressReport& address : *addresses) {
      if (&address != addresses->begin()) out += ',';
      append_number(out, address.id.value);
      out += '=';
      append_address(out, address.address);
      if (address.port != 0) out += ':' + std::to_string(address.port);
      append_flags(out, address);
    }
  }
  void operator()(const Base64& data) const { out += base64(data.bytes); }
  void operator()(const ConnectionName& name) const { out += name.uid(); }
  void operator()(const CommunityIdOf& of) const { out += Crypto::derive_community_id(*of.tuple); }
};

struct JsonAppender : PlainAppender {
  using PlainAppender::operator();

  void operator()(Unset) const { out += "null"; }
  void operator()(const IpAddress& address) const {
    out += '"';
    append_address(out, address);
    out += '"';
  }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(std::string_view text) const { append_json_text(out, text); }
  void operator()(Token token) const {
    out += '"';
    append_token(out, token);
    out += '"';
  }
  void operator()(const std::vector<SourceCount>* sources) const {
    out += '[';
    const char* separator = "";
    for (const SourceCount& source : *sources) {
      out += separator;
      separator = ",";
      out += R"({"address":)";
      (*this)(source.address);
      out += R"(,"count":)";
      append_number(out, source.count);
      out += '}';
    }
    out += ']';
  }
  void operator()(const std::vector<PriorityChange>* changes) const {
    out += '[';
    for (const PriorityChange& change : *changes) {
      if (&change != &changes->front()) out += ',';
      out += R"({"after":)";
      append_seconds(out, change.after_ns);
      out += change.from_opener ? R"(,"by":"orig","backup":)" : R"(,"by":"resp","backup":)";
      (*this)(change.backup);
      out += '}';
    }
    out += ']';
  }
  void operator()(const AddressReports* addresses) const {
    out += '[';
    for (const AddressReport& address : *addresses) {
      if (&address != addresses->begin()) out += ',';
      out += R"({"id":)";
      append_number(out, address.id.value);
      out += R"(,"address":)";
      (*this)(address.address);
      out += R"(,"port":)";
      out += address.port == 0 ? "null" : std::to_string(address.port);
      for (const auto& [name, flag] : {std::pair{"advertised", address.advertised}, std::pair{"used", address.used},
                                       std::pair{"removed", address.removed}}) {
        out += std::string(",\"") + name + "\":";
        (*this)(flag);
      }
      out += '}';
    }
    out += ']';
  }
  void operator()(const Base64& data) const { out += '"' + base64(data.bytes) + '"'; }
  void operator()(const ConnectionName& name) const { out += '"' + name.uid() + '"'; }
  void operator()(const CommunityIdOf& of) const { out += '"' + Crypto::derive_community_id(*of.tuple) + '"'; }
};

/// The Zeek type of a set value; Unset is not asked.
struct TypeOf {
  ZeekType operator()(Unset) const { return ZeekType::kString; }
  ZeekType operator()(const IpAddress&) const { return ZeekType::kAddr; }
  ZeekType operator()(PortNumber) const { return ZeekType::kPort; }
  ZeekType operator()(bool) const { return ZeekType::kBool; }
  ZeekType operator()(std::uint64_t) const { return ZeekType::kCount; }
  ZeekType operator()(TimeNs) const { return ZeekType::kTime; }
  ZeekType operator()(IntervalNs) const { return ZeekType::kInterval; }
  ZeekType operator()(std::string_view) const { return ZeekType::kString; }
  ZeekType operator()(Token) const { return ZeekType::kString; }
  ZeekType operator()(const std::vector<SourceCount>*) const { return ZeekType::kVectorOfString; }
  ZeekType operator()(const std::vector<PriorityChange>*) const { return ZeekType::kVectorOfString; }
  ZeekType operator()(const AddressReports*) const { return ZeekType::kVectorOfString; }
  ZeekType operator()(const Base64&) const { return ZeekType::kString; }
  ZeekType operator()(const ConnectionName&) const { return ZeekType::kString; }
  ZeekType operator()(const CommunityIdOf&) const { return ZeekType::kString; }
};

}  // namespace

const char* name_of(ZeekType type) {
  switch (type) {
    case ZeekType::kAddr:
      return "addr";
    case ZeekType::kPort:
      return "port";
    case ZeekType::kBool:
      return "bool";
    case ZeekType::kCount:
      return "count";
    case ZeekType::kTime:
      return "time";
    case ZeekType::kInterval:
      return "interval";
    case ZeekType::kString:
      return "string";
    case ZeekType::kVectorOfString:
      return "vector[string]";
  }
  return "";
}

bool fits(ZeekType type, const LogValue& value) {
  return std::holds_alternative<Unset>(value) || std::visit(TypeOf{}, value) == type;
}

void append_zeek_value(std::string& out, const LogValue& value) { std::visit(ZeekAppender{{out}}, value); }

void append_json_value(std::string& out, const LogValue& value) { std::visit(JsonAppender{{out}}, value); }

}  // namespace mptap

#include "daemon/export/log_value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/export/text.h"

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

/// What both formats spell alike.
struct PlainAppender {
  std::string& out;

  void operator()(PortNumber port) const { append_number(out, port.value); }
  void operator()(std::uint64_t number) const { append_number(out, number); }
  void operator()(TimeNs time) const { append_seconds(out, time.value); }
  void operator()(IntervalNs interval) const { append_seconds(out, interval.value); }
};

struct ZeekAppender : PlainAppender {
  using PlainAppender::operator();

  void operator()(Unset) const { out += kUnset; }
  void operator()(const IpAddress& address) const { append_address(out, address); }
  void operator()(bool flag) const { out += flag ? 'T' : 'F'; }
  void operator()(std::string_view text) const { append_zeek_text(out, text); }
  void operator()(Token token) const { append_token(out, token); }
  void operator()(const std::vector<SourceCount>* sources) const {
    if (sources->empty()) out += kEmpty;
    for (const SourceCount& source : *sources) {
      if (&source != &sources->front()) out += ',';
      append_address(out, source.address);
      out += '=';
      append_number(out, source.count);
    }
  }
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
    for (const SourceCount& source : *sources) {
      if (&source != &sources->front()) out += ',';
      out += R"({"address":)";
      (*this)(source.address);
      out += R"(,"count":)";
      append_number(out, source.count);
      out += '}';
    }
    out += ']';
  }
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

#include "tests/fuzz/json_check.h"

#include <cstddef>

// What checks is not what is fuzzed: it must neither guide the fuzzer nor cost its time.
#if defined(__clang__)
#define MPTAP_PLAIN __attribute__((no_sanitize("coverage", "address", "undefined")))
#else
#define MPTAP_PLAIN
#endif

namespace mptap::fuzz {
namespace {

constexpr int kMaxDepth = 16;

/// The text that is left; each function takes what it is named for off its front, or says false.
struct Reader {
  const char* at;
  const char* end;

  MPTAP_PLAIN bool take(char wanted) {
    if (at == end || *at != wanted) return false;
    ++at;
    return true;
  }
  MPTAP_PLAIN bool take_word(const char* word) {
    for (; *word != 0; ++word) {
      if (!take(*word)) return false;
    }
    return true;
  }
  MPTAP_PLAIN bool take_digits() {
    const char* const begin = at;
    while (at != end && *at >= '0' && *at <= '9') ++at;
    return at != begin;
  }
  MPTAP_PLAIN bool take_number() {
    take('-');
    if (!take('0') && !take_digits()) return false;
    if (take('.') && !take_digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return take_digits();
  }
  MPTAP_PLAIN bool take_escape() {
    if (at == end) return false;
    const char letter = *at++;
    if (letter == 'u') {
      for (int i = 0; i < 4; ++i) {
        const bool is_hex = at != end && ((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f') ||
                                          (*at >= 'A' && *at <= 'F'));
        if (!is_hex) return false;
        ++at;
      }
      return true;
    }
    for (const char* known = "\"\\/bfnrt"; *known != 0; ++known) {
      if (letter == *known) return true;
    }
    return false;
  }
  /// The rest of a UTF-8 sequence (RFC 3629 section 4).
  MPTAP_PLAIN bool take_utf8(unsigned char lead) {
    if (lead < 0xc2 || lead > 0xf4) return false;
    const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    for (int i = 0; i < more; ++i) {
      if (at == end) return false;
      const auto byte = static_cast<unsigned char>(*at++);
      if ((byte & 0xc0) != 0x80) return false;
      if (i != 0) continue;
      const bool excluded = (lead == 0xe0 && byte < 0xa0) || (lead == 0xed && byte > 0x9f) ||
                            (lead == 0xf0 && byte < 0x90) || (lead == 0xf4 && byte > 0x8f);
      if (excluded) return false;
    }
    return true;
  }
  MPTAP_PLAIN bool take_string() {
    if (!take('"')) return false;
    while (at != end) {
      const auto byte = static_cast<unsigned char>(*at++);
      if (byte == '"') return true;
      if (byte < 0x20) return false;
      if (byte == '\\' && !take_escape()) return false;
      if (byte >= 0x80 && !take_utf8(byte)) return false;
    }
    return false;
  }
  MPTAP_PLAIN bool take_members(int depth) {
    if (take('}')) return true;
    do {
      if (!take_string() || !take(':') || !take_value(depth)) return false;
    } while (take(','));
    return take('}');
  }
  MPTAP_PLAIN bool take_items(int depth) {
    if (take(']')) return true;
    do {
      if (!take_value(depth)) return false;
    } while (take(','));
    return take(']');
  }
  MPTAP_PLAIN bool take_value(int depth) {
    if (depth == kMaxDepth || at == end) return false;
    switch (*at) {
      case '{':
        ++at;
        return take_members(depth + 1);
      case '[':
        ++at;
        return take_items(depth + 1);
      case '"':
        return take_string();
      case 't':
        return take_word("true");
      case 'f':
        return take_word("false");
      case 'n':
        return take_word("null");
      default:
        return take_number();
    }
  }
};

}  // namespace

MPTAP_PLAIN bool is_json(std::string_view text) {
  Reader reader{text.data(), text.data() + text.size()};
  return reader.take_value(0) && reader.at == reader.end;
}

}  // namespace mptap::fuzz

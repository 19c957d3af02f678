#include "config/source_text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace mptap {
namespace {

std::string problem_of(int error) {
  switch (error) {
    case ENOENT:
      return "this file does not exist; check the path";
    case ENOTDIR:
      return "a part of this path is not a directory; check the path";
    case EACCES:
    case EPERM:
      return "no permission to read this file; make it readable for the user that runs mptap";
    case EISDIR:
      return "this is a directory; name the YAML file in it";
    default:
      return std::string("this file cannot be read (") + std::strerror(error) +
             "); check the path and its disk";
  }
}

/// Bytes of the UTF-8 sequence at the start of `text`; 0: none is there. RFC 3629 section 4.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    const bool overlong = lead == 0xE0 && at(1) < 0xA0;
    const bool surrogate = lead == 0xED && at(1) >= 0xA0;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  const bool in_range = lead < 0xF5 && !(lead == 0xF0 && at(1) < 0x90) && !(lead == 0xF4 && at(1) >= 0x90);
  return in_range && continues(1) && continues(2) && continues(3) ? 4 : 0;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7F;
}

std::string hex_of(char c) {
  char text[8];
  std::snprintf(text, sizeof text, "%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

/// The first byte of line `line` (from 1) on, to its end.
std::string_view line_of(std::string_view text, int line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

SourceFile read_source(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return {.text = {}, .problem = problem_of(errno)};
  SourceFile source;
  source.text.resize(kMaxSourceBytes + 1);
  source.text.resize(std::fread(source.text.data(), 1, source.text.size(), file.get()));
  if (std::ferror(file.get())) return {.text = {}, .problem = problem_of(errno)};
  return source;
}

Mistakes check_source(const std::string& text) {
  if (text.size() > kMaxSourceBytes) {
    return {{{}, "this is longer than 1 MiB; a configuration is a few kilobytes"}};
  }
  Place place{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(std::string_view(text).substr(i));
    if (length == 0) {
      return {{place, "byte " + hex_of(text[i]) + " is not UTF-8; save the file as UTF-8 text"}};
    }
    if (is_control(text[i])) {
      return {{place, "control character " + hex_of(text[i]) +
                          "; save the file as UTF-8 text without such characters"}};
    }
    place = text[i] == '\n' ? Place{place.line + 1, 1}
                            : Place{place.line, place.column + static_cast<int>(length)};
    i += length;
  }
  return {};
}

Mistakes find_tab_indentation(const std::string& text) {
  Place place{1, 1};
  for (std::size_t start = 0; start < text.size(); ++place.line) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = std::string_view(text).substr(start, end - start);
    const std::size_t first = line.find_first_not_of(" \t\r");
    const std::size_t tab = line.find('\t');
    if (first != std::string_view::npos && line[first] != '#' && tab < first) {
      place.column = static_cast<int>(tab) + 1;
      return {{place, "a tab in the indentation; YAML wants blanks"}};
    }
    start = end + 1;
  }
  return {};
}

std::string first_lines(const std::string& text, int lines) {
  std::size_t end = 0;
  for (; lines > 0 && end < text.size(); --lines) end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return text.substr(0, end);
}

void count_characters(const std::string& text, Mistakes& mistakes) {
  for (Mistake& mistake : mistakes) {
    const auto before = static_cast<std::size_t>(mistake.place.column > 0 ? mistake.place.column - 1 : 0);
    for (const char c : line_of(text, mistake.place.line).substr(0, before)) {
      if ((static_cast<unsigned char>(c) & 0xC0u) == 0x80u) --mistake.place.column;
    }
  }
}

}  // namespace mptap

// A configuration file as bytes: read within bounds and checked to be text before anything parses it.
#pragma once

#include <string>

#include "config/mistake.h"

namespace mptap {

/// Longest configuration that is read.
constexpr std::size_t kMaxSourceBytes = 1u << 20;

struct SourceFile {
  std::string text;
  std::string problem;  // empty, or why the file cannot be read and what to do
};

/// Reads a whole file, at most one byte more than kMaxSourceBytes (so that check_source sees it is too long).
///
/// Any thread; no throw but for memory.
[[nodiscard]] SourceFile read_source(const std::string& path);

/// Tells whether `text` is UTF-8 without control characters and no longer than kMaxSourceBytes.
///
/// The YAML library takes byte 04 for the end of the file and replaces broken UTF-8 silently, so neither may
/// reach it.
/// @return No mistake, or one: the first.
[[nodiscard]] Mistakes check_source(const std::string& text);

/// Finds the first line that is indented with a tab, which YAML does not allow and its parsers misread.
///
/// @return No mistake, or one at the tab; what follows that line is not worth reading.
[[nodiscard]] Mistakes find_tab_indentation(const std::string& text);

/// The first `lines` lines of a text.
[[nodiscard]] std::string first_lines(const std::string& text, int lines);

/// Turns byte columns into columns as an editor counts them: one for each character.
void count_characters(const std::string& text, Mistakes& mistakes);

}  // namespace mptap

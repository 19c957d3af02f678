// What an unknown key was probably meant to be.
#pragma once

#include <string>
#include <string_view>

namespace mptap {

/// Fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the other,
/// letter case aside. Time and space grow with the product of the lengths.
[[nodiscard]] std::size_t edit_distance(std::string_view from, std::string_view to);

/// The end of the sentence about an unknown key: the nearest known key, or those that may stand there.
///
/// @param parent  The path of the group it stands in; empty at the top.
/// @param key     As written.
/// Any thread; no throw but for memory.
[[nodiscard]] std::string suggest_setting(std::string_view parent, const std::string& key);

}  // namespace mptap

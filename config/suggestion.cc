#include "config/suggestion.h"

#include <algorithm>
#include <vector>

#include "config/setting.h"

namespace mptap {
namespace {

constexpr std::size_t kMaxKeyBytes = 64;  // a longer key resembles none of ours

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// How far a key may be from the one that was meant: about a third of it.
std::size_t tolerance(std::string_view key) {
  return key.size() < 3 ? 1 : std::max<std::size_t>(2, key.size() / 3);
}

/// How unlike two keys are; the beginning of a key, or more than a key, is nearly that key.
std::size_t unlikeness(std::string_view key, std::string_view known) {
  const bool is_part = key.size() >= 3 && (known.starts_with(key) || key.starts_with(known));
  return is_part ? 1 : edit_distance(key, known);
}

/// Where a setting stands, as a sentence says it.
std::string home_of(const Setting& setting) {
  if (setting.is_of_port()) return "inside an entry of `ports`";
  return setting.parent().empty() ? "at the top of the file"
                                  : "inside `" + std::string(setting.parent()) + "`";
}

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  // Three rows of the optimal string alignment table.
  std::vector<std::size_t> older(to.size() + 1);
  std::vector<std::size_t> above(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    older.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const char a = lower(from[i - 1]);
      const char b = lower(to[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a == b ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && a == lower(to[j - 2]) && b == lower(from[i - 2]);
      if (swapped) row[j] = std::min(row[j], older[j - 2] + 1);
    }
  }
  return row[to.size()];
}

std::string suggest_setting(std::string_view parent, const std::string& key) {
  std::string siblings;
  const Setting* nearest = nullptr;
  std::size_t least = SIZE_MAX;
  const Setting* elsewhere = nullptr;
  for (const Setting& setting : settings()) {
    const bool is_sibling = setting.parent() == parent;
    if (is_sibling) siblings += (siblings.empty() ? "" : ", ") + std::string(setting.key());
    if (key.size() > kMaxKeyBytes) continue;
    if (elsewhere == nullptr && (setting.path == key || setting.path.ends_with('.' + key))) {
      elsewhere = &setting;
    }
    const std::size_t distance = is_sibling ? unlikeness(key, setting.key()) : SIZE_MAX;
    if (distance < least) {
      least = distance;
      nearest = &setting;
    }
  }
  const bool is_path = elsewhere != nullptr && key.find('.') != std::string::npos;
  if (nearest != nullptr && least <= tolerance(key) && !is_path) {
    return "did you mean `" + std::string(nearest->key()) + "`?";
  }
  if (elsewhere != nullptr) {
    return "did you mean `" + std::string(elsewhere->key()) + "` " + home_of(*elsewhere) + "?";
  }
  return "the settings here are " + siblings;
}

}  // namespace mptap

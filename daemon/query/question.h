// A question to the sensor, taken apart.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mptap {

/// A question that cannot be answered as it stands. what() is a sentence.
class QuestionError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// A text of a question; empty where it has none of this key.
/// @throws QuestionError
[[nodiscard]] inline std::string text_of(const nlohmann::ordered_json& question, const char* key) {
  const auto found = question.find(key);
  if (found == question.end()) return {};
  if (!found->is_string()) throw QuestionError(std::string(key) + ": a text");
  return found->get<std::string>();
}

/// @throws QuestionError  Where it has a key that is not among `known`.
inline void check_keys(const nlohmann::ordered_json& question, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : question.items()) {
    if (key != "ask" && std::ranges::find(known, key) == known.end()) throw QuestionError("'" + key + "' is not known here");
  }
}

}  // namespace mptap

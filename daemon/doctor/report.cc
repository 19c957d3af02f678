#include "daemon/doctor/report.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "daemon/export/log_value.h"
#include "daemon/human.h"

namespace mptap {
namespace {

constexpr std::string_view kStateIndent = "  ";
constexpr std::size_t kStateWidth = 9;  // "problem" and two spaces
const std::string kIndent(kStateIndent.size() + kStateWidth, ' ');

std::string headline_of(const Finding& finding) {
  return finding.check + (finding.subject.empty() ? "" : " " + finding.subject) + ": " + finding.finding;
}

std::string padded_state(const Finding& finding) {
  std::string state = name_of(finding.state);
  state.resize(kStateWidth, ' ');
  return state;
}

/// Appends words to a line that has `column` characters, and breaks before those that would go beyond `width`.
void append_wrapped(std::string& out, const std::string& text, std::size_t column, std::size_t width) {
  std::istringstream words(text);
  bool first = true;
  for (std::string word; words >> word;) {
    if (!first && column + 1 + word.size() > width) {
      out += "\n" + kIndent;
      column = kIndent.size();
      first = true;
    }
    out += (first ? "" : " ") + word;
    column += word.size() + (first ? 0 : 1);
    first = false;
  }
  out += "\n";
}

std::string tally(const std::vector<Finding>& findings) {
  const auto count = [&findings](FindingState state) {
    return static_cast<std::uint64_t>(std::ranges::count(findings, state, &Finding::state));
  };
  return std::to_string(count(FindingState::kOk)) + " ok, " + plural(count(FindingState::kWarning), "warning") + ", " +
         plural(count(FindingState::kProblem), "problem") + ", " + std::to_string(count(FindingState::kUnknown)) +
         " unknown\n";
}

}  // namespace

const char* name_of(FindingState state) {
  switch (state) {
    case FindingState::kOk: return "ok";
    case FindingState::kWarning: return "warning";
    case FindingState::kProblem: return "problem";
    case FindingState::kUnknown: return "unknown";
  }
  return "";
}

std::string format_report(const std::vector<Finding>& findings, std::size_t width) {
  constexpr std::string_view kMend = "-> ";
  std::string out;
  const std::string* group = nullptr;
  for (const Finding& finding : findings) {
    if (group == nullptr || *group != finding.group) out += (out.empty() ? "" : "\n") + finding.group + "\n";
    group = &finding.group;
    out += std::string(kStateIndent) + padded_state(finding);
    append_wrapped(out, headline_of(finding), kIndent.size(), width);
    if (!finding.mend.empty()) out += kIndent + std::string(kMend) + finding.mend + "\n";
  }
  return out + (out.empty() ? "" : "\n") + tally(findings);
}

std::string format_lines(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += padded_state(finding) + headline_of(finding) + (finding.mend.empty() ? "" : " -> " + finding.mend) + "\n";
  }
  return out + tally(findings);
}

std::string format_json(const std::vector<Finding>& findings) {
  std::string out = "[";
  const auto append = [&out](const char* name, std::string_view text) {
    out += std::string(name) + ": ";
    append_json_value(out, text);
  };
  for (const Finding& finding : findings) {
    out += out.size() == 1 ? "\n  {" : ",\n  {";
    append("\"check\"", finding.check);
    append(", \"subject\"", finding.subject);
    append(", \"state\"", std::string_view(name_of(finding.state)));
    append(", \"finding\"", finding.finding);
    append(", \"mend\"", finding.mend);
    out += "}";
  }
  return out + "\n]\n";
}

}  // namespace mptap

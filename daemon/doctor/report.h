// The findings of `mptap doctor` as text and as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/doctor/finding.h"

namespace mptap {

/// "ok", "warning", "problem" or "unknown".
[[nodiscard]] const char* name_of(FindingState state);

/// For people: groups under headlines, findings wrapped, what mends below them, a tally at the end.
///
/// @param width  Of a line; a command that is longer stays whole, so that it can be copied.
[[nodiscard]] std::string format_report(const std::vector<Finding>& findings, std::size_t width);

/// For pipes: one line a finding, "state  check subject: finding -> what mends", and the tally.
[[nodiscard]] std::string format_lines(const std::vector<Finding>& findings);

/// For programs: an array of {check, subject, state, finding, mend}, all texts.
[[nodiscard]] std::string format_json(const std::vector<Finding>& findings);

}  // namespace mptap

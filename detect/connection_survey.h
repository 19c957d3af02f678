// The live connections as a person asks for them, gathered in steps, so that control is never held up for long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "detect/detector_options.h"
#include "detect/reports.h"

namespace mptap {

/// Which connections are asked for; what is not set, any.
struct SurveyFilter {
  std::optional<Token> token;     // of either host
  std::optional<Prefix> address;  // of an end of a live subflow, or an address a host told of
};

/// A connection and its live subflows, as they are now: sums hold what ended and what lives, as last reported.
struct SurveyedConnection {
  static constexpr std::size_t kMaxSubflows = 64;

  ConnectionReport connection;
  std::vector<SubflowReport> subflows;  // at most kMaxSubflows
  std::size_t live_subflows = 0;
};

/// One survey: where it stands, and what it has found.
struct ConnectionSurvey {
  /// Places and live subflows that a step looks at, or some more: as many as the last connection has.
  static constexpr std::size_t kStep = 2'048;

  SurveyFilter filter;
  std::size_t most = 100;                // connections that are reported; the rest is counted
  std::uint32_t next_place = 0;
  std::uint64_t matching = 0;
  std::vector<SurveyedConnection> found;
};

}  // namespace mptap

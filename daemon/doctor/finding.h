// What a check of `mptap doctor` found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mptap {

enum class FindingState : std::uint8_t {
  kOk,
  kWarning,  // works less well than it might
  kProblem,  // does not work
  kUnknown,  // could not be looked at, mostly for want of permission
};

struct Finding {
  std::string group;    // headline under which it stands
  std::string check;    // what was looked at, e.g. "merging"
  std::string subject;  // of which thing, e.g. an interface; empty: the machine
  FindingState state = FindingState::kOk;
  std::string finding;
  std::string mend;  // a command, or what to write where; empty where it is ok
};

/// Collects what one check finds after the other.
class Findings {
 public:
  /// Names the check that speaks from now on.
  void begin(std::string_view group, std::string_view check) {
    group_ = group;
    check_ = check;
  }

  void ok(std::string subject, std::string finding) { add(FindingState::kOk, std::move(subject), std::move(finding), {}); }
  void warn(std::string subject, std::string finding, std::string mend) {
    add(FindingState::kWarning, std::move(subject), std::move(finding), std::move(mend));
  }
  void problem(std::string subject, std::string finding, std::string mend) {
    add(FindingState::kProblem, std::move(subject), std::move(finding), std::move(mend));
  }
  void unknown(std::string subject, std::string finding, std::string mend = {}) {
    add(FindingState::kUnknown, std::move(subject), std::move(finding), std::move(mend));
  }

  [[nodiscard]] const std::vector<Finding>& all() const { return all_; }

 private:
  void add(FindingState state, std::string subject, std::string finding, std::string mend) {
    all_.push_back({group_, check_, std::move(subject), state, std::move(finding), std::move(mend)});
  }

  std::string group_;
  std::string check_;
  std::vector<Finding> all_;
};

}  // namespace mptap

// Answered joins whose connection is not known yet: they wait a grace time for a handshake that another worker
// sees, or that stands later in a capture.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dataplane/seeded_hash.h"
#include "detect/connection.h"

namespace mptap {

/// Control thread; bounded by `max`.
class WaitingJoins {
 public:
  WaitingJoins(std::uint32_t max, std::uint64_t grace_ns, std::uint64_t seed)
      : max_(max), grace_ns_(grace_ns), by_token_(64, Hash{SeededHash(seed)}) {}

  void add(const SubflowRef& join, Token token, std::uint64_t now_ns);

  /// Joins that wait for this token, taken out of the index (they stay in line until their time).
  [[nodiscard]] std::vector<SubflowRef> take(Token token);

  /// The join whose time is over at `now_ns`, or that must go because the line is too long, with its deadline.
  struct Due {
    SubflowRef join;
    std::uint64_t deadline_ns;
  };
  [[nodiscard]] std::optional<Due> next_due(std::uint64_t now_ns);

 private:
  struct Entry {
    SubflowRef join;
    Token token;
    std::uint64_t deadline_ns;
  };
  /// Joins with one token as they stand in line. Most have one: a deque would take half a kilobyte for each.
  struct OfToken {
    std::vector<SubflowRef> joins;
    std::size_t gone = 0;  // of the first ones, whose time is over
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(std::uint32_t token) const { return hash.of64(token); }
  };

  const std::uint32_t max_;
  const std::uint64_t grace_ns_;
  std::deque<Entry> line_;
  std::unordered_map<std::uint32_t, OfToken, Hash> by_token_;
};

}  // namespace mptap

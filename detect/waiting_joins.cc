#include "detect/waiting_joins.h"

#include <utility>

namespace mptap {

void WaitingJoins::add(const SubflowRef& join, Token token, std::uint64_t now_ns) {
  line_.push_back(Entry{join, token, now_ns + grace_ns_});
  by_token_[token.value].joins.push_back(join);
}

std::vector<SubflowRef> WaitingJoins::take(Token token) {
  if (by_token_.empty()) return {};  // as for most connections
  const auto found = by_token_.find(token.value);
  if (found == by_token_.end()) return {};
  auto& [joins, gone] = found->second;
  std::vector<SubflowRef> left(joins.begin() + static_cast<std::ptrdiff_t>(gone), joins.end());
  by_token_.erase(found);
  return left;
}

std::optional<WaitingJoins::Due> WaitingJoins::next_due(std::uint64_t now_ns) {
  if (line_.empty() || (line_.front().deadline_ns > now_ns && line_.size() <= max_)) return std::nullopt;
  const Entry entry = line_.front();
  line_.pop_front();
  // Where it was not taken, it is the first of its token: however many have the same, none need be looked through.
  const auto found = by_token_.find(entry.token.value);
  if (found != by_token_.end()) {
    auto& [joins, gone] = found->second;
    if (joins[gone] == entry.join) ++gone;
    if (gone == joins.size()) {
      by_token_.erase(found);
    } else if (gone > joins.size() / 2) {
      joins.erase(joins.begin(), joins.begin() + static_cast<std::ptrdiff_t>(std::exchange(gone, 0)));
    }
  }
  return Due{entry.join, entry.deadline_ns};
}

}  // namespace mptap

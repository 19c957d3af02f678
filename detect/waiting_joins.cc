#include "detect/waiting_joins.h"

#include <algorithm>

namespace mptap {

void WaitingJoins::add(const SubflowRef& join, Token token, std::uint64_t now_ns) {
  line_.push_back(Entry{join, token, now_ns + grace_ns_});
  by_token_[token.value].push_back(join);
}

std::vector<SubflowRef> WaitingJoins::take(Token token) {
  if (by_token_.empty()) return {};  // as for most connections
  const auto found = by_token_.find(token.value);
  if (found == by_token_.end()) return {};
  std::vector<SubflowRef> joins = std::move(found->second);
  by_token_.erase(found);
  return joins;
}

std::optional<WaitingJoins::Due> WaitingJoins::next_due(std::uint64_t now_ns) {
  if (line_.empty() || (line_.front().deadline_ns > now_ns && line_.size() <= max_)) return std::nullopt;
  const Entry entry = line_.front();
  line_.pop_front();
  if (const auto found = by_token_.find(entry.token.value); found != by_token_.end()) {
    std::erase(found->second, entry.join);
    if (found->second.empty()) by_token_.erase(found);
  }
  return Due{entry.join, entry.deadline_ns};
}

}  // namespace mptap

#include "detect/token_index.h"

#include <algorithm>

namespace mptap {

bool TokenIndex::add(Token token, const HostRef& host) {
  std::vector<HostRef>& hosts = index_[token.value];
  const bool collides = !hosts.empty();
  if (hosts.size() < kMaxCandidates) hosts.push_back(host);
  return collides;
}

void TokenIndex::remove(Token token, const HostRef& host) {
  const auto found = index_.find(token.value);
  if (found == index_.end()) return;
  std::erase(found->second, host);
  if (found->second.empty()) index_.erase(found);
}

std::span<const HostRef> TokenIndex::find(Token token) const {
  const auto found = index_.find(token.value);
  if (found == index_.end()) return {};
  return found->second;
}

}  // namespace mptap

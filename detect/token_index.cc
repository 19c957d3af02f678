#include "detect/token_index.h"

namespace mptap {

bool TokenIndex::add(Token token, const HostRef& host) {
  std::size_t others = 0;
  table_.visit(token.value, [&others](const Entry&) { return ++others < kMaxCandidates; });
  if (others < kMaxCandidates) table_.insert({token.value, PackedHostRef(host)});
  return others != 0;
}

void TokenIndex::remove(Token token, const HostRef& host) { table_.erase({token.value, PackedHostRef(host)}); }

TokenIndex::Candidates TokenIndex::find(Token token) const {
  Candidates found;
  table_.visit(token.value, [this, &found](const Entry& entry) {
    found.hosts_[found.size_++] = {connections_.at(entry.host.index()).self, entry.host.role()};
    return found.size_ < kMaxCandidates;
  });
  return found;
}

bool TokenIndex::contains(Token token) const {
  bool found = false;
  table_.visit(token.value, [&found](const Entry&) {
    found = true;
    return false;
  });
  return found;
}

}  // namespace mptap

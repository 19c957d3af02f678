#include "detect/keyless_index.h"

#include <algorithm>

namespace mptap {

bool KeylessIndex::is_open(const HostRef& host) {
  const Connection* connection = connections_.find(host.connection);
  return connection != nullptr && !connection->host(host.role).token();
}

void KeylessIndex::add(const IpAddress& address, const HostRef& host) {
  if (by_address_.size() >= kMaxAddresses && !by_address_.contains(address)) by_address_.erase(by_address_.begin());
  std::vector<HostRef>& hosts = by_address_[address];
  std::erase_if(hosts, [this](const HostRef& known) { return !is_open(known); });
  if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
    if (hosts.size() >= kMaxPerAddress) hosts.erase(hosts.begin());
    hosts.push_back(host);
  }
}

HostRef KeylessIndex::find_by_address(const FourTuple& tuple) {
  const auto found = by_address_.find(tuple.acceptor.address);
  if (found == by_address_.end()) return {};
  HostRef best;
  bool best_knows_opener = false;
  for (const HostRef& host : found->second) {
    const Connection* connection = connections_.find(host.connection);
    if (connection == nullptr || connection->host(host.role).token()) continue;
    if (!connection->host(host.role).knows(tuple.acceptor.address)) continue;
    const bool knows_opener = connection->host(other(host.role)).knows(tuple.opener.address);
    if (best.connection.is_set() && best_knows_opener && !knows_opener) continue;
    best = host;  // later entries are newer
    best_knows_opener = knows_opener;
  }
  return best;
}

}  // namespace mptap

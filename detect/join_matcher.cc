#include "detect/join_matcher.h"

namespace mptap {
namespace {

/// The address of the initial subflow counts whatever was advertised or removed since: who forges that must not hide the
/// wrong joins that come to it.
bool knows(const Connection& connection, Role role, const IpAddress& address) {
  const FourTuple initial = connection.tuple;
  const Endpoint& end = role == Role::kInitiator ? initial.opener : initial.acceptor;
  return end.address == address || connection.host(role).knows(address);
}

/// How many of the join's two addresses the connection knows for the host it would belong to.
int addresses_known(const Connection& connection, Role acceptor_role, const FourTuple& tuple) {
  return (knows(connection, acceptor_role, tuple.acceptor.address) ? 2 : 0) +
         (knows(connection, other(acceptor_role), tuple.opener.address) ? 1 : 0);
}

}  // namespace

HostRef JoinMatcher::guess(Token token, const IpAddress& acceptor) const {
  const TokenIndex::Candidates candidates = tokens_.find(token);
  if (candidates.size() == 1) return candidates[0];
  for (const HostRef& candidate : candidates) {
    const Connection* connection = connections_.find(candidate.connection);
    if (connection == nullptr) continue;
    for (const KnownAddress known : connection->host(candidate.role).addresses) {
      if (known.address == acceptor) return candidate;
    }
  }
  return {};
}

JoinMatch JoinMatcher::match(const Subflow& join) {
  JoinMatch best;
  int best_rank = -1;
  if (join.syn_seen) {
    for (const HostRef& candidate : tokens_.find(join.token)) {
      Connection* connection = connections_.find(candidate.connection);
      if (connection == nullptr) continue;
      const Verdict verdict = prover_.verify_syn_ack(*connection, candidate.role, join);
      if (verdict.proof == Proof::kValid) return {connection, candidate.role, MatchedBy::kHmac, verdict};
      const int known = addresses_known(*connection, candidate.role, join.tuple);
      // A wrong HMAC at an address that the connection does not know is somebody else's join.
      if (verdict.proof == Proof::kInvalid && known < 2) continue;
      const bool untested = verdict.proof == Proof::kUnverified && verdict.why != Unverified::kDoubt;
      const int rank = known + (untested ? 4 : 0);
      if (rank <= best_rank) continue;
      best = {connection, candidate.role, MatchedBy::kToken, verdict};
      best_rank = rank;
    }
    if (best.connection != nullptr) return best;
  }
  const HostRef host = keyless_.find_by_address(join.tuple);
  if (!host.connection.is_set()) return {};
  return {connections_.find(host.connection), host.role, MatchedBy::kAddress, {}};
}

}  // namespace mptap

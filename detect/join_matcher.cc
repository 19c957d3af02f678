#include "detect/join_matcher.h"

#include <algorithm>

namespace mptap {
namespace {

/// How many of the join's two addresses the connection knows for the host it would belong to.
int addresses_known(const Connection& connection, Role acceptor_role, const FourTuple& tuple) {
  return (connection.host(acceptor_role).knows(tuple.acceptor.address) ? 2 : 0) +
         (connection.host(other(acceptor_role)).knows(tuple.opener.address) ? 1 : 0);
}

}  // namespace

Proof JoinMatcher::verify_syn_ack(const Connection& connection, Role acceptor_role, const Subflow& join) {
  if (!connection.has_both_keys() || !connection.version || !join.syn_seen) return Proof::kUnverified;
  const JoinHmac expected = crypto_.derive_join_hmac(
      *connection.version, *connection.host(acceptor_role).key, *connection.host(other(acceptor_role)).key,
      join.acceptor_nonce, join.opener_nonce);
  return std::equal(join.synack_hmac.begin(), join.synack_hmac.end(), expected.begin()) ? Proof::kValid
                                                                                        : Proof::kInvalid;
}

Proof JoinMatcher::verify_ack(const Connection& connection, Role acceptor_role, const Subflow& join) {
  if (!connection.has_both_keys() || !connection.version || !join.syn_seen || !join.has_ack_hmac) {
    return Proof::kUnverified;
  }
  const JoinHmac expected = crypto_.derive_join_hmac(
      *connection.version, *connection.host(other(acceptor_role)).key, *connection.host(acceptor_role).key,
      join.opener_nonce, join.acceptor_nonce);
  return join.ack_hmac == expected ? Proof::kValid : Proof::kInvalid;
}

JoinMatch JoinMatcher::match(const Subflow& join) {
  JoinMatch best;
  int best_rank = -1;
  if (join.syn_seen) {
    for (const HostRef& candidate : tokens_.find(join.token)) {
      Connection* connection = connections_.find(candidate.connection);
      if (connection == nullptr) continue;
      const Proof proof = verify_syn_ack(*connection, candidate.role, join);
      if (proof == Proof::kValid) return {connection, candidate.role, MatchedBy::kHmac, proof};
      const int known = addresses_known(*connection, candidate.role, join.tuple);
      // A wrong HMAC at an address that the connection does not know is somebody else's join.
      if (proof == Proof::kInvalid && known < 2) continue;
      const int rank = known + (proof == Proof::kUnverified ? 4 : 0);
      if (rank <= best_rank) continue;
      best = {connection, candidate.role, MatchedBy::kToken, proof};
      best_rank = rank;
    }
    if (best.connection != nullptr) return best;
  }
  const HostRef host = keyless_.find_by_address(join.tuple);
  if (!host.connection.is_set()) return {};
  return {connections_.find(host.connection), host.role, MatchedBy::kAddress, Proof::kUnverified};
}

}  // namespace mptap

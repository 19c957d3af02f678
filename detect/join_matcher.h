// Which connection an answered join belongs to, and how sure that is.
#pragma once

#include "detect/connection_table.h"
#include "detect/keyless_index.h"
#include "detect/prover.h"
#include "detect/token_index.h"

namespace mptap {

struct JoinMatch {
  Connection* connection = nullptr;  // nullptr: none fits
  Role acceptor_role = Role::kResponder;
  MatchedBy matched_by = MatchedBy::kNone;
  Verdict syn_ack{};
};

/// Candidates carry the token of the SYN; the HMAC of the SYN/ACK settles between them, which only the keys of
/// the right connection can produce; addresses decide where keys were not seen.
/// Control thread; at most TokenIndex::kMaxCandidates HMACs a call.
class JoinMatcher {
 public:
  JoinMatcher(ConnectionTable& connections, const TokenIndex& tokens, KeylessIndex& keyless, Prover& prover)
      : connections_(connections), tokens_(tokens), keyless_(keyless), prover_(prover) {}

  /// @param join  An answered join; its token and nonces are set where syn_seen is.
  [[nodiscard]] JoinMatch match(const Subflow& join);

  /// The host that a join's SYN seems to be meant for, by token and address alone: for what is said of attempts.
  ///
  /// @return Unset where no connection carries the token, or several do and none knows the address.
  [[nodiscard]] HostRef guess(Token token, const IpAddress& acceptor) const;

 private:
  ConnectionTable& connections_;
  const TokenIndex& tokens_;
  KeylessIndex& keyless_;
  Prover& prover_;
};

}  // namespace mptap

// Which connection an answered join belongs to, and how sure that is.
#pragma once

#include "detect/connection_table.h"
#include "detect/crypto.h"
#include "detect/keyless_index.h"
#include "detect/token_index.h"

namespace mptap {

struct JoinMatch {
  Connection* connection = nullptr;  // nullptr: none fits
  Role acceptor_role = Role::kResponder;
  MatchedBy matched_by = MatchedBy::kNone;
  Proof hmac_synack = Proof::kUnverified;
};

/// Candidates carry the token of the SYN; the HMAC of the SYN/ACK settles between them, which only the keys of
/// the right connection can produce; addresses decide where keys were not seen.
/// Control thread; at most TokenIndex::kMaxCandidates HMACs a call.
class JoinMatcher {
 public:
  JoinMatcher(ConnectionTable& connections, const TokenIndex& tokens, KeylessIndex& keyless, Crypto& crypto)
      : connections_(connections), tokens_(tokens), keyless_(keyless), crypto_(crypto) {}

  /// @param join  An answered join; its token and nonces are set where syn_seen is.
  [[nodiscard]] JoinMatch match(const Subflow& join);

  /// Whether the SYN/ACK's HMAC is that of the connection's keys (RFC 8684 section 3.2).
  [[nodiscard]] Proof verify_syn_ack(const Connection& connection, Role acceptor_role, const Subflow& join);

  /// The same for the third ACK.
  [[nodiscard]] Proof verify_ack(const Connection& connection, Role acceptor_role, const Subflow& join);

 private:
  ConnectionTable& connections_;
  const TokenIndex& tokens_;
  KeylessIndex& keyless_;
  Crypto& crypto_;
};

}  // namespace mptap

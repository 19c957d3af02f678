#include "detect/prover.h"

#include <algorithm>

namespace mptap {

bool Prover::try_spend() {
  if (spent_ >= per_second_) {
    ControlCounters::add(counters_.crypto_shed);
    return false;
  }
  ++spent_;
  return true;
}

std::optional<KeyDigest> Prover::try_digest(std::uint8_t version, Key key) {
  if (!try_spend()) return std::nullopt;
  const KeyDigest digest = crypto_.derive_digest(version, key);
  wipe_stack();
  return digest;
}

/// Has a frame of its own, which may hold copies of keys: its caller wipes it, before a notice is built there.
template <typename Fits>
[[gnu::noinline]] Verdict Prover::try_keys(const Connection& connection, Role first, Fits&& fits) {
  if (!connection.has_both_keys() || !connection.version()) return {Proof::kUnverified, Unverified::kKeys};
  const Host& one = connection.host(first);
  const Host& two = connection.host(other(first));
  for (const auto& first_key : {one.key(), connection.rare_of(first).other_key}) {
    for (const auto& second_key : {two.key(), connection.rare_of(other(first)).other_key}) {
      if (!first_key || !second_key) continue;
      if (!try_spend()) return {Proof::kUnverified, Unverified::kBudget};
      if (fits(*first_key, *second_key)) return {Proof::kValid, Unverified::kNone};
    }
  }
  if (!connection.keys_are_sure()) return {Proof::kUnverified, Unverified::kDoubt};
  return {Proof::kInvalid, Unverified::kNone};
}

template <typename Fits>
Verdict Prover::verify(const Connection& connection, Role first, Fits&& fits) {
  const Verdict verdict = try_keys(connection, first, fits);
  wipe_stack();
  return verdict;
}

Verdict Prover::verify_syn_ack(const Connection& connection, Role acceptor_role, const Subflow& join) {
  if (!join.syn_seen || join.syn_ack_ns() == 0) return {Proof::kUnverified, Unverified::kHandshake};
  return verify(connection, acceptor_role, [&](Key acceptor_key, Key opener_key) {
    const JoinHmac expected = crypto_.derive_join_hmac(*connection.version(), acceptor_key, opener_key,
                                                       join.acceptor_nonce, join.opener_nonce);
    const auto& seen = join.extra.read().synack_hmac;
    return std::equal(seen.begin(), seen.end(), expected.begin());
  });
}

Verdict Prover::verify_ack(const Connection& connection, Role acceptor_role, const Subflow& join) {
  if (!join.syn_seen || join.syn_ack_ns() == 0 || !join.has_ack_hmac) {
    return {Proof::kUnverified, Unverified::kHandshake};
  }
  return verify(connection, other(acceptor_role), [&](Key opener_key, Key acceptor_key) {
    return join.extra.read().ack_hmac == crypto_.derive_join_hmac(*connection.version(), opener_key, acceptor_key,
                                                     join.opener_nonce, join.acceptor_nonce);
  });
}

Verdict Prover::verify_address(const Connection& connection, Role sender, const AddAddrBody& add) {
  if (!add.has_hmac) return {};
  struct Form {
    const char* name;
    std::ptrdiff_t at;  // in the 32 bytes
  };
  constexpr Form kForms[] = {{"last_8_of_32", 24}, {"last_8_of_20", 12}, {"first_8", 0}};
  const char* form = "";
  Verdict verdict = verify(connection, sender, [&](Key sender_key, Key receiver_key) {
    const AddressHmac full = crypto_.derive_address_hmac(sender_key, receiver_key, add.address_id, add.address,
                                                         add.has_port ? add.port : std::uint16_t{0});
    for (const Form& known : kForms) {
      if (!std::equal(add.hmac.begin(), add.hmac.end(), full.begin() + known.at)) continue;
      form = known.name;
      return true;
    }
    return false;
  });
  verdict.form = form;
  return verdict;
}

}  // namespace mptap

// What the keys prove: HMACs of joins and addresses, within a budget of hashes a second.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/record.h"
#include "detect/connection.h"
#include "detect/control_counters.h"
#include "detect/crypto.h"

namespace mptap {

struct Verdict {
  Proof proof = Proof::kUnverified;
  Unverified why = Unverified::kNone;  // where unverified
  const char* form = "";               // of an ADD_ADDR's HMAC, where it is valid
};

/// Control thread. Nothing is guessed: what the budget does not allow stays unverified and is counted.
///
/// A host whose key was contradicted has two keys (Host::other_key); either may be the true one, so an HMAC is
/// wrong only where it fits none. While nothing has confirmed the keys, what they disprove is in doubt.
class Prover {
 public:
  /// @param per_second  Hashes and HMACs a second of packet time, at least 1.
  Prover(Crypto& crypto, ControlCounters& counters, std::uint32_t per_second)
      : crypto_(crypto), counters_(counters), per_second_(per_second) {}

  /// Packet time has come to `now_ns`.
  void advance(std::uint64_t now_ns) {
    const std::uint64_t second = now_ns / kNsPerSecond;
    if (second == second_) return;
    second_ = second;
    spent_ = 0;
  }

  /// Token and IDSN of `key`, unless the budget is spent.
  [[nodiscard]] std::optional<KeyDigest> try_digest(std::uint8_t version, Key key);

  /// Whether the SYN/ACK's HMAC is that of the connection's keys (RFC 8684 section 3.2). At most 4 HMACs.
  [[nodiscard]] Verdict verify_syn_ack(const Connection& connection, Role acceptor_role, const Subflow& join);

  /// The same for the third ACK.
  [[nodiscard]] Verdict verify_ack(const Connection& connection, Role acceptor_role, const Subflow& join);

  /// Whether an ADD_ADDR's HMAC is that of the connection's keys, in any of the three forms that hosts use: the
  /// last 8 of 32 bytes (RFC 8684 section 3.4.1), the last 8 of the first 20, the first 8. At most 4 HMACs.
  [[nodiscard]] Verdict verify_address(const Connection& connection, Role sender, const AddAddrBody& add);

 private:
  [[nodiscard]] bool try_spend();

  /// Calls `fits(first's key, second's key)` for all pairs of keys that the hosts may have.
  template <typename Fits>
  [[nodiscard]] Verdict verify(const Connection& connection, Role first, Fits&& fits);
  template <typename Fits>
  [[nodiscard]] Verdict try_keys(const Connection& connection, Role first, Fits&& fits);

  Crypto& crypto_;
  ControlCounters& counters_;
  const std::uint32_t per_second_;
  std::uint64_t second_ = 0;
  std::uint32_t spent_ = 0;
};

}  // namespace mptap

// The records of connections whose keys, tokens and HMACs are right, as a worker would send them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/record.h"

namespace mptap::bench {

/// What both hosts of one connection know, and what follows from it; derived beforehand by the tests' own crypto.
struct Pair {
  std::array<std::uint64_t, 2> key;    // [0] the initiator's
  std::array<std::uint64_t, 2> idsn;
};

/// A join that the responder of its connection accepts.
struct Join {
  Token token;
  std::uint32_t opener_nonce;
  std::array<std::uint8_t, 20> syn_ack_hmac;
  std::array<std::uint8_t, 20> ack_hmac;
};

/// Connection `number`, version 1; the same for the same number.
[[nodiscard]] Pair derive_pair(std::uint64_t number);

/// A join of the connection; both its HMACs are what the keys demand. Joins with one nonce are one, seen twice.
[[nodiscard]] Join derive_join(const Pair& pair, std::uint32_t opener_nonce);

/// Writes the records of subflows, in the order of time: each call is one record, or a few.
///
/// Slots are the caller's: a slot is used again by opening it with another generation.
class RecordLoad {
 public:
  /// Packet time between two records.
  explicit RecordLoad(std::uint64_t step_ns) : step_ns_(step_ns) {}

  /// Names a subflow; `number` is that of its connection.
  struct Path {
    std::uint64_t number;
    std::uint32_t slot;
    std::uint16_t generation;
    bool joined;
  };

  Record opened_capable(const Path& path);
  Record syn_ack_capable(const Path& path, const Pair& pair);
  Record capable_ack(const Path& path, const Pair& pair);
  Record opened_join(const Path& path, const Join& join);
  Record syn_ack_join(const Path& path, const Join& join);
  Record join_ack(const Path& path, const Join& join);
  Record first_dss(const Path& path, const Pair& pair, bool from_opener);
  Record data_fin(const Path& path, bool from_opener);
  Record fin(const Path& path, bool from_opener);

  /// @param bytes  Mapped by this direction of this subflow so far.
  Record counters(const Path& path, const Pair& pair, bool from_opener, std::uint64_t bytes, bool last);
  Record closed(const Path& path);

  /// The packet time of the next record.
  std::uint64_t now_ns = 1'700'000'000 * kNsPerSecond;

 private:
  Record next(const Path& path, RecordKind kind, bool from_opener);
  Record opened(const Path& path, const SynOption& syn);

  const std::uint64_t step_ns_;
};

}  // namespace mptap::bench

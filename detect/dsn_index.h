// Connections by the data sequence numbers of their hosts: for subflows that neither keys nor addresses place.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "dataplane/seeded_hash.h"
#include "detect/connection_table.h"
#include "detect/token_index.h"

namespace mptap {

/// Control thread. An entry a host whose 64-bit numbers are known; it leaves with its connection, or, if its
/// removal is forgotten, when it is found dead. Grows with the connection table, which is bounded.
///
/// By chance a DSN lies within kNear behind another's with probability 2^-27 for each host in the index.
class DsnIndex {
 public:
  /// How far behind the number that was noted a DSN may lie to continue it: 64 GiB of data.
  static constexpr std::uint64_t kNear = 1ull << 36;

  DsnIndex(ConnectionTable& connections, std::uint64_t seed) : connections_(connections), index_(64, Hash{SeededHash(seed)}) {}

  /// @param dsn  A number of what the host sends, 64 bits: its IDSN or what a mapping or data ACK told.
  void add(std::uint64_t dsn, const HostRef& host);
  void remove(std::uint64_t dsn, const HostRef& host);

  /// The host whose data `dsn` continues; unset where there is none, or more than one.
  [[nodiscard]] HostRef find(std::uint64_t dsn);

 private:
  static constexpr std::size_t kMaxPerBlock = 16;  // whoever makes keys for more gets the rest ignored

  struct Entry {
    std::uint64_t dsn;
    HostRef host;
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(std::uint64_t block) const { return hash.of64(block); }
  };
  ConnectionTable& connections_;
  std::unordered_multimap<std::uint64_t, Entry, Hash> index_;
};

}  // namespace mptap

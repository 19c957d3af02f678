// Connections by the data sequence numbers of their hosts: for subflows that neither keys nor addresses place.
#pragma once

#include <cstdint>

#include "dataplane/seeded_hash.h"
#include "detect/connection_table.h"
#include "detect/flat_table.h"
#include "detect/host_ref.h"

namespace mptap {

/// Control thread. An entry a host whose 64-bit numbers are known; it leaves with its connection, or, if its
/// removal is forgotten, when it is found dead. Grows with the connection table, which is bounded.
///
/// By chance a DSN lies within kNear behind another's with probability 2^-27 for each host in the index.
class DsnIndex {
 public:
  /// How far behind the number that was noted a DSN may lie to continue it: 64 GiB of data.
  static constexpr std::uint64_t kNear = 1ull << 36;

  DsnIndex(ConnectionTable& connections, std::uint64_t seed) : connections_(connections), table_(Hash{SeededHash(seed)}) {}

  /// @param dsn  A number of what the host sends, 64 bits: its IDSN or what a mapping or data ACK told.
  void add(std::uint64_t dsn, const HostRef& host);
  void remove(std::uint64_t dsn, const HostRef& host);

  void prefetch(std::uint64_t dsn) const { table_.prefetch(Block{dsn}); }

  /// The host whose data `dsn` continues; unset where there is none, or more than one.
  [[nodiscard]] HostRef find(std::uint64_t dsn);

 private:
  static constexpr std::size_t kMaxPerBlock = 16;  // whoever makes keys for more gets the rest ignored

  /// Numbers that are near each other have one key, or neighbours.
  struct Block {
    std::uint64_t dsn = 0;
    [[nodiscard]] std::uint64_t number() const { return dsn / kNear; }
    friend bool operator==(const Block& a, const Block& b) { return a.number() == b.number(); }
  };
  struct Entry {
    Block key;
    PackedHostRef host;
    [[nodiscard]] bool is_empty() const { return !host.is_set(); }
    friend bool operator==(const Entry& a, const Entry& b) { return a.key.dsn == b.key.dsn && a.host == b.host; }
  };
  struct Hash {
    SeededHash hash;
    std::uint64_t operator()(const Block& block) const { return hash.of64(block.number()); }
  };
  ConnectionTable& connections_;
  FlatTable<Entry, Hash> table_;
};

}  // namespace mptap

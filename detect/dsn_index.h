// Connections by the data sequence numbers of their hosts: for subflows that neither keys nor addresses place.
#pragma once

#include <cstdint>

#include "dataplane/seeded_hash.h"
#include "detect/connection_table.h"
#include "detect/flat_table.h"
#include "detect/host_ref.h"

namespace mptap {

/// Control thread. An entry for each 64-bit number by which a host may be found, which leaves before its connection does: the
/// host has the number itself (Host::idsn, HostExtra::noted_dsn). Grows with the connection table, which is bounded.
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

  void prefetch(std::uint64_t dsn) const { table_.prefetch(block_of(dsn)); }

  /// The host whose data `dsn` continues; unset where there is none, or more than one.
  [[nodiscard]] HostRef find(std::uint64_t dsn) const;

 private:
  static constexpr std::size_t kMaxPerBlock = 16;  // whoever makes keys for more gets the rest ignored

  /// Numbers that are near each other have one key, or neighbours.
  static std::uint32_t block_of(std::uint64_t dsn) { return static_cast<std::uint32_t>(dsn / kNear); }
  static_assert(~std::uint64_t{0} / kNear <= 0xffffffff);

  struct Entry {
    std::uint32_t key = 0;  // the block
    PackedHostRef host;
    [[nodiscard]] bool is_empty() const { return !host.is_set(); }
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct Hash {
    SeededHash hash;
    std::uint64_t operator()(std::uint32_t block) const { return hash.of64(block); }
  };
  ConnectionTable& connections_;
  FlatTable<Entry, Hash> table_;
};

}  // namespace mptap

// Every connection that carries a token. Tokens are unique per host only, so there may be several.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/seeded_hash.h"
#include "detect/connection_table.h"
#include "detect/flat_table.h"
#include "detect/host_ref.h"

namespace mptap {

/// Control thread. Entries are of connections in the table, which is bounded, and leave before those do.
class TokenIndex {
 public:
  /// Candidates kept for one token; whoever makes keys for more gets the rest ignored.
  static constexpr std::size_t kMaxCandidates = 16;

  /// The hosts that carry a token, oldest first; stays as it is whatever becomes of the index.
  class Candidates {
   public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] const HostRef& operator[](std::size_t at) const { return hosts_[at]; }
    [[nodiscard]] const HostRef* begin() const { return hosts_.data(); }
    [[nodiscard]] const HostRef* end() const { return hosts_.data() + size_; }

   private:
    friend TokenIndex;
    std::size_t size_ = 0;
    std::array<HostRef, kMaxCandidates> hosts_;
  };

  TokenIndex(ConnectionTable& connections, std::uint64_t seed) : connections_(connections), table_(Hash{SeededHash(seed)}) {}

  /// @return True where another connection carries the token already.
  bool add(Token token, const HostRef& host);
  void remove(Token token, const HostRef& host);
  [[nodiscard]] Candidates find(Token token) const;
  [[nodiscard]] bool contains(Token token) const;
  void prefetch(Token token) const { table_.prefetch(token.value); }

 private:
  struct Entry {
    std::uint32_t key = 0;
    PackedHostRef host;
    [[nodiscard]] bool is_empty() const { return !host.is_set(); }
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct Hash {
    SeededHash hash;
    std::uint64_t operator()(std::uint32_t token) const { return hash.of64(token); }
  };
  ConnectionTable& connections_;
  FlatTable<Entry, Hash> table_;
};

}  // namespace mptap

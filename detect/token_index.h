// Every connection that carries a token. Tokens are unique per host only, so there may be several.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "dataplane/seeded_hash.h"
#include "detect/connection.h"

namespace mptap {

/// One host of one connection.
struct HostRef {
  ConnectionRef connection;
  Role role = Role::kResponder;
  friend bool operator==(const HostRef&, const HostRef&) = default;
};

/// Control thread. Memory grows with the connections in the table, which is bounded.
class TokenIndex {
 public:
  /// Candidates kept for one token; whoever makes keys for more gets the rest ignored.
  static constexpr std::size_t kMaxCandidates = 16;

  explicit TokenIndex(std::uint64_t seed) : index_(1024, Hash{SeededHash(seed)}) {}

  /// @return True where another connection carries the token already.
  bool add(Token token, const HostRef& host);
  void remove(Token token, const HostRef& host);
  [[nodiscard]] std::span<const HostRef> find(Token token) const;

 private:
  struct Hash {
    SeededHash hash;
    std::size_t operator()(std::uint32_t token) const { return hash.of64(token); }
  };
  std::unordered_map<std::uint32_t, std::vector<HostRef>, Hash> index_;
};

}  // namespace mptap

// Connections whose token at some host is unknown: found by address, as the thesis did.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "detect/address_hash.h"
#include "detect/connection_table.h"
#include "detect/token_index.h"

namespace mptap {

/// Control thread; bounded memory: past the limits the oldest connections are no longer found.
class KeylessIndex {
 public:
  KeylessIndex(ConnectionTable& connections, std::uint64_t seed)
      : connections_(connections), by_address_(256, AddressHash(seed)) {}

  /// Notes an address of a host whose token is unknown.
  void add(const IpAddress& address, const HostRef& host);

  /// The connection that fits a join best whose acceptor is reached at `tuple.acceptor`: the acceptor's address
  /// is known, its token is not; connections that also know the opener's address come first, then newer ones.
  [[nodiscard]] HostRef find_by_address(const FourTuple& tuple);

 private:
  static constexpr std::size_t kMaxAddresses = 65'536;
  static constexpr std::size_t kMaxPerAddress = 64;

  [[nodiscard]] bool is_open(const HostRef& host);

  ConnectionTable& connections_;
  std::unordered_map<IpAddress, std::vector<HostRef>, AddressHash> by_address_;
};

}  // namespace mptap

// A seeded hash of addresses for the standard containers of control.
#pragma once

#include "dataplane/seeded_hash.h"
#include "dataplane/types.h"

namespace mptap {

struct AddressHash {
  SeededHash hash;
  explicit AddressHash(std::uint64_t seed) : hash(seed) {}
  std::size_t operator()(const IpAddress& address) const { return hash.of16(address.bytes.data()); }
};

struct EndpointHash {
  SeededHash hash;
  explicit EndpointHash(std::uint64_t seed) : hash(seed) {}
  std::size_t operator()(const Endpoint& endpoint) const {
    return hash.of64(hash.of16(endpoint.address.bytes.data()) ^ endpoint.port);
  }
};

struct TokenHash {
  SeededHash hash;
  explicit TokenHash(std::uint64_t seed) : hash(seed) {}
  std::size_t operator()(Token token) const { return hash.of64(token.value); }
};

}  // namespace mptap

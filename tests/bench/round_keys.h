// New keys for the connections of a capture, round by round, with the tokens and HMACs that go with them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/mptcp_crypto.h"

namespace mptap::bench {

/// What a connection's derived values depend on, as the capture has it. Index 0 is the initiator, 1 the
/// responder.
struct ConnectionSeed {
  struct Join {
    std::size_t opener = 0;
    std::array<std::uint32_t, 2> nonce{};  // of opener and acceptor
  };
  struct Address {
    std::size_t sender = 0;
    std::uint8_t id = 0;
    testing::IpAddress address{};
    std::uint16_t port = 0;
  };
  static constexpr std::size_t kJoins = 2;
  int version = 1;
  std::array<std::uint64_t, 2> key{};
  std::array<Join, kJoins> join{};
  std::size_t joins = 0;
  Address address;
  bool has_address = false;
};

/// What stands in the frames of one connection in one round, in the order of the wire but for the shifts.
struct alignas(64) ConnectionKeys {
  std::array<std::uint64_t, 2> key;
  std::array<std::uint64_t, 2> shift;  // of the DSNs against the capture's; host order
  std::array<std::uint32_t, 2> token;
  std::uint64_t addr_hmac;
  std::array<std::uint64_t, ConnectionSeed::kJoins> hmac64;
  std::array<std::array<std::uint8_t, 20>, ConnectionSeed::kJoins> hmac;
};
static_assert(sizeof(ConnectionKeys) == 128);

/// The keys of all connections for a number of rounds, after which they come again.
class RoundKeys {
 public:
  RoundKeys() = default;
  /// @param cache  A file that holds them, or is made to hold them: deriving takes longer than reading.
  /// Empty: none.
  RoundKeys(const std::vector<ConnectionSeed>& connections, std::uint32_t rounds, const std::string& cache);

  [[nodiscard]] const ConnectionKeys* of_round(std::uint64_t round) const {
    return &keys_[(round % rounds_) * connections_];
  }
  [[nodiscard]] std::uint32_t rounds() const { return rounds_; }

 private:
  std::uint32_t rounds_ = 1;
  std::size_t connections_ = 0;
  std::unique_ptr<ConnectionKeys[]> keys_;
};

}  // namespace mptap::bench

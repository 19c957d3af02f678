#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/support/ip_address.h"
#include "tests/support/mptcp_crypto.h"

namespace mptap::testing {

/// What a tap can know of one subflow. `orig` is who sent the subflow's own SYN.
struct SubflowTruth {
  Endpoint orig;
  Endpoint resp;
  bool is_initial = false;
  std::string state = "attempted";  // established attempted denied refused reset partial
  std::optional<std::uint8_t> orig_address_id{};
  std::optional<std::uint8_t> resp_address_id{};
  bool backup = false;
  std::optional<bool> hmac_ok{};         // null: no HMAC seen, or not the keys to check it
  std::optional<std::size_t> copy_of{};  // the same subflow under other addresses (NAT): index
  // As captured; a frame that the tap delivered twice counts once, a retransmission twice.
  std::uint64_t orig_segments = 0;
  std::uint64_t orig_bytes = 0;
  std::uint64_t resp_segments = 0;
  std::uint64_t resp_bytes = 0;
};

/// What a tap can know of one MPTCP connection. Keys are not in it, and are never written.
struct ConnectionTruth {
  int version = 1;
  Endpoint orig;
  Endpoint resp;
  std::optional<Token> token_orig{};
  std::optional<Token> token_resp{};
  std::list<SubflowTruth> subflows{};  // a list, because flows keep references to elements
};

/// How many frames of each kind the capture holds; every frame is in exactly one of the first five.
struct FrameTruth {
  std::uint64_t tcp_segments = 0;  // with a whole TCP header; first fragments too
  std::uint64_t not_ip = 0;
  std::uint64_t not_tcp = 0;
  std::uint64_t fragments = 0;          // all but first ones
  std::uint64_t malformed = 0;          // IP or TCP header broken
  std::uint64_t malformed_options = 0;  // kind 30 options, not frames
};

/// Collects what really happened while a scenario runs and writes it as JSON.
///
/// References that it returns stay valid as long as it lives. Single-threaded.
class Truth {
 public:
  ConnectionTruth& add_connection();
  SubflowTruth& add_unmatched();
  FrameTruth& frames() { return frames_; }

  /// Expects `count` more notices of this name, of the five that README.md lists.
  void expect_notice(const std::string& note, std::uint64_t count = 1);

  /// Adds a member of the scenario's own under "extra".
  void set_extra(const std::string& name, nlohmann::ordered_json value);

  /// The document. `packets` is the number of frames in the capture file.
  [[nodiscard]] nlohmann::ordered_json to_json(std::uint64_t packets) const;

 private:
  std::list<ConnectionTruth> connections_;
  std::list<SubflowTruth> unmatched_;
  std::map<std::string, std::uint64_t> notices_;
  nlohmann::ordered_json extra_ = nlohmann::ordered_json::object();
  FrameTruth frames_;
};

}  // namespace mptap::testing

// Limits and times of the connection state. Set at start; a restart changes them.
#pragma once

#include <cstdint>

#include "dataplane/types.h"
#include "detect/evidence_options.h"

namespace mptap {

struct CorrelatorOptions {
  std::uint32_t max_connections = 1'000'000;                // 1024..16777216
  std::uint64_t linger_ns = 60 * kNsPerSecond;              // a connection without a live subflow keeps its tokens
  std::uint64_t join_grace_ns = 2 * kNsPerSecond;           // an answered join waits for its handshake
  std::uint32_t max_waiting_joins = 65'536;
  std::uint32_t crypto_per_second = 500'000;                // hashes and HMACs a second of packet time
  EvidenceOptions evidence;
};

}  // namespace mptap

// What a worker obeys. Set at start; a restart changes them.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/frame.h"
#include "dataplane/prefix.h"
#include "dataplane/types.h"

namespace mptap {

/// Limits and times of one worker's subflow table.
struct SubflowTableOptions {
  std::uint32_t capacity = 262'144;                            // subflows a worker, 1024..16777216
  std::uint64_t idle_timeout_ns = 3'600 * kNsPerSecond;        // a confirmed subflow without a packet ends
  std::uint64_t unanswered_timeout_ns = 75 * kNsPerSecond;     // a SYN without an answer is given up
  std::uint64_t midstream_timeout_ns = 120 * kNsPerSecond;     // a subflow whose start was not seen
  std::uint64_t linger_ns = 30 * kNsPerSecond;                 // a closed slot keeps off late copies
  std::uint32_t closed_share = 4;                              // closed slots hold 1/N of the table at most, 1..1024; live only
  std::uint32_t receiver_share = 16;                           // one receiver may hold 1/N of the unanswered slots
};

/// Which records a worker makes beyond the news (documented in docs/logs.md with what they cost).
struct RecordChoice {
  bool every_dss = false;      // one record for each DSS option
  bool every_option = false;   // one record for each MPTCP option not otherwise recorded
};

struct WorkerOptions {
  FrameOptions frame;
  SubflowTableOptions table;
  RecordChoice records;
  std::uint32_t refused_join_sample = 16;                  // of joins beyond `receiver_share`, one in N is told, 1..1024; live only
  std::uint64_t counters_interval_ns = 10 * kNsPerSecond;  // periodic counter records of a moving subflow
  std::vector<Prefix> spared;                              // inline: addresses whose packets are never held back
  std::uint32_t ring_capacity = 65'536;                    // records, a power of two
  std::uint32_t overflow_capacity = 65'536;                // vital records beyond these: the reserve of the ring
};

}  // namespace mptap

// What detectors obey; each struct belongs to the detector of its name. Reloadable.
#pragma once

#include <cstdint>

#include "dataplane/types.h"

namespace mptap {

struct JoinFloodOptions {
  bool enabled = true;
  std::uint32_t threshold = 1'000;                    // joins not completed, to one receiver
  std::uint64_t interval_ns = 10 * kNsPerSecond;      // within this much packet time
  std::uint32_t max_receivers = 65'536;               // receivers watched at once; the least active leave first
  std::uint32_t top_sources = 5;                      // named in the notice, 0..16
};

struct DuplicateAddAddrOptions {
  bool enabled = true;
  bool repeats = true;                                // also tell of v0 repeats (informational)
};

struct KeyChangeOptions {
  bool enabled = true;
};

struct UnknownJoinOptions {
  bool enabled = true;
};

struct RejectedOptions {
  bool enabled = true;
};

struct DetectorOptions {
  JoinFloodOptions join_flood;
  DuplicateAddAddrOptions duplicate_add_addr;
  KeyChangeOptions key_change;
  UnknownJoinOptions unknown_join;
  RejectedOptions rejected;
};

}  // namespace mptap

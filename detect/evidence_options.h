// What is kept of packets for notices. Set at start; a restart changes it.
#pragma once

#include <cstdint>

#include "dataplane/types.h"

namespace mptap {

struct EvidenceOptions {
  bool packet = false;                          // a notice carries the headers of the packet that raised it
  bool capture = false;                         // signalling packets around a notice go to a capture
  std::uint64_t window_ns = 5 * kNsPerSecond;   // this long before the notice, and after it
  std::uint32_t history = 4'096;                // packets that are remembered

  [[nodiscard]] bool any() const { return packet || capture; }
};

}  // namespace mptap

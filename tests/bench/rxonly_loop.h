// What dpdk-testpmd --forward-mode=rxonly does, with the bench's changes to each packet.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/bench/rewriting_source.h"

namespace mptap::bench {

/// Takes a burst of packets from a device's queue, changes them and gives them back.
/// @return How many there were. A worker's thread.
std::size_t receive_and_free(std::uint16_t device, std::uint16_t queue, Rewriter& rewriter) noexcept;

}  // namespace mptap::bench

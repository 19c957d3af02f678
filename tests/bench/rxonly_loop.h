// What dpdk-testpmd does in its modes rxonly and io, with the bench's changes to each packet.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/bench/rewriting_source.h"

namespace mptap::bench {

/// Takes a burst of packets from a device's queue, changes them and gives them back.
/// @return How many there were. A worker's thread.
std::size_t receive_and_free(std::uint16_t device, std::uint16_t queue, Rewriter& rewriter) noexcept;

/// The same, but sends them by the partner's queue of the same number; what it does not take is given back.
std::size_t receive_and_send(std::uint16_t device, std::uint16_t partner, std::uint16_t queue, Rewriter& rewriter) noexcept;

}  // namespace mptap::bench

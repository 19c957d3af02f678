// Sends what came in on a port of a pair out by the other one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/dpdk_ports.h"
#include "dataplane/forward_counters.h"

struct rte_mbuf;

namespace mptap {

/// One worker's way out of all inline ports. Made by the main thread; send() belongs to the worker's thread, read() to any.
class DpdkForwarder {
 public:
  /// @param worker  Sends by queue `worker` of each partner.
  /// @param queues  What the worker polls; those without a partner only listen.
  DpdkForwarder(std::uint16_t worker, const std::vector<DpdkPorts::Queue>& queues);

  /// Gives the buffers of one poll of one queue away: to the partner, or back to their pool where the queue only listens, the
  /// frame is held back, or the partner does not take it. Their order stays.
  ///
  /// @param queue    What they came from, as given at construction.
  /// @param index    Its place there.
  /// @param buffers  At most 64; gone afterwards, whatever stands there.
  /// @param dropped  Bit i: buffer i is held back.
  /// @param unusual  Bit i: buffer i is longer than `queue.usual_bytes()`.
  /// No allocation, no throw; tries a full queue a bounded number of times.
  void send(const DpdkPorts::Queue& queue, std::size_t index, std::span<rte_mbuf*> buffers, std::uint64_t dropped,
            std::uint64_t unusual) noexcept;

  /// What became of the frames of port `port`; zeros where it only listens.
  [[nodiscard]] ForwardTally read(std::uint16_t port) const noexcept;

 private:
  std::uint16_t worker_;
  std::vector<std::uint16_t> ports_;             // of the counters
  std::unique_ptr<ForwardCounters[]> counters_;  // one a queue
};

}  // namespace mptap

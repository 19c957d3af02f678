// A worker's queues of all ports as a packet source.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/dpdk_forwarder.h"
#include "dataplane/dpdk_ports.h"
#include "dataplane/live_clock.h"
#include "dataplane/packet_source.h"

struct rte_mbuf;

namespace mptap {

/// Polls one queue of every port. The packets are views into DPDK's buffers, which go on, or back, with release().
/// Made by the main thread; receive() belongs to the worker's thread, which has called Eal::enter_worker().
/// On cache lines of its own: the next worker's source, which is made right after it, is written by another thread.
class alignas(64) DpdkSource final : public PacketSource {
 public:
  /// @param ports   Outlives the source.
  /// @param worker  Polls queue `worker`, and counts from 0.
  DpdkSource(const DpdkPorts& ports, std::uint32_t worker);
  /// Gives the last buffers back. The worker's thread, or the main thread once the worker's has ended.
  ~DpdkSource() override;

  /// As PacketSource says; never kFinished, never kFailed. The ports take turns to be asked first.
  ReceiveStatus receive(Burst& burst) noexcept override;

  /// Within the first part of the packet's buffer.
  bool overwrite(std::uint8_t place, std::uint32_t at, std::span<const std::uint8_t> bytes) noexcept override;

  /// Sends on what came in on a port of a pair, and gives the other buffers back.
  void release(std::uint64_t dropped) noexcept override;

  [[nodiscard]] bool is_live() const override { return true; }

  /// What became of the frames of port `port`. Any thread.
  [[nodiscard]] ForwardTally forwarded(std::uint16_t port) const noexcept { return forwarder_.read(port); }

  /// When the last receive() looked, packets or not: nanoseconds since the epoch that never go back, even
  /// where the clock is set back. The worker's thread.
  [[nodiscard]] std::uint64_t time_ns() const noexcept override { return clock_.time_ns(); }

 private:
  struct Scratch;
  /// The buffers of one queue in the burst.
  struct Run {
    std::size_t queue;
    std::size_t begin;
    std::size_t end;
  };
  void view_packets(const DpdkPorts::Queue& queue, const Run& run, Burst& burst) noexcept;
  void view_parts(std::size_t index, PacketView& packet) noexcept;
  void view_unusual(const DpdkPorts::Queue& queue, std::size_t index, PacketView& packet) noexcept;

  std::vector<DpdkPorts::Queue> queues_;
  std::uint16_t worker_;
  std::size_t first_ = 0;  // index of the queue to be asked first
  std::size_t held_ = 0;
  std::uint64_t unusual_ = 0;  // of these: longer than usual
  std::vector<Run> runs_;  // of the buffers that are held, in their order
  DpdkForwarder forwarder_;
  LiveClock clock_;
  std::array<rte_mbuf*, Burst::kCapacity> buffers_{};
  std::unique_ptr<Scratch> scratch_;  // heads of packets that come in parts
};
static_assert(alignof(DpdkSource) == 64 && sizeof(DpdkSource) % 64 == 0);

}  // namespace mptap

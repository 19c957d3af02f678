// The device arguments and buffer sizes of the ports we make: pure arithmetic, no DPDK.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/port_options.h"

namespace mptap {

/// The ring that the kernel writes frames to, of an af_packet port's queue (packet(7), PACKET_RX_RING).
struct PacketRing {
  std::uint32_t slot_bytes = 0;    // one frame and the kernel's header before it
  std::uint32_t block_bytes = 0;   // whole pages and whole slots
  std::uint32_t slots = 0;         // a multiple of the slots in a block
  std::uint32_t frame_bytes = 0;   // longest frame that a slot holds; longer ones are cut to it
  std::uint32_t locked_bytes = 0;  // of this queue; DPDK maps an unused ring of the same size for sending
};

/// Fits a ring to the longest frame, with as little memory lost in blocks as can be.
///
/// @param max_frame_bytes  64 or more; from 64958 on, frame_bytes is less.
/// @param slots            At least so many.
/// Source: the kernel's packet_set_ring(); DPDK's af_packet driver, which needs slots without gaps between
/// blocks.
[[nodiscard]] PacketRing fit_packet_ring(std::uint32_t max_frame_bytes, std::uint32_t slots);

/// In a packet buffer of an af_xdp port: the kernel wants a buffer, its headers included, within one page.
constexpr std::uint32_t kXdpDataBytes = 3840 - 128;  // kBufferHeadroomBytes
/// Longest frame there: 256 bytes stay free for XDP programs.
constexpr std::uint32_t kXdpFrameBytes = kXdpDataBytes - 256;
/// Buffers in the ring that DPDK gives the kernel, of its own size.
constexpr std::uint32_t kXdpFillBuffers = 4096;

/// Memory that an interface port locks.
[[nodiscard]] std::uint64_t locked_bytes_of(const PortOptions& port, std::uint32_t max_frame_bytes,
                                            std::uint32_t workers);

/// A DPDK virtual device: `name` and the arguments after its comma.
struct Vdev {
  std::string name;
  std::string arguments;
};

/// The virtual device of an interface port.
///
/// @param port     Its `interface` is set.
/// @param index    Distinguishes the devices: the port's index.
/// @param workers  Queues.
[[nodiscard]] Vdev build_interface_vdev(const PortOptions& port, std::uint32_t index, std::uint32_t workers,
                                        std::uint32_t max_frame_bytes);

/// Splits what the user wrote, `net_null0,size=64`, at its first comma.
[[nodiscard]] Vdev split_vdev(const std::string& text);

/// The packet buffers of one port.
struct BufferPlan {
  std::uint32_t room_bytes = 0;    // of one buffer, headroom included; at most 65535
  std::uint32_t buffers = 0;       // 2^n - 1, as mempools like it
  std::uint64_t memory_bytes = 0;  // what all take, about
};

struct BufferNeed {
  std::uint32_t data_bytes = 0;  // longest frame or part of one that a buffer holds
  std::uint32_t queues = 1;
  std::uint32_t held_a_queue = 0;   // buffers that lie in the device's descriptors
  bool whole_pages = false;         // for a card's DMA: no buffer shares a page's end with the next one
  bool as_many_as_allowed = false;  // for a device that keeps a file's packets in buffers
};

/// Sizes the buffers of one port.
///
/// @param need           What the port's driver holds.
/// @param most_buffers   This port's share of `mbufs`.
/// @param most_bytes     This port's share of `memory`.
/// @param plan           Set also on false, to what would be needed at least.
/// @return False where not even the least number fits.
[[nodiscard]] bool plan_buffers(const BufferNeed& need, std::uint32_t most_buffers, std::uint64_t most_bytes,
                                BufferPlan& plan);

/// A device keeps its copy of buffers in caches of so many a worker.
constexpr std::uint32_t kBufferCache = 256;
/// Before the frame in each buffer (RTE_PKTMBUF_HEADROOM; dpdk_ports.cc asserts it).
constexpr std::uint32_t kBufferHeadroomBytes = 128;

}  // namespace mptap

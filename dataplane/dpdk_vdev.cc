#include "dataplane/dpdk_vdev.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace mptap {
namespace {

constexpr std::uint32_t kPageBytes = 4096;
// What the kernel puts before a frame in a TPACKET_V2 slot: 52 bytes of header and 14 of link layer, aligned
// to 16 together, without the link layer's 14 (include/uapi/linux/if_packet.h, net/packet/af_packet.c).
constexpr std::uint32_t kSlotHeaderBytes = 80 - 14;
constexpr std::uint32_t kSlotAlignment = 512;     // then 8 slots are whole pages
constexpr std::uint32_t kMostSlotBytes = 65'024;  // a packet buffer has 65535 bytes, its headroom included
constexpr std::uint32_t kMostSlotsInBlock = 64;

constexpr std::uint32_t kMbufBytes = 128 + 64;  // rte_mbuf and the mempool's header
constexpr std::uint32_t kBurst = 64;

std::uint32_t round_up(std::uint32_t value, std::uint32_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

PacketRing fit_packet_ring(std::uint32_t max_frame_bytes, std::uint32_t slots) {
  const std::uint32_t least =
      std::min(round_up(max_frame_bytes + kSlotHeaderBytes, kSlotAlignment), kMostSlotBytes);
  const std::uint32_t most = std::min(least + least / 4, kMostSlotBytes);
  PacketRing best;
  double best_cost = std::numeric_limits<double>::max();
  std::uint32_t best_in_block = 1;
  for (std::uint32_t slot = least; slot <= most; slot += kSlotAlignment) {
    for (std::uint32_t in_block = 1; in_block <= kMostSlotsInBlock; ++in_block) {
      if (slot * in_block % kPageBytes != 0) continue;
      // The kernel takes a power of two of pages for a block.
      const double cost = static_cast<double>(std::bit_ceil(slot * in_block)) / in_block;
      if (cost >= best_cost) continue;
      best_cost = cost;
      best_in_block = in_block;
      best.slot_bytes = slot;
      best.block_bytes = slot * in_block;
    }
  }
  best.slots = round_up(slots, best_in_block);
  best.frame_bytes = best.slot_bytes - kSlotHeaderBytes;
  best.locked_bytes = best.slots * best.slot_bytes;
  return best;
}

std::uint64_t locked_bytes_of(const PortOptions& port, std::uint32_t max_frame_bytes, std::uint32_t workers) {
  if (port.driver == PortDriver::kAfXdp) {
    return std::uint64_t{kXdpFillBuffers + port.receive_descriptors} * 2 * kPageBytes * workers;
  }
  return 2ull * fit_packet_ring(max_frame_bytes, port.receive_descriptors).locked_bytes * workers;
}

Vdev build_interface_vdev(const PortOptions& port, std::uint32_t index, std::uint32_t workers,
                          std::uint32_t max_frame_bytes) {
  Vdev vdev;
  if (port.driver == PortDriver::kAfXdp) {
    vdev.name = "net_af_xdp" + std::to_string(index);
    vdev.arguments = "iface=" + port.interface + ",start_queue=0,queue_count=" + std::to_string(workers);
    return vdev;
  }
  const PacketRing ring = fit_packet_ring(max_frame_bytes, port.receive_descriptors);
  vdev.name = "net_af_packet" + std::to_string(index);
  vdev.arguments = "iface=" + port.interface + ",qpairs=" + std::to_string(workers) +
                   ",blocksz=" + std::to_string(ring.block_bytes) +
                   ",framesz=" + std::to_string(ring.slot_bytes) + ",framecnt=" + std::to_string(ring.slots);
  return vdev;
}

Vdev split_vdev(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == text.npos) return {text, ""};
  return {text.substr(0, comma), text.substr(comma + 1)};
}

bool plan_buffers(const BufferNeed& need, std::uint32_t most_buffers, std::uint64_t most_bytes,
                  BufferPlan& plan) {
  plan.room_bytes = std::min<std::uint32_t>(round_up(need.data_bytes + kBufferHeadroomBytes, 64),
                                            std::numeric_limits<std::uint16_t>::max());
  std::uint32_t buffer_bytes = plan.room_bytes + kMbufBytes;
  if (need.whole_pages) {
    buffer_bytes = buffer_bytes > kPageBytes ? round_up(buffer_bytes, kPageBytes)
                                             : kPageBytes / (kPageBytes / buffer_bytes);
  }
  // Each queue's descriptors, the burst in the worker's hands, and a cache that may hold half as much again.
  const std::uint32_t least = need.queues * (need.held_a_queue + 2 * kBurst + kBufferCache * 3 / 2);
  const auto fitting =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(most_bytes / buffer_bytes, most_buffers));
  if (need.as_many_as_allowed && fitting > least) {
    plan.buffers = std::bit_floor(fitting + 1) - 1;
    if (plan.buffers < least) plan.buffers = fitting;
  } else {
    plan.buffers = std::bit_ceil(least + 1) - 1;
    if (plan.buffers > fitting) plan.buffers = std::max(least, fitting);
  }
  plan.memory_bytes = std::uint64_t{plan.buffers} * buffer_bytes;
  return least <= fitting;
}

}  // namespace mptap

#include "dataplane/dpdk_source.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <time.h>

#include <algorithm>

namespace mptap {
namespace {

constexpr std::uint32_t kHeadBytes = 2048;  // of a packet in parts: enough for headers, tags and tunnels
// Stands for the unknown length of a frame that was cut: the longest IP packet, Ethernet and two tags. IP's
// own length decides then.
constexpr std::uint32_t kLongestFrameBytes = 65'535 + 14 + 8;

std::uint64_t read_clock_ns() noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

struct DpdkSource::Scratch {
  std::array<std::array<std::uint8_t, kHeadBytes>, Burst::kCapacity> heads;
};

DpdkSource::DpdkSource(const DpdkPorts& ports, std::uint32_t worker)
    : queues_(ports.queues_of(worker)), worker_(static_cast<std::uint16_t>(worker)), scratch_(new Scratch) {}

DpdkSource::~DpdkSource() { free_buffers(); }

ReceiveStatus DpdkSource::receive(Burst& burst) noexcept {
  free_buffers();
  const std::size_t count = queues_.size();
  for (std::size_t turn = 0; turn < count && held_ < Burst::kCapacity; ++turn) {
    const std::size_t which = first_ + turn < count ? first_ + turn : first_ + turn - count;
    const DpdkPorts::Queue& queue = queues_[which];
    const std::uint16_t received = rte_eth_rx_burst(queue.device, worker_, &buffers_[held_],
                                                    static_cast<std::uint16_t>(Burst::kCapacity - held_));
    for (std::size_t i = held_; i < held_ + received; ++i)
      view_packet(buffers_[i], queue, i, burst.packets[i]);
    held_ += received;
  }
  if (++first_ >= count) first_ = 0;

  // After the packets were taken: none of them is younger.
  time_ns_ = std::max(time_ns_, read_clock_ns());
  for (std::size_t i = 0; i < held_; ++i) burst.packets[i].time_ns = time_ns_;
  burst.size = held_;
  return ReceiveStatus::kMore;
}

void DpdkSource::view_packet(rte_mbuf* buffer, const DpdkPorts::Queue& queue, std::size_t index,
                             PacketView& packet) noexcept {
  if ((buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) {
    // Never asked for, but some devices always do: the tag goes back where it was. Refused without headroom
    // only.
    rte_mbuf* tagged = buffer;
    if (rte_vlan_insert(&tagged) == 0) buffers_[index] = buffer = tagged;
  }
  std::uint32_t captured = buffer->data_len;
  packet.data = rte_pktmbuf_mtod(buffer, const std::uint8_t*);
  if (captured < buffer->pkt_len && captured < kHeadBytes) {
    captured = std::min(buffer->pkt_len, kHeadBytes);
    packet.data = static_cast<const std::uint8_t*>(
        rte_pktmbuf_read(buffer, 0, captured, scratch_->heads[index].data()));
  }
  const bool cut = queue.cut_bytes != 0 && buffer->pkt_len >= queue.cut_bytes;
  packet.captured_bytes = captured;
  packet.wire_bytes = cut ? std::max(buffer->pkt_len, kLongestFrameBytes) : buffer->pkt_len;
  packet.port = queue.port;
  packet.link = LinkType::kEthernet;
}

void DpdkSource::free_buffers() noexcept {
  rte_pktmbuf_free_bulk(buffers_.data(), static_cast<unsigned>(held_));
  held_ = 0;
}

}  // namespace mptap

#include "dataplane/dpdk_source.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <time.h>

#include <algorithm>
#include <span>

namespace mptap {
namespace {

constexpr std::uint32_t kHeadBytes = 2048;  // of a packet in parts: enough for headers, tags and tunnels
// Stands for the unknown length of a frame that was cut: the longest IP packet, Ethernet and two tags. IP's
// own length decides then.
constexpr std::uint32_t kLongestFrameBytes = 65'535 + 14 + 8;

std::uint64_t read_clock_ns(clockid_t clock) noexcept {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

struct DpdkSource::Scratch {
  std::array<std::array<std::uint8_t, kHeadBytes>, Burst::kCapacity> heads;
};

DpdkSource::DpdkSource(const DpdkPorts& ports, std::uint32_t worker)
    : queues_(ports.queues_of(worker)),
      worker_(static_cast<std::uint16_t>(worker)),
      forwarder_(worker_, queues_),
      scratch_(new Scratch) {
  runs_.reserve(queues_.size());
}

DpdkSource::~DpdkSource() { release(0); }

ReceiveStatus DpdkSource::receive(Burst& burst) noexcept {
  if (held_ != 0) release(0);
  clock_.look(read_clock_ns(CLOCK_REALTIME), [] { return read_clock_ns(CLOCK_MONOTONIC); });
  const std::size_t count = queues_.size();
  for (std::size_t turn = 0; turn < count && held_ < Burst::kCapacity; ++turn) {
    const std::size_t which = first_ + turn < count ? first_ + turn : first_ + turn - count;
    const DpdkPorts::Queue& queue = queues_[which];
    const std::uint16_t received = rte_eth_rx_burst(queue.device, worker_, &buffers_[held_],
                                                    static_cast<std::uint16_t>(Burst::kCapacity - held_));
    if (received == 0) continue;
    const std::size_t end = held_ + received;
    runs_.push_back({which, held_, end});
    for (; held_ < end; ++held_) view_packet(queue, held_, burst.packets[held_]);
  }
  if (++first_ >= count) first_ = 0;
  burst.size = held_;
  return ReceiveStatus::kMore;
}

void DpdkSource::view_packet(const DpdkPorts::Queue& queue, std::size_t index, PacketView& packet) noexcept {
  const rte_mbuf* buffer = buffers_[index];
  if ((buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) [[unlikely]] {
    // Never asked for, but some devices always do: the tag goes back where it was. Refused without headroom
    // only.
    if (rte_vlan_insert(&buffers_[index]) == 0) buffer = buffers_[index];
  }
  const std::uint32_t wire_bytes = buffer->pkt_len;
  std::uint32_t captured_bytes = buffer->data_len;
  packet.data = rte_pktmbuf_mtod(buffer, const std::uint8_t*);
  if (captured_bytes < wire_bytes && captured_bytes < kHeadBytes) [[unlikely]] {
    captured_bytes = std::min(wire_bytes, kHeadBytes);
    std::uint8_t* const head = scratch_->heads[index].data();
    packet.data = static_cast<const std::uint8_t*>(rte_pktmbuf_read(buffer, 0, captured_bytes, head));
  }
  packet.captured_bytes = captured_bytes;
  packet.wire_bytes = wire_bytes;
  if (wire_bytes > queue.usual_bytes()) [[unlikely]] {
    unusual_ |= std::uint64_t{1} << index;
    if (wire_bytes >= queue.cut_bytes) packet.wire_bytes = std::max(wire_bytes, kLongestFrameBytes);
  }
  packet.time_ns = clock_.time_ns();
  packet.port = queue.port;
  packet.link = LinkType::kEthernet;
  packet.is_inline = queue.has_partner;
  packet.place = static_cast<std::uint8_t>(index);
}

bool DpdkSource::overwrite(std::uint8_t place, std::uint32_t at, std::span<const std::uint8_t> bytes) noexcept {
  if (place >= held_) return false;
  rte_mbuf* const buffer = buffers_[place];
  if (std::size_t{at} + bytes.size() > buffer->data_len || rte_mbuf_refcnt_read(buffer) != 1) return false;
  std::copy(bytes.begin(), bytes.end(), rte_pktmbuf_mtod_offset(buffer, std::uint8_t*, at));
  return true;
}

void DpdkSource::release(std::uint64_t dropped) noexcept {
  for (const Run& run : runs_) {
    const std::span buffers(&buffers_[run.begin], run.end - run.begin);
    forwarder_.send(queues_[run.queue], run.queue, buffers, dropped >> run.begin, unusual_ >> run.begin);
  }
  runs_.clear();
  held_ = 0;
  unusual_ = 0;
}

}  // namespace mptap

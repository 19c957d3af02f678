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
    const Run run{which, held_, held_ + received};
    runs_.push_back(run);
    view_packets(queue, run, burst);
    held_ = run.end;
  }
  if (++first_ >= count) first_ = 0;
  burst.size = held_;
  return ReceiveStatus::kMore;
}

/// What is the same of all packets is read once: the compiler cannot know that no view lies over it.
void DpdkSource::view_packets(const DpdkPorts::Queue& queue, const Run& run, Burst& burst) noexcept {
  const std::uint64_t time_ns = clock_.time_ns();
  const std::uint32_t usual_bytes = queue.usual_bytes();
  const std::uint16_t port = queue.port;
  const bool is_inline = queue.has_partner;
  for (std::size_t i = run.begin; i < run.end; ++i) {
    if ((buffers_[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) [[unlikely]] {
      // Never asked for, but some devices always do: the tag goes back where it was. Refused without headroom only, and
      // the buffer stays as it is then.
      (void)rte_vlan_insert(&buffers_[i]);
    }
    const rte_mbuf& buffer = *buffers_[i];
    PacketView& packet = burst.packets[i];
    packet.data = rte_pktmbuf_mtod(&buffer, const std::uint8_t*);
    __builtin_prefetch(packet.data);
    packet.captured_bytes = buffer.data_len;
    packet.wire_bytes = buffer.pkt_len;
    packet.time_ns = time_ns;
    packet.port = port;
    packet.link = LinkType::kEthernet;
    packet.is_inline = is_inline;
    packet.place = static_cast<std::uint8_t>(i);
    if (buffer.data_len < buffer.pkt_len) [[unlikely]] view_parts(i, packet);
    if (buffer.pkt_len > usual_bytes) [[unlikely]] view_unusual(queue, i, packet);
  }
}

/// Of a packet in parts, the head in one.
[[gnu::noinline]] void DpdkSource::view_parts(std::size_t index, PacketView& packet) noexcept {
  if (packet.captured_bytes >= kHeadBytes) return;
  packet.captured_bytes = std::min(packet.wire_bytes, kHeadBytes);
  std::uint8_t* const head = scratch_->heads[index].data();
  packet.data = static_cast<const std::uint8_t*>(rte_pktmbuf_read(buffers_[index], 0, packet.captured_bytes, head));
}

[[gnu::noinline]] void DpdkSource::view_unusual(const DpdkPorts::Queue& queue, std::size_t index, PacketView& packet) noexcept {
  unusual_ |= std::uint64_t{1} << index;
  if (packet.wire_bytes >= queue.cut_bytes) packet.wire_bytes = std::max(packet.wire_bytes, kLongestFrameBytes);
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

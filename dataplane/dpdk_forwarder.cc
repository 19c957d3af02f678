#include "dataplane/dpdk_forwarder.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include <array>

#include "dataplane/packet_source.h"

namespace mptap {
namespace {

constexpr unsigned kAttempts = 256;  // at a queue that is full: some microseconds, in which a card sends a burst
constexpr std::uint32_t kTagBytes = 4;

/// A tag does not count where the length of frames is limited: the kernel and cards allow for one.
bool is_too_long(const rte_mbuf& buffer, const DpdkPorts::Queue& queue) noexcept {
  if (buffer.pkt_len >= queue.cut_bytes) return true;
  if (buffer.pkt_len <= queue.partner_frame_bytes) return false;
  if (buffer.pkt_len > queue.partner_frame_bytes + kTagBytes || buffer.data_len < 14) return true;
  const auto* type = rte_pktmbuf_mtod_offset(&buffer, const std::uint8_t*, 12);
  const bool tagged = (type[0] == 0x81 && type[1] == 0x00) || (type[0] == 0x88 && type[1] == 0xa8);
  return !tagged;
}

/// @return How many the queue took.
std::uint16_t send_all(std::uint16_t device, std::uint16_t queue, rte_mbuf** buffers, std::uint16_t count) noexcept {
  std::uint16_t sent = rte_eth_tx_burst(device, queue, buffers, count);
  for (unsigned attempt = 0; sent < count && attempt < kAttempts; ++attempt) {
    rte_pause();
    sent = static_cast<std::uint16_t>(
        sent + rte_eth_tx_burst(device, queue, buffers + sent, static_cast<std::uint16_t>(count - sent)));
  }
  return sent;
}

/// Gives back what is held back or too long.
/// @return The others, at the beginning of `buffers`.
std::span<rte_mbuf*> take_out(const DpdkPorts::Queue& queue, std::span<rte_mbuf*> buffers, std::uint64_t dropped,
                              std::uint64_t unusual, ForwardTally& tally) noexcept {
  std::array<rte_mbuf*, Burst::kCapacity> staying;
  std::size_t leave = 0;
  unsigned stay = 0;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    if ((dropped >> i & 1) != 0) {
      ++tally.dropped;
      staying[stay++] = buffers[i];
    } else if ((unusual >> i & 1) != 0 && is_too_long(*buffers[i], queue)) {
      ++tally.too_long;
      staying[stay++] = buffers[i];
    } else {
      buffers[leave++] = buffers[i];
    }
  }
  if (stay != 0) rte_pktmbuf_free_bulk(staying.data(), stay);
  return buffers.first(leave);
}

}  // namespace

DpdkForwarder::DpdkForwarder(std::uint16_t worker, const std::vector<DpdkPorts::Queue>& queues)
    : worker_(worker), counters_(std::make_unique<ForwardCounters[]>(queues.size())) {
  for (const DpdkPorts::Queue& queue : queues) ports_.push_back(queue.port);
}

void DpdkForwarder::send(const DpdkPorts::Queue& queue, std::size_t index, std::span<rte_mbuf*> buffers, std::uint64_t dropped,
                         std::uint64_t unusual) noexcept {
  if (buffers.empty()) return;
  if (!queue.has_partner) {
    rte_pktmbuf_free_bulk(buffers.data(), static_cast<unsigned>(buffers.size()));
    return;
  }
  ForwardTally tally;
  tally.received = buffers.size();
  const std::uint64_t all = ~std::uint64_t{0} >> (Burst::kCapacity - buffers.size());
  const bool is_usual = ((dropped | unusual) & all) == 0;
  const std::span<rte_mbuf*> leaving = is_usual ? buffers : take_out(queue, buffers, dropped, unusual, tally);
  const auto leave = static_cast<std::uint16_t>(leaving.size());
  const std::uint16_t sent = send_all(queue.partner, worker_, leaving.data(), leave);
  tally.forwarded = sent;
  tally.queue_full = static_cast<std::uint64_t>(leave - sent);
  if (sent < leave) rte_pktmbuf_free_bulk(&leaving[sent], static_cast<unsigned>(leave - sent));
  counters_[index].add(tally);
}

ForwardTally DpdkForwarder::read(std::uint16_t port) const noexcept {
  ForwardTally tally;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i] == port) tally += counters_[i].read();
  }
  return tally;
}

}  // namespace mptap

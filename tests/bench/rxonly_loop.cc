#include "tests/bench/rxonly_loop.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dataplane/packet_source.h"

namespace mptap::bench {

namespace {

std::uint16_t receive(std::uint16_t device, std::uint16_t queue, Rewriter& rewriter, rte_mbuf** buffers) noexcept {
  const std::uint16_t count = rte_eth_rx_burst(device, queue, buffers, Burst::kCapacity);
  if (!rewriter.is_idle()) {
    for (std::uint16_t i = 0; i < count; ++i) rewriter.rewrite(rte_pktmbuf_mtod(buffers[i], std::uint8_t*));
  }
  return count;
}

}  // namespace

std::size_t receive_and_free(std::uint16_t device, std::uint16_t queue, Rewriter& rewriter) noexcept {
  rte_mbuf* buffers[Burst::kCapacity];
  const std::uint16_t count = receive(device, queue, rewriter, buffers);
  rte_pktmbuf_free_bulk(buffers, count);
  return count;
}

std::size_t receive_and_send(std::uint16_t device, std::uint16_t partner, std::uint16_t queue, Rewriter& rewriter) noexcept {
  rte_mbuf* buffers[Burst::kCapacity];
  const std::uint16_t count = receive(device, queue, rewriter, buffers);
  const std::uint16_t sent = rte_eth_tx_burst(partner, queue, buffers, count);
  if (sent < count) rte_pktmbuf_free_bulk(&buffers[sent], count - sent);
  return count;
}

}  // namespace mptap::bench

#include "dataplane/dpdk_device.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>

namespace mptap {
namespace {

static_assert(kBufferHeadroomBytes == RTE_PKTMBUF_HEADROOM);

constexpr std::uint32_t kFrameOverheadBytes =
    14 + 8 + 4;                                 // Ethernet, two tags, checksum: not part of the MTU
constexpr std::uint32_t kPartBytes = 2048;      // of a frame, where a device chains buffers
constexpr std::uint16_t kSendDescriptors = 64;  // of a queue that is never used
constexpr std::size_t kLongestKeyBytes = 52;

/// The key under which Toeplitz gives both directions of a flow the same hash.
/// Source: Woo and Park, Scalable TCP Session Monitoring with Symmetric Receive-side Scaling, 2012.
constexpr std::array<std::uint8_t, kLongestKeyBytes> make_symmetric_key() {
  std::array<std::uint8_t, kLongestKeyBytes> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}

std::uint16_t to_u16(std::uint32_t value) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(value, 0xffff));
}

void choose_hash(const DeviceRequest& request, const rte_eth_dev_info& info, std::uint16_t queues,
                 rte_eth_conf& conf, std::array<std::uint8_t, kLongestKeyBytes>& key,
                 std::vector<std::string>& warnings) {
  if (queues < 2 || request.balanced_by_kernel) return;
  const std::uint64_t fields = (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP) & info.flow_type_rss_offloads;
  if ((fields & RTE_ETH_RSS_TCP) == 0) {
    warnings.push_back(
        request.name +
        ": does not hash TCP flows (RSS): the two directions of a flow may reach different workers; "
        "use `workers: 1`");
    return;
  }
  conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  conf.rx_adv_conf.rss_conf.rss_hf = fields;
  conf.rx_adv_conf.rss_conf.rss_key = key.data();
  conf.rx_adv_conf.rss_conf.rss_key_len = static_cast<std::uint8_t>(
      info.hash_key_size > 0 ? std::min<std::size_t>(info.hash_key_size, key.size()) : 40);
}

/// Longest frame that a buffer must hold; turns scattering on where frames come in parts.
std::uint32_t choose_parts(const DeviceRequest& request, const rte_eth_dev_info& info, rte_eth_conf& conf,
                           std::vector<std::string>& warnings) {
  if (request.hardware) {
    const std::uint32_t wanted = request.max_frame_bytes > kFrameOverheadBytes + RTE_ETHER_MIN_MTU
                                     ? request.max_frame_bytes - kFrameOverheadBytes
                                     : RTE_ETHER_MIN_MTU;
    conf.rxmode.mtu = info.max_mtu > 0 ? std::min<std::uint32_t>(wanted, info.max_mtu) : wanted;
    if (conf.rxmode.mtu < wanted) {
      warnings.push_back(request.name + ": takes an MTU of " + std::to_string(conf.rxmode.mtu) +
                         " at most: longer frames are lost by the card");
    }
  }
  if (request.buffer_data_bytes > 0) return request.buffer_data_bytes;
  const bool chains = (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
  if (chains) conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
  return chains && request.hardware ? std::min(request.max_frame_bytes, kPartBytes) : request.max_frame_bytes;
}

/// As rte_pktmbuf_pool_create(), but buffers that no card writes to are packed, across the ends of pages.
rte_mempool* create_pool(const std::string& name, const BufferPlan& plan, bool whole_pages, int socket) {
  rte_mempool* pool = rte_mempool_create_empty(
      name.c_str(), plan.buffers, static_cast<unsigned>(sizeof(rte_mbuf)) + plan.room_bytes, kBufferCache,
      sizeof(rte_pktmbuf_pool_private), socket, whole_pages ? 0u : RTE_MEMPOOL_F_NO_IOVA_CONTIG);
  if (pool == nullptr) return nullptr;
  rte_pktmbuf_pool_private room{};
  room.mbuf_data_room_size = to_u16(plan.room_bytes);
  rte_pktmbuf_pool_init(pool, &room);
  if (const int populated = rte_mempool_populate_default(pool); populated < 0) {
    rte_mempool_free(pool);
    rte_errno = -populated;
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

std::string make_pool(const DeviceRequest& request, std::uint32_t data_bytes, Device& device,
                      std::vector<std::string>& warnings) {
  BufferNeed need;
  need.data_bytes = data_bytes;
  need.queues = device.queues;
  need.held_a_queue = request.held_a_queue;
  need.whole_pages = request.hardware;
  need.as_many_as_allowed = request.keeps_file;
  BufferPlan plan;
  if (!plan_buffers(need, request.most_buffers, request.most_buffer_bytes, plan)) {
    return request.name + ": needs " + std::to_string(plan.buffers) + " packet buffers, " +
           std::to_string((plan.memory_bytes >> 20) + 1) + " MiB, and its share is " +
           std::to_string(request.most_buffers) + " buffers and " +
           std::to_string(request.most_buffer_bytes >> 20) +
           " MiB: raise mbufs or memory, or lower max_frame, receive_descriptors or workers";
  }
  device.pool = create_pool("mptap_" + std::to_string(device.id), plan, need.whole_pages,
                            rte_eth_dev_socket_id(device.id));
  if (device.pool == nullptr) {
    return request.name + ": no memory for its " + std::to_string(plan.buffers) + " packet buffers (" +
           rte_strerror(rte_errno) + "): raise memory, or lower max_frame or mbufs";
  }
  if (plan.room_bytes - kBufferHeadroomBytes < data_bytes) {
    warnings.push_back(request.name + ": frames are taken whole up to " +
                       std::to_string(plan.room_bytes - kBufferHeadroomBytes) + " bytes");
  }
  return {};
}

/// Configures with so many send queues; some drivers want none, some one, some as many as receive queues.
int try_start(const DeviceRequest& request, const rte_eth_dev_info& info, const rte_eth_conf& conf,
              std::uint16_t send_queues, std::uint16_t descriptors, std::uint16_t send_descriptors, const Device& device) {
  if (const int status = rte_eth_dev_configure(device.id, device.queues, send_queues, &conf); status != 0)
    return status;
  rte_eth_rxconf queue = info.default_rxconf;
  queue.offloads = conf.rxmode.offloads;
  for (std::uint16_t i = 0; i < device.queues; ++i) {
    const int status =
        rte_eth_rx_queue_setup(device.id, i, descriptors,
                               static_cast<unsigned>(rte_eth_dev_socket_id(device.id)), &queue, device.pool);
    if (status != 0) return status;
  }
  for (std::uint16_t i = 0; i < send_queues; ++i) {
    const int status = rte_eth_tx_queue_setup(
        device.id, i, send_descriptors, static_cast<unsigned>(rte_eth_dev_socket_id(device.id)), nullptr);
    if (status != 0) return status;
  }
  // Before the start, which would otherwise switch it off.
  if (request.promiscuous) rte_eth_promiscuous_enable(device.id);
  return rte_eth_dev_start(device.id);
}

}  // namespace

bool try_make_vdev(const Vdev& vdev, std::uint16_t& id) {
  return rte_eal_hotplug_add("vdev", vdev.name.c_str(), vdev.arguments.c_str()) == 0 &&
         try_find_device(vdev.name, id);
}

bool try_find_device(const std::string& dpdk_name, std::uint16_t& id) {
  return rte_eth_dev_get_port_by_name(dpdk_name.c_str(), &id) == 0;
}

std::string start_device(const DeviceRequest& request, Device& device, EalLog::Step& step,
                         std::vector<std::string>& warnings) {
  rte_eth_dev_info info{};
  if (const int status = rte_eth_dev_info_get(device.id, &info); status != 0) {
    return request.name + ": the driver does not answer (" + rte_strerror(-status) +
           "): name another kind of port";
  }
  device.queues =
      to_u16(std::min<std::uint32_t>(request.workers, std::max<std::uint16_t>(info.max_rx_queues, 1)));
  if (device.queues < request.workers) {
    warnings.push_back(request.name + ": has " + std::to_string(device.queues) + " queues for " +
                       std::to_string(request.workers) + " workers: the others get nothing from it");
  }

  rte_eth_conf conf{};
  auto key = make_symmetric_key();
  choose_hash(request, info, device.queues, conf, key, warnings);
  const std::uint32_t data_bytes = choose_parts(request, info, conf, warnings);
  std::uint16_t descriptors = to_u16(request.descriptors);
  std::uint16_t send_descriptors = request.sends ? kInlineDescriptors : kSendDescriptors;
  rte_eth_dev_adjust_nb_rx_tx_desc(device.id, &descriptors, &send_descriptors);
  if (std::string error = make_pool(request, data_bytes, device, warnings); !error.empty()) return error;

  if (request.sends && device.queues < request.workers) {
    return request.name + ": is inline and has " + std::to_string(device.queues) + " queues for " + std::to_string(request.workers) +
           " workers: lower workers, so that each can send what it received";
  }
  if (request.sends) conf.txmode.offloads |= info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  int status = 0;
  for (const std::uint16_t send_queues : {std::uint16_t{0}, std::uint16_t{1}, device.queues}) {
    if (request.sends && send_queues < device.queues) continue;
    step.restart();
    status = try_start(request, info, conf, send_queues, descriptors, send_descriptors, device);
    if (status == 0) return {};
  }
  const std::string cause = step.complaints();
  return request.name + ": does not start (" + (cause.empty() ? std::string(rte_strerror(-status)) : cause) +
         "): docs/ports.md says what this kind of port needs";
}

void drop_waiting(const Device& device, std::uint32_t most) noexcept {
  constexpr std::uint16_t kBurst = 64;
  std::array<rte_mbuf*, kBurst> buffers{};
  for (std::uint16_t queue = 0; queue < device.queues; ++queue) {
    for (std::uint32_t dropped = 0; dropped < most;) {
      const std::uint16_t count = rte_eth_rx_burst(device.id, queue, buffers.data(), kBurst);
      if (count == 0) break;
      rte_pktmbuf_free_bulk(buffers.data(), count);
      dropped += count;
    }
  }
  rte_eth_stats_reset(device.id);
}

void close_device(Device& device) noexcept {
  rte_eth_dev_info info{};
  const bool known = rte_eth_dev_info_get(device.id, &info) == 0;
  rte_eth_dev_stop(device.id);
  rte_eth_dev_close(device.id);
  if (known) rte_dev_remove(info.device);
  rte_mempool_free(device.pool);
  device.pool = nullptr;
}

}  // namespace mptap

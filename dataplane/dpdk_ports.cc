#include "dataplane/dpdk_ports.h"

#include <rte_ethdev.h>

#include <net/if.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "dataplane/dpdk_device.h"
#include "dataplane/dpdk_vdev.h"
#include "dataplane/interface_query.h"
#include "dataplane/pci_driver.h"
#include "dataplane/port_names.h"

namespace mptap {
namespace {

std::string check_pci(const PortOptions& port) {
  const std::string address = format_pci_address(port.pci);
  const std::filesystem::path device = "/sys/bus/pci/devices/" + address;
  std::error_code failed;
  if (!std::filesystem::exists(device, failed)) {
    return address + ": there is no such PCI device: see lspci -D | grep -i ethernet";
  }
  const std::string driver = std::filesystem::read_symlink(device / "driver", failed).filename();
  if (fate_under(driver) != CardFate::kKernelOnly) return {};
  return address + ": is " + (driver.empty() ? std::string("bound to no driver") : "driven by " + driver) +
         ", not by vfio-pci: modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci " + address;
}

std::string check_vdev(const PortOptions& port) {
  const std::string name = split_vdev(port.vdev).name;
  if (name.starts_with("net_") || name.starts_with("eth_")) return {};
  return port.vdev +
         ": is no name of a DPDK network device: it begins with net_, a driver and a number, e.g. "
         "net_null0,size=64";
}

enum class Kind : std::uint8_t { kAfPacket, kAfXdp, kPci, kVdev };

Kind kind_of(const PortOptions& port) {
  if (port.interface.empty()) return port.pci.empty() ? Kind::kVdev : Kind::kPci;
  return port.driver == PortDriver::kAfXdp ? Kind::kAfXdp : Kind::kAfPacket;
}

/// @param was_promiscuous  An interface, before we came.
/// @param cut_bytes        See DpdkPorts::Queue.
DeviceRequest build_request(const PortOptions& port, const DataplaneOptions& all, bool was_promiscuous,
                            std::uint32_t& cut_bytes, std::vector<std::string>& warnings) {
  DeviceRequest request;
  request.name = name_of(port);
  request.workers = all.workers;
  request.descriptors = port.receive_descriptors;
  request.held_a_queue = port.receive_descriptors;
  request.max_frame_bytes = all.max_frame_bytes;
  request.most_buffers = all.mbufs / static_cast<std::uint32_t>(all.ports.size());
  // The rest of the memory is for rings and for what drivers allocate.
  request.most_buffer_bytes = all.memory_bytes / 10 * 9 / all.ports.size();
  request.promiscuous = port.promiscuous;

  std::uint32_t whole_bytes = all.max_frame_bytes;
  const char* fate = "cut";
  switch (kind_of(port)) {
    case Kind::kPci:
      request.hardware = true;
      break;
    case Kind::kVdev:
      request.keeps_file = port.vdev.find("infinite_rx=1") != std::string::npos;
      break;
    case Kind::kAfPacket: {
      const PacketRing ring = fit_packet_ring(all.max_frame_bytes, port.receive_descriptors);
      whole_bytes = cut_bytes = ring.frame_bytes;
      request.buffer_data_bytes = ring.slot_bytes;
      request.held_a_queue = 0;
      break;
    }
    case Kind::kAfXdp:
      whole_bytes = kXdpFrameBytes;
      fate = "lost";
      request.buffer_data_bytes = kXdpDataBytes;
      request.descriptors = std::bit_ceil(port.receive_descriptors);  // the kernel wants a power of two
      request.held_a_queue = kXdpFillBuffers + request.descriptors;
      break;
  }
  if (whole_bytes < all.max_frame_bytes) {
    warnings.push_back(request.name + ": takes frames whole up to " + std::to_string(whole_bytes) +
                       " bytes: longer ones are " + fate);
  }
  if (!port.interface.empty()) {
    request.balanced_by_kernel = true;
    request.promiscuous = was_promiscuous;  // InterfaceWatch makes it so; DPDK would undo what was so before
  }
  return request;
}

}  // namespace

std::string check_ports(const DataplaneOptions& options, std::vector<std::string>& warnings) {
  std::string errors;
  std::set<std::string> names;
  std::uint64_t locked_bytes = 0;
  for (const auto& port : options.ports) {
    std::string error;
    if (!names.insert(name_of(port)).second) {
      error = name_of(port) + ": is named twice among the ports: name it once";
    } else if (!port.interface.empty()) {
      locked_bytes += locked_bytes_of(port, options.max_frame_bytes, options.workers);
      error = check_interface(port, locked_bytes, warnings);
    } else {
      error = port.pci.empty() ? check_vdev(port) : check_pci(port);
    }
    if (!error.empty()) errors += (errors.empty() ? "" : "\n") + error;
  }
  if (options.workers > 1 && errors.empty()) {
    warnings.emplace_back(
        "with several workers, traffic in tunnels (GRE, VXLAN, GTP-U, ERSPAN) is spread by its outer "
        "addresses: both "
        "directions of an inner flow meet only with inner RSS or `workers: 1`");
  }
  return errors;
}

struct DpdkPorts::Port {
  std::string name;
  Device device;
  bool made = false;      // `device` is DPDK's
  bool hardware = false;  // a card
  std::atomic<bool> is_down{false};  // a card that set_up() took down
  std::uint32_t cut_bytes = Queue{}.cut_bytes;
  std::optional<std::size_t> partner;  // inline: the port by which its frames leave
  std::unique_ptr<InterfaceWatch> watch;

  /// What it sends, at most: the kernel's limit or the card's, Ethernet's header included. Virtual devices tell none.
  [[nodiscard]] std::uint32_t longest_frame_bytes() const;

  ~Port() {
    watch.reset();
    if (made) close_device(device);
  }

  /// Finds the card or makes the virtual device; a sentence where that fails.
  std::string make(const PortOptions& options, std::uint32_t index, const DataplaneOptions& all,
                   const EalLog::Step& step, std::vector<std::string>& warnings);
};

std::string DpdkPorts::Port::make(const PortOptions& options, std::uint32_t index,
                                  const DataplaneOptions& all, const EalLog::Step& step,
                                  std::vector<std::string>& warnings) {
  const auto fail = [&](const std::string& what, const std::string& advice) {
    const std::string cause = step.complaints();
    return name + ": " + what + (cause.empty() ? "" : " (" + cause + ")") + ": " + advice;
  };
  switch (kind_of(options)) {
    case Kind::kPci:
      made = try_find_device(name, device.id);
      return made ? ""
                  : fail("DPDK has no driver for this card, or may not use it",
                         "see dpdk-devbind.py --status, and run as root");
    case Kind::kVdev:
      made = try_make_vdev(split_vdev(options.vdev), device.id);
      return made ? "" : fail("DPDK cannot make it", "check its arguments: " + options.vdev);
    case Kind::kAfPacket:
      watch = std::make_unique<InterfaceWatch>(options.interface, options.promiscuous, warnings);
      made = try_make_vdev(build_interface_vdev(options, index, all.workers, all.max_frame_bytes), device.id);
      if (!made)
        return fail("DPDK cannot open it", "lower receive_descriptors or workers if memory is short");
      watch->adopt_packet_sockets();
      return {};
    case Kind::kAfXdp:
      watch = std::make_unique<InterfaceWatch>(options.interface, options.promiscuous, warnings);
      made = try_make_vdev(build_interface_vdev(options, index, all.workers, all.max_frame_bytes), device.id);
      return made ? ""
                  : fail("DPDK cannot open it by af_xdp",
                         "it needs root and " + std::to_string(all.workers) +
                             " queues (ethtool -l): else use driver af_packet");
  }
  return {};
}

std::uint32_t DpdkPorts::Port::longest_frame_bytes() const {
  if (watch) return read_mtu(name).value_or(RTE_ETHER_MTU) + RTE_ETHER_HDR_LEN;
  rte_eth_dev_info info{};
  std::uint16_t mtu = 0;
  const bool is_card = hardware && rte_eth_dev_info_get(device.id, &info) == 0 && rte_eth_dev_get_mtu(device.id, &mtu) == 0;
  return is_card ? mtu + std::uint32_t{RTE_ETHER_HDR_LEN} : Queue{}.partner_frame_bytes;
}

DpdkPorts::Opened DpdkPorts::open(const DataplaneOptions& options, Eal& eal) {
  Opened opened;
  opened.error = check_ports(options, opened.warnings);
  if (!opened.error.empty()) return opened;
  std::unique_ptr<DpdkPorts> ports(new DpdkPorts(eal));
  for (const auto& port_options : options.ports) {
    auto port = std::make_unique<Port>();
    const auto index = static_cast<std::uint32_t>(ports->ports_.size());
    EalLog::Step step(eal.log());
    port->name = name_of(port_options);
    port->hardware = kind_of(port_options) == Kind::kPci;
    port->partner = partner_of(options, index);
    opened.error = port->make(port_options, index, options, step, opened.warnings);
    if (opened.error.empty()) {
      DeviceRequest request = build_request(port_options, options, port->watch && port->watch->was_promiscuous(),
                                            port->cut_bytes, opened.warnings);
      if (port->partner) {
        request.sends = true;
        request.held_a_queue += kInlineDescriptors;
        if (port->watch) port->watch->ignore_outgoing();
      }
      opened.error = start_device(request, port->device, step, opened.warnings);
      // DPDK opens packet sockets for all interfaces, binds them only then, and keeps what came from others meanwhile.
      const bool may_hold_others = kind_of(port_options) == Kind::kAfPacket;
      if (opened.error.empty() && may_hold_others) {
        drop_waiting(port->device, fit_packet_ring(options.max_frame_bytes, port_options.receive_descriptors).slots);
        port->watch->start_counting();
      }
    }
    if (!opened.error.empty()) return opened;
    ports->ports_.push_back(std::move(port));
  }
  opened.ports = std::move(ports);
  return opened;
}

DpdkPorts::DpdkPorts(Eal& eal) : eal_(eal) {}

DpdkPorts::~DpdkPorts() {
  const EalLog::Step quiet(eal_.log());  // libxdp speaks to stderr
  ports_.clear();
}

PortStatistics DpdkPorts::statistics(std::size_t index) const {
  const Port& port = *ports_.at(index);
  PortStatistics statistics;
  statistics.name = port.name;
  statistics.is_inline = port.partner.has_value();
  rte_eth_stats counted{};
  if (rte_eth_stats_get(port.device.id, &counted) == 0) {
    statistics.received_packets = counted.ipackets;
    statistics.received_bytes = counted.ibytes;
    statistics.missed_packets = counted.imissed;
    statistics.error_packets = counted.ierrors;
    statistics.no_buffer_packets = counted.rx_nombuf;
  }
  rte_eth_link link{};
  statistics.up = rte_eth_link_get_nowait(port.device.id, &link) == 0 && link.link_status != 0;
  if (port.watch) {
    statistics.has_interface = true;
    statistics.interface = port.watch->read();
    statistics.up = statistics.interface.up;
    statistics.missed_packets += statistics.interface.ring_drops;
  }
  return statistics;
}

std::optional<LinkState> DpdkPorts::link(std::size_t index) const {
  const Port& port = *ports_.at(index);
  if (port.watch) return LinkState{(read_interface_flags(port.name) & IFF_UP) != 0, read_link(port.name)};
  if (!port.hardware) return std::nullopt;
  rte_eth_link link{};
  const bool has_link = rte_eth_link_get_nowait(port.device.id, &link) == 0 && link.link_status != 0;
  return LinkState{!port.is_down.load(std::memory_order_relaxed), has_link};
}

bool DpdkPorts::set_up(std::size_t index, bool up) const {
  Port& port = *ports_.at(index);
  if (port.watch) {
    const bool done = set_interface_up(port.name, up);
    if (done && up) port.watch->resume_sending();
    return done;
  }
  const int error = up ? rte_eth_dev_set_link_up(port.device.id) : rte_eth_dev_set_link_down(port.device.id);
  if (error == 0) port.is_down.store(!up, std::memory_order_relaxed);
  return error == 0;
}

void DpdkPorts::resume_sending(std::size_t index) const {
  const Port& port = *ports_.at(index);
  if (port.watch && port.partner) port.watch->resume_sending();
}

std::vector<DpdkPorts::Queue> DpdkPorts::queues_of(std::uint32_t worker) const {
  std::vector<Queue> queues;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const Port& port = *ports_[i];
    if (worker >= port.device.queues) continue;
    Queue queue{.device = port.device.id, .port = static_cast<std::uint16_t>(i), .cut_bytes = port.cut_bytes};
    if (port.partner) {
      queue.has_partner = true;
      queue.partner = ports_[*port.partner]->device.id;
      queue.partner_frame_bytes = ports_[*port.partner]->longest_frame_bytes();
    }
    queues.push_back(queue);
  }
  return queues;
}

}  // namespace mptap

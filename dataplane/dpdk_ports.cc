#include "dataplane/dpdk_ports.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "dataplane/dpdk_device.h"
#include "dataplane/dpdk_vdev.h"

namespace mptap {
namespace {

// In a packet buffer of an af_xdp port: the kernel wants a buffer, its headers included, within one page. 256
// bytes stay free for XDP programs.
constexpr std::uint32_t kXdpDataBytes = 3840 - kBufferHeadroomBytes;
constexpr std::uint32_t kXdpFrameBytes = kXdpDataBytes - 256;
constexpr std::uint32_t kXdpHeldBuffers = 3 * 2048;  // fill ring and receive ring, of DPDK's own sizes

std::string name_of(const PortOptions& port) {
  if (!port.interface.empty()) return port.interface;
  return port.pci.empty() ? split_vdev(port.vdev).name : format_pci_address(port.pci);
}

std::string check_pci(const PortOptions& port) {
  const std::string address = format_pci_address(port.pci);
  const std::filesystem::path device = "/sys/bus/pci/devices/" + address;
  std::error_code failed;
  if (!std::filesystem::exists(device, failed)) {
    return address + ": there is no such PCI device: see lspci -D | grep -i ethernet";
  }
  const std::string driver = std::filesystem::read_symlink(device / "driver", failed).filename();
  // Cards whose DPDK driver works beside the kernel's.
  static const std::set<std::string> kUsable = {"vfio-pci",  "uio_pci_generic", "igb_uio",
                                                "mlx4_core", "mlx5_core",       "mana"};
  if (kUsable.contains(driver)) return {};
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

std::uint64_t locked_bytes_of(const PortOptions& port, const DataplaneOptions& options) {
  if (port.driver != PortDriver::kAfPacket) return 0;
  const PacketRing ring = fit_packet_ring(options.max_frame_bytes, port.receive_descriptors);
  return 2ull * ring.locked_bytes * options.workers;
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
      locked_bytes += locked_bytes_of(port, options);
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
  bool made = false;  // `device` is DPDK's
  std::uint32_t cut_bytes = 0;
  std::unique_ptr<InterfaceWatch> watch;

  ~Port() {
    watch.reset();
    if (made) close_device(device);
  }

  std::string open(const PortOptions& options, std::uint32_t index, const DataplaneOptions& all, EalLog& log,
                   std::vector<std::string>& warnings);
};

std::string DpdkPorts::Port::open(const PortOptions& options, std::uint32_t index,
                                  const DataplaneOptions& all, EalLog& log,
                                  std::vector<std::string>& warnings) {
  name = name_of(options);
  log.forget();
  const auto because = [&log] {
    const std::string cause = log.last_complaints();
    return cause.empty() ? std::string() : " (" + cause + ")";
  };
  const bool af_packet = !options.interface.empty() && options.driver == PortDriver::kAfPacket;
  const bool af_xdp = !options.interface.empty() && options.driver == PortDriver::kAfXdp;

  DeviceRequest request;
  request.name = name;
  request.workers = all.workers;
  request.descriptors = options.receive_descriptors;
  request.max_frame_bytes = all.max_frame_bytes;
  request.most_buffers = all.mbufs / static_cast<std::uint32_t>(all.ports.size());
  // The rest of the memory is for rings and for what drivers allocate.
  request.most_buffer_bytes = all.memory_bytes / 10 * 9 / all.ports.size();
  request.promiscuous = options.promiscuous;

  if (!options.pci.empty()) {
    request.hardware = true;
    made = try_find_device(name, device.id);
    if (!made) {
      return name + ": DPDK has no driver for this card, or may not use it" + because() +
             ": see dpdk-devbind.py --status, and run as root";
    }
  } else {
    const Vdev vdev = options.interface.empty()
                          ? split_vdev(options.vdev)
                          : build_interface_vdev(options, index, all.workers, all.max_frame_bytes);
    if (!options.interface.empty())
      watch = std::make_unique<InterfaceWatch>(options.interface, options.promiscuous, warnings);
    made = try_make_vdev(vdev, device.id);
    if (!made) {
      return name + ": DPDK cannot open it" + because() + ": " +
             (af_xdp ? "af_xdp needs root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, and " +
                           std::to_string(all.workers) +
                           " queues (ethtool -l): use driver af_packet if it lacks them"
              : options.interface.empty() ? "check its arguments, " + options.vdev
                                          : "lower receive_descriptors or workers if memory is short");
    }
    if (watch && af_packet) watch->adopt_packet_sockets();
  }

  if (af_packet) {
    const PacketRing ring = fit_packet_ring(all.max_frame_bytes, options.receive_descriptors);
    cut_bytes = ring.frame_bytes;
    request.buffer_data_bytes = ring.slot_bytes;
    request.keeps_buffers = false;
    request.balanced_by_kernel = true;
    request.promiscuous = false;  // the watch does it
  } else if (af_xdp) {
    request.buffer_data_bytes = kXdpDataBytes;
    request.descriptors = kXdpHeldBuffers;
    request.balanced_by_kernel = true;
    request.promiscuous = false;
    if (all.max_frame_bytes > kXdpFrameBytes) {
      warnings.push_back(name + ": af_xdp takes frames of at most " + std::to_string(kXdpFrameBytes) +
                         " bytes: longer ones are lost");
    }
  } else if (!options.vdev.empty()) {
    request.keeps_file = options.vdev.find("infinite_rx=1") != std::string::npos;
  }
  return start_device(request, device, log, warnings);
}

DpdkPorts::Opened DpdkPorts::open(const DataplaneOptions& options, Eal& eal) {
  Opened opened;
  opened.error = check_ports(options, opened.warnings);
  if (!opened.error.empty()) return opened;
  std::unique_ptr<DpdkPorts> ports(new DpdkPorts);
  for (const auto& port_options : options.ports) {
    auto port = std::make_unique<Port>();
    const auto index = static_cast<std::uint32_t>(ports->ports_.size());
    opened.error = port->open(port_options, index, options, eal.log(), opened.warnings);
    if (!opened.error.empty()) return opened;
    ports->ports_.push_back(std::move(port));
  }
  opened.ports = std::move(ports);
  return opened;
}

DpdkPorts::~DpdkPorts() = default;

PortStatistics DpdkPorts::statistics(std::size_t index) const {
  const Port& port = *ports_.at(index);
  PortStatistics statistics;
  statistics.name = port.name;
  rte_eth_stats counted{};
  if (rte_eth_stats_get(port.device.id, &counted) == 0) {
    statistics.received_packets = counted.ipackets;
    statistics.received_bytes = counted.ibytes;
    statistics.missed_packets = counted.imissed;
    statistics.error_packets = counted.ierrors;
    statistics.no_buffer_packets = counted.rx_nombuf;
  }
  if (port.watch) {
    statistics.has_interface = true;
    statistics.interface = port.watch->read();
    statistics.missed_packets += statistics.interface.ring_drops;
  }
  return statistics;
}

std::vector<DpdkPorts::Queue> DpdkPorts::queues_of(std::uint32_t worker) const {
  std::vector<Queue> queues;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const Port& port = *ports_[i];
    if (worker >= port.device.queues) continue;
    queues.push_back({port.device.id, static_cast<std::uint16_t>(i), port.cut_bytes});
  }
  return queues;
}

}  // namespace mptap

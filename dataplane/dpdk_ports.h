// The ports of the sensor: opened, started, counted and closed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/dpdk_interface.h"
#include "dataplane/eal.h"
#include "dataplane/link_mirror.h"
#include "dataplane/port_options.h"

struct rte_mempool;

namespace mptap {

/// What a port counted since it was opened.
struct PortStatistics {
  std::string name;                    // interface, PCI address or virtual device, as configured
  std::uint64_t received_packets = 0;  // delivered to the workers
  std::uint64_t received_bytes = 0;
  std::uint64_t missed_packets =
      0;  // lost by the device or, for af_packet, by the kernel: no descriptor was free
  std::uint64_t error_packets = 0;      // damaged on the wire, says the device
  std::uint64_t no_buffer_packets = 0;  // lost because all packet buffers were taken
  bool up = false;                      // the link, by the kernel where it has the interface
  bool is_inline = false;     // it has a partner
  bool has_interface = false;           // `interface` holds the kernel's own count
  InterfaceCounters interface;
};

/// Checks all that can be told of the ports without DPDK: interfaces, permissions, PCI drivers, doubles.
///
/// @param warnings  Gets one sentence each.
/// @return Empty, or one sentence a line and port that cannot be opened, with what to do.
/// Any thread.
[[nodiscard]] std::string check_ports(const DataplaneOptions& options, std::vector<std::string>& warnings);

/// The open ports. Opened and closed by the main thread; statistics() by any thread.
class DpdkPorts {
 public:
  struct Opened {
    std::unique_ptr<DpdkPorts> ports;   // empty where one could not be opened
    std::string error;                  // then one sentence that names the port and what to do
    std::vector<std::string> warnings;  // one sentence each, also with ports
  };

  /// Opens and starts all ports with one queue a worker, as far as they have so many.
  ///
  /// RSS uses a symmetric key on addresses and TCP ports, so that one worker sees both directions of a flow.
  /// @param options  `ports` is not empty.
  /// @param eal      Outlives the ports.
  /// Main thread, once. Calls check_ports() first.
  static Opened open(const DataplaneOptions& options, Eal& eal);

  DpdkPorts(const DpdkPorts&) = delete;
  DpdkPorts& operator=(const DpdkPorts&) = delete;
  /// Stops and closes. No worker polls any more, and no source is left.
  ~DpdkPorts();

  [[nodiscard]] std::size_t size() const { return ports_.size(); }
  /// A port's counters, read from device and kernel now. Any thread; not on the packets' way.
  [[nodiscard]] PortStatistics statistics(std::size_t port) const;

  /// A port's link; nothing of a virtual device, which has none. Any thread.
  [[nodiscard]] std::optional<LinkState> link(std::size_t port) const;

  /// Brings a port up or takes it down. @return False where kernel or card refuse: an interface needs CAP_NET_ADMIN of the thread.
  [[nodiscard]] bool set_up(std::size_t port, bool up) const;

  /// To be called once a port has its link again: what waits to be sent need not wait for more. Any thread.
  void resume_sending(std::size_t port) const;

  /// What a source needs of a port.
  struct Queue {
    std::uint16_t device = 0;  // DPDK's port number
    std::uint16_t port = 0;    // index of the port in the options
    // A frame of this length or more was cut, and its length on the wire is unknown; the greatest: that never
    // happens.
    std::uint32_t cut_bytes = 0xffffffff;
    bool has_partner = false;                        // inline: frames go on by `partner`
    std::uint16_t partner = 0;                       // DPDK's port number
    std::uint32_t partner_frame_bytes = 0xffffffff;  // longest frame that it takes, without a tag
    /// What is no longer is neither cut nor too long for the partner.
    [[nodiscard]] std::uint32_t usual_bytes() const { return std::min(cut_bytes - 1, partner_frame_bytes); }
  };
  /// The queues of worker `worker`: one of each port that has so many.
  [[nodiscard]] std::vector<Queue> queues_of(std::uint32_t worker) const;

 private:
  struct Port;
  explicit DpdkPorts(Eal& eal);

  Eal& eal_;
  std::vector<std::unique_ptr<Port>> ports_;
};

}  // namespace mptap

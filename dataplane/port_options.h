// Which ports the sensor reads, and how. Set at start; a restart changes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mptap {

enum class PortDriver : std::uint8_t { kAfPacket, kAfXdp };

/// One port. Exactly one of `interface`, `pci` and `vdev` names it.
struct PortOptions {
  std::string interface;                          // a Linux network interface, e.g. eth1
  PortDriver driver = PortDriver::kAfPacket;      // how DPDK opens `interface`
  std::string pci;                                // a PCI address bound to vfio-pci, e.g. 0000:01:00.0
  std::string vdev;                               // a DPDK virtual device, e.g. net_null0,size=64
  std::uint32_t receive_descriptors = 2048;       // a queue, 64..32768
  bool promiscuous = true;
};

/// Two ports, by name, between which every frame goes on: what comes in on one leaves by the other.
struct PortPair {
  std::string first;
  std::string second;

  bool operator==(const PortPair&) const = default;
};

enum class PollMode : std::uint8_t { kAdaptive, kBusy };
enum class HugepageUse : std::uint8_t { kAuto, kAlways, kNever };

/// The ports, the threads that poll them and the memory behind them.
struct DataplaneOptions {
  std::vector<PortOptions> ports;
  std::vector<PortPair> pairs;                    // inline; the other ports only listen
  bool use_cards = false;                         // cards of inline ports drop what a rule blocks, where they can
  bool mirror_links = true;                       // where one port of a pair has no link, the other one is taken down
  std::uint32_t workers = 1;                      // queues of every port; worker k polls queue k, 1..64
  std::vector<std::uint32_t> cores;               // one a worker; empty: the first free ones
  PollMode poll = PollMode::kAdaptive;
  HugepageUse hugepages = HugepageUse::kAuto;
  std::uint64_t memory_bytes = 256ull << 20;      // DPDK's packet memory
  std::uint32_t mbufs = 65'536;                   // packet buffers shared by all ports
  std::uint32_t max_frame_bytes = 9'216;          // longest frame that is taken whole
  std::string filter;                             // which packets are looked at (pcap-filter); empty: all
  std::uint64_t rest_ns = 200'000;                // adaptive: longest sleep of an idle worker
  std::string eal_log_level = "error";            // of DPDK's own messages
};

}  // namespace mptap

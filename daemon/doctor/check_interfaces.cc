// Interface ports: are they there, do they deliver, is what they deliver what was on the wire.
#include <net/if.h>

#include <cstdlib>

#include "daemon/doctor/checks.h"
#include "daemon/doctor/interfaces.h"
#include "dataplane/dpdk_vdev.h"

namespace mptap {
namespace {

constexpr std::uint64_t kFrameOverheadBytes = 14 + 8;  // Ethernet and two tags: not part of the MTU

std::string list_interfaces(const MachineView& machine) {
  constexpr std::size_t kNamed = 8;
  const std::vector<std::string> names = machine.names(kInterfaces);
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < kNamed; ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kNamed ? list + ", ..." : list.empty() ? "none" : list;
}

void check_frames_of(const MachineView& machine, const PortOptions& port, std::uint32_t max_frame_bytes, Findings& findings) {
  const std::string folder = kInterfaces + port.interface;
  const auto mtu = machine.number(folder + "/mtu");
  if (!mtu) return findings.unknown(port.interface, folder + "/mtu does not tell");
  const std::uint64_t longest = *mtu + kFrameOverheadBytes;
  const std::uint64_t whole = port.driver == PortDriver::kAfXdp
                                  ? kXdpFrameBytes
                                  : fit_packet_ring(max_frame_bytes, port.receive_descriptors).frame_bytes;
  const std::string brings = "MTU " + std::to_string(*mtu);
  if (longest > whole && port.driver == PortDriver::kAfXdp) {
    return findings.warn(port.interface, brings + ": frames above " + std::to_string(whole) + " bytes are lost by af_xdp",
                         "in the configuration: `driver: af_packet`");
  }
  if (longest > whole) {
    const std::uint64_t most = fit_packet_ring(UINT16_MAX, port.receive_descriptors).frame_bytes;
    return findings.warn(port.interface, brings + ": frames above " + std::to_string(whole) + " bytes are cut",
                         longest > most ? "ip link set " + port.interface + " mtu " + std::to_string(most - kFrameOverheadBytes)
                                        : "in the configuration: `max_frame: " + std::to_string(longest) + "`");
  }
  const std::uint64_t too_long = machine.number(folder + "/statistics/rx_length_errors").value_or(0);
  if (too_long > 0) {
    return findings.warn(port.interface, brings + ", and the card has dropped " + std::to_string(too_long) +
                                             " frames of a wrong length: the mirror may bring longer ones",
                         "ip link set " + port.interface + " mtu " + std::to_string(max_frame_bytes - kFrameOverheadBytes));
  }
  findings.ok(port.interface, brings + ": what the card takes is taken whole");
}

}  // namespace

void check_links(const MachineView& machine, const Config& config, Findings& findings) {
  for (const PortOptions& port : interface_ports(config)) {
    const std::string folder = kInterfaces + port.interface;
    if (!machine.exists(folder)) {
      findings.problem(port.interface, "there is no such interface; there are: " + list_interfaces(machine),
                       "in the configuration: name one of them");
      continue;
    }
    const MachineView::Text flags = machine.read(folder + "/flags");
    if (flags.text.empty()) {
      findings.unknown(port.interface, folder + "/flags does not tell whether it is up");
    } else if ((std::strtoul(flags.text.c_str(), nullptr, 16) & IFF_UP) == 0) {
      findings.problem(port.interface, "is down and delivers nothing", "ip link set " + port.interface + " up");
    } else if (machine.read(folder + "/carrier").text == "0") {
      findings.warn(port.interface, "is up and has no carrier: no cable, or the other end is off",
                    "ip -details link show " + port.interface);
    } else {
      const auto speed = machine.number(folder + "/speed");  // a virtual one has none, or says -1
      findings.ok(port.interface, "up, with carrier" + (speed ? ", " + std::to_string(*speed) + " Mb/s" : std::string()));
    }
  }
}

void check_frames(const MachineView& machine, const Config& config, Findings& findings) {
  for (const PortOptions& port : interface_ports(config)) {
    if (!machine.exists(kInterfaces + port.interface)) continue;
    check_frames_of(machine, port, config.startup.dataplane.max_frame_bytes, findings);
  }
}

void check_merging(const MachineView& machine, const Config& config, Findings& findings) {
  for (const PortOptions& port : interface_ports(config)) {
    if (!machine.exists(kInterfaces + port.interface)) continue;
    const auto merging = machine.kernel().merging(port.interface);
    if (!merging) {
      findings.unknown(port.interface, "the kernel does not tell which offloads are on", "ethtool -k " + port.interface);
      continue;
    }
    if (!reaches(*merging, port.driver)) {
      findings.ok(port.interface, merging->any() ? "merges segments after af_xdp has had them" : "segments come as they were sent");
      continue;
    }
    const std::string fixed = merging->gro_hw && merging->gro_hw_fixed ? "; the card's cannot be switched off here" : "";
    findings.warn(port.interface,
                  "merges segments (" + format_merging(*merging) + "), of which only the first keeps its TCP options" + fixed,
                  mend_merging(*merging, port.interface));
  }
}

}  // namespace mptap

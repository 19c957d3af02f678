// How ports are called, and which of them are pairs: plain text, no DPDK.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dataplane/port_options.h"

namespace mptap {

/// A PCI address with its domain: "01:00.0" is short for "0000:01:00.0". Other texts stay as they are.
[[nodiscard]] inline std::string format_pci_address(const std::string& address) {
  constexpr std::size_t kWithoutDomain = 7;
  return address.size() == kWithoutDomain && address[2] == ':' ? "0000:" + address : address;
}

/// A port's name in sentences, metrics and pairs: its interface, its PCI address with the domain, or its virtual device
/// without the arguments.
[[nodiscard]] inline std::string name_of(const PortOptions& port) {
  if (!port.interface.empty()) return port.interface;
  return port.pci.empty() ? port.vdev.substr(0, port.vdev.find(',')) : format_pci_address(port.pci);
}

/// The index of the port of that name, however its PCI address is written; nothing where there is none.
[[nodiscard]] inline std::optional<std::size_t> find_port(const DataplaneOptions& options, const std::string& name) {
  for (std::size_t i = 0; i < options.ports.size(); ++i) {
    const std::string port = name_of(options.ports[i]);
    if (!port.empty() && (port == name || port == format_pci_address(name))) return i;
  }
  return std::nullopt;
}

/// The index of the port at the other end of a port's pair; nothing where it only listens.
///
/// @param index  Below the number of ports; all pairs name ports, each one once.
[[nodiscard]] inline std::optional<std::size_t> partner_of(const DataplaneOptions& options, std::size_t index) {
  for (const PortPair& pair : options.pairs) {
    const auto first = find_port(options, pair.first);
    const auto second = find_port(options, pair.second);
    if (first == index) return second;
    if (second == index) return first;
  }
  return std::nullopt;
}

}  // namespace mptap

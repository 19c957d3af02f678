#include "daemon/doctor/interfaces.h"

#include <sstream>

namespace mptap {

std::vector<std::string> default_route_interfaces(const MachineView& machine) {
  std::vector<std::string> found;
  std::istringstream routes(machine.read("/proc/net/route").text);
  for (std::string line; std::getline(routes, line);) {
    std::istringstream fields(line);
    std::string interface, destination, gateway, flags, references, uses, metric, mask;
    fields >> interface >> destination >> gateway >> flags >> references >> uses >> metric >> mask;
    if (destination == "00000000" && mask == "00000000") found.push_back(interface);
  }
  std::istringstream routes6(machine.read("/proc/net/ipv6_route").text);
  for (std::string line; std::getline(routes6, line);) {
    std::istringstream fields(line);
    std::string destination, length, source, source_length, hop, metric, references, uses, flags, interface;
    fields >> destination >> length >> source >> source_length >> hop >> metric >> references >> uses >> flags >> interface;
    // The kernel's own entry for "nowhere" is on lo.
    if (length == "00" && destination == std::string(32, '0') && interface != "lo") found.push_back(interface);
  }
  return found;
}

}  // namespace mptap

// Pairs of inline ports: would what comes in on one leave by the other as it came.
#include <algorithm>
#include <string>
#include <string_view>

#include "daemon/doctor/checks.h"
#include "daemon/doctor/interfaces.h"
#include "dataplane/port_names.h"

namespace mptap {
namespace {

constexpr std::string_view kBypass = "mptap-by";  // how deploy/bypass begins the names of its bridges

/// What keeps an interface of a pair from being a wire, or nothing.
bool check_end(const MachineView& machine, const PortOptions& port, const std::string& subject, Findings& findings) {
  const std::string folder = kInterfaces + port.interface;
  const std::string master = machine.link_name(folder + "/master");
  const bool leaves_frames = port.driver == PortDriver::kAfPacket;  // af_xdp takes them before a bridge could
  if (leaves_frames && !master.empty() && !master.starts_with(kBypass)) {
    findings.problem(subject, port.interface + " belongs to " + master + ": the kernel forwards its frames, too, and they come twice",
                     "ip link set " + port.interface + " nomaster");
    return false;
  }
  const auto merging = machine.kernel().merging(port.interface);
  if (!merging || !reaches(*merging, port.driver)) return true;
  findings.problem(subject, port.interface + " merges segments (" + format_merging(*merging) + "): what is then longer than the MTU is lost",
                   mend_merging(*merging, port.interface));
  return false;
}

}  // namespace

void check_pairs(const MachineView& machine, const Config& config, Findings& findings) {
  const DataplaneOptions& dataplane = config.startup.dataplane;
  for (const auto& [first_name, second_name] : dataplane.pairs) {
    const auto first_place = find_port(dataplane, first_name);
    const auto second_place = find_port(dataplane, second_name);
    if (!first_place || !second_place) continue;  // a configuration that says so is refused
    const PortOptions* first = &dataplane.ports[*first_place];
    const PortOptions* second = &dataplane.ports[*second_place];
    const std::string subject = first_name + " and " + second_name;
    if (first->interface.empty() || second->interface.empty()) {
      findings.unknown(subject, "not both are interfaces: what a card or a virtual device forwards cannot be seen from here");
      continue;
    }
    const auto one = machine.number(kInterfaces + first->interface + "/mtu");
    const auto other = machine.number(kInterfaces + second->interface + "/mtu");
    if (!one || !other) continue;  // the link's check tells of an interface that is not there
    if (*one != *other) {
      const std::string& longer = *one > *other ? first->interface : second->interface;
      findings.problem(subject, "MTU " + std::to_string(*one) + " and " + std::to_string(*other) + ": what is longer would be lost",
                       "ip link set " + longer + " mtu " + std::to_string(std::min(*one, *other)));
      continue;
    }
    if (!check_end(machine, *first, subject, findings) || !check_end(machine, *second, subject, findings)) continue;
    findings.ok(subject, "MTU " + std::to_string(*one) + " both, and frames pass as they come");
  }
}

}  // namespace mptap

#include "config/contradictions.h"

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "config/value.h"
#include "dataplane/port_names.h"

namespace mptap {
namespace {

/// The ways to name a port.
struct PortName {
  std::string_view key;
  std::string PortOptions::*field;
};
constexpr std::array<PortName, 3> kPortNames{
    {{"interface", &PortOptions::interface}, {"pci", &PortOptions::pci}, {"vdev", &PortOptions::vdev}}};

/// What makes two ports the same one: a PCI address with its domain, a virtual device without its arguments.
std::string identity_of(const PortName& name, const PortOptions& port) {
  const std::string& text = port.*name.field;
  if (name.key == "vdev") return text.substr(0, text.find(','));
  if (name.key == "pci" && text.size() == 7) return "0000:" + text;
  return text;
}

class Finder {
 public:
  explicit Finder(const Reading& reading) : reading_(reading) {}

  Mistakes find() {
    compare_cores();
    const auto& ports = reading_.config.startup.dataplane.ports;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      check_names(i);
      check_driver(i);
      compare_ports(i);
    }
    check_pairs();
    check_mitigation();
    return std::move(mistakes_);
  }

 private:
  [[nodiscard]] bool is_faulty(const std::string& path) const { return reading_.faulty.contains(path); }
  [[nodiscard]] bool is_set(const std::string& path) const { return reading_.places.contains(path); }
  [[nodiscard]] const PortOptions& port(std::size_t i) const {
    return reading_.config.startup.dataplane.ports[i];
  }

  static std::string path_of(std::size_t i, std::string_view key = {}) {
    return "ports[" + std::to_string(i) + "]" + (key.empty() ? "" : "." + std::string(key));
  }

  void report(const std::string& path, std::string message) {
    mistakes_.push_back({reading_.places.at(path), std::move(message)});
  }

  void compare_cores() {
    const auto& options = reading_.config.startup.dataplane;
    if (is_faulty("cores") || is_faulty("workers") || options.cores.empty()) return;
    if (options.cores.size() == options.workers) return;
    report("cores", "`cores` names " + std::to_string(options.cores.size()) + ", but `workers` is " +
                        std::to_string(options.workers) + "; name one core for each worker");
  }

  void check_names(std::size_t i) {
    std::string_view first;
    for (const PortName& name : kPortNames) {
      if (!is_set(path_of(i, name.key))) continue;
      if (!first.empty()) {
        report(path_of(i, name.key),
               "a port is named by one of `interface`, `pci` and `vdev`; this one has `" +
                   std::string(first) + "` and `" + std::string(name.key) + "`");
      }
      if (first.empty()) first = name.key;
    }
    if (!first.empty() || is_faulty(path_of(i))) return;
    const std::string inside = path_of(i, "");
    const auto next = reading_.faulty.lower_bound(inside + ".");
    const bool has_fault = next != reading_.faulty.end() && next->starts_with(inside + ".");
    if (!has_fault) report(path_of(i), "a port without a name; give it `interface`, `pci` or `vdev`");
  }

  void check_driver(std::size_t i) {
    const std::string driver = path_of(i, "driver");
    if (!is_set(driver) || is_set(path_of(i, "interface")) || is_faulty(path_of(i, "interface"))) return;
    if (!is_set(path_of(i, "pci")) && !is_set(path_of(i, "vdev"))) return;
    report(driver, "`driver` says how `interface` is opened, and this port has none; remove it");
  }

  void compare_ports(std::size_t i) {
    for (const PortName& name : kPortNames) {
      if (!is_set(path_of(i, name.key))) continue;
      const std::string identity = identity_of(name, port(i));
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        if (!is_set(path_of(earlier, name.key)) || identity_of(name, port(earlier)) != identity) continue;
        report(path_of(i, name.key), "`" + identity + "` is already the port in line " +
                                         std::to_string(reading_.places.at(path_of(earlier)).line) +
                                         "; name every port once");
        break;
      }
    }
  }

  void check_pairs() {
    const auto& options = reading_.config.startup.dataplane;
    const auto faulty_port = reading_.faulty.lower_bound("ports");
    if (faulty_port != reading_.faulty.end() && faulty_port->starts_with("ports")) return;  // it may be the one that is named
    if (options.pairs.empty() || is_faulty("inline")) return;
    std::set<std::size_t> taken;
    for (std::size_t i = 0; i < options.pairs.size(); ++i) {
      const std::string path = "inline[" + std::to_string(i) + "]";
      for (const std::string& name : {options.pairs[i].first, options.pairs[i].second}) {
        const auto port = find_port(options, name);
        if (!port) {
          report(path, "`inline` names " + quote_excerpt(name) + ", which is no port; name it under `ports`, e.g. as an `interface`");
        } else if (!taken.insert(*port).second) {
          report(path, "`inline` names " + quote_excerpt(name) + " twice; a port has one partner, and another one than itself");
        }
      }
    }
  }

  void check_mitigation() {
    const Config& config = reading_.config;
    const FrameOptions& frames = config.startup.worker.frame;
    if (config.startup.dataplane.use_cards && (frames.vlan_in_identity || frames.tunnel_in_identity)) {
      report("mitigation.cards", "`mitigation.cards` has cards drop by addresses and ports, which are not all of a flow with `frames.vlan_in_identity` "
                                 "or `frames.tunnel_in_identity`; say false to either");
    }
    if (!config.startup.dataplane.pairs.empty() || is_faulty("inline")) return;
    if (config.startup.dataplane.use_cards && is_set("mitigation.cards")) {
      report("mitigation.cards", "`mitigation.cards` has cards drop packets, and no port is inline: a port that only listens holds back nothing; "
                                 "name pairs under `inline`, or say false");
    }
    for (const auto& [path, choice] : {std::pair{"detectors.join_flood.mitigation", config.runtime.detectors.join_flood.mitigation},
                                       std::pair{"detectors.add_addr_hmac.mitigation", config.runtime.detectors.add_addr_hmac.mitigation},
                                       std::pair{"detectors.join_hmac.mitigation", config.runtime.detectors.join_hmac.mitigation}}) {
      if (choice == Mitigation::kOff || !is_set(path)) continue;
      report(path, "`" + std::string(path) + "` holds packets back, and no port is inline: a port that only listens holds back nothing; "
                                             "name pairs under `inline`, or say off");
    }
  }

  const Reading& reading_;
  Mistakes mistakes_;
};

}  // namespace

Mistakes find_contradictions(const Reading& reading) { return Finder(reading).find(); }

}  // namespace mptap

#include "daemon/config_command.h"

#include <algorithm>
#include <iostream>

#include "daemon/exit_code.h"
#include "dataplane/interface_query.h"
#include "dataplane/pcap_filter.h"

namespace mptap {
namespace {

std::string check_filter(const std::string& expression, bool for_ports) {
  const auto links = for_ports ? std::span<const LinkType>(kPortLinks) : std::span<const LinkType>();
  return PcapFilter::compile(expression, links).error;
}

/// Both MTUs as the kernel has them; a card that DPDK drives is given the same by the sensor.
std::string check_pair(const PortOptions& first, const PortOptions& second) {
  const auto one = read_mtu(first.interface);
  const auto other = read_mtu(second.interface);
  if (!one || !other || *one == *other) return {};
  const PortOptions& longer = *one > *other ? first : second;
  const std::uint32_t least = std::min(*one, *other);
  return "joins " + first.interface + " (MTU " + std::to_string(*one) + ") and " + second.interface + " (MTU " +
         std::to_string(*other) + "): what is longer would be lost; give both one MTU: ip link set " + longer.interface + " mtu " +
         std::to_string(least);
}

}  // namespace

ConfigResult load_checked(const std::string& path) { return load_config(path, {.filter = check_filter, .pair = check_pair}); }

std::optional<Config> load_or_explain(const std::string& path, int& exit_code) {
  if (path.empty()) return Config{};
  ConfigResult result = load_checked(path);
  if (result.errors.empty()) return result.config;
  for (const ConfigError& error : result.errors) std::cerr << "mptap: " << error.to_string() << "\n";
  exit_code = result.unreadable ? kFailed : kUsage;
  return std::nullopt;
}

int check_config(const CheckConfigArguments& arguments) {
  int exit_code = kDone;
  if (!load_or_explain(arguments.config_path, exit_code)) return exit_code;
  std::cout << arguments.config_path << ": no mistakes\n";
  return kDone;
}

int print_config_command(const PrintConfigArguments& arguments) {
  int exit_code = kDone;
  const auto config = load_or_explain(arguments.defaults ? "" : arguments.config_path, exit_code);
  if (!config) return exit_code;
  std::cout << print_config(*config);
  return kDone;
}

}  // namespace mptap

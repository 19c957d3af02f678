// What docs/configuration.md and mptap.yaml(5) both say beside the settings.
#pragma once

#include <string>
#include <string_view>

namespace mptap {

/// A configuration of many settings.
inline constexpr std::string_view kLargerExample = R"(ports:
  - interface: eth1
    driver: af_xdp
  - pci: 0000:01:00.0
    receive_descriptors: 4096
workers: 2
cores: [2, 3]
poll: busy
memory: 2GiB
subflows: {capacity: 1048576, idle_timeout: 30m}
detectors:
  join_flood:
    threshold: 200
    interval: 5s
logs:
  directory: /var/log/mptap
  format: json
  events: [mp_join, mp_fastclose, connection]
metrics:
  listen: 127.0.0.1:9500
)";

/// What holds for every file: a list in Markdown, of lines that begin with "- " or go on.
[[nodiscard]] std::string yaml_rules();

}  // namespace mptap

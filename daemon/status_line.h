// The sensor in a line, as `systemctl status` shows it.
#pragma once

#include <cstdint>
#include <string>

namespace mptap {

/// What a moment's line is made of; counts are since the start.
struct StatusNumbers {
  std::size_t ports = 0;
  std::size_t ports_up = 0;
  std::uint64_t connections = 0;  // now
  std::uint64_t received = 0;     // packets
  std::uint64_t missed = 0;       // by card, driver or kernel
};

/// Makes lines such as "2 ports up, 41 connections, 0.0 % missed". Main thread.
class StatusLine {
 public:
  /// The share is of what came since the call before.
  [[nodiscard]] std::string format(const StatusNumbers& now);

 private:
  StatusNumbers before_;
};

}  // namespace mptap

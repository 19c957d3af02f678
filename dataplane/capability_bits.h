// The capabilities that ports need, as bits of CapEff (include/uapi/linux/capability.h), and those that a thread has.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace mptap {

constexpr std::uint64_t kCapNetAdmin = 1ull << 12;
constexpr std::uint64_t kCapNetRaw = 1ull << 13;
constexpr std::uint64_t kCapIpcLock = 1ull << 14;
constexpr std::uint64_t kCapSysAdmin = 1ull << 21;

/// A set of capabilities of a thread.
///
/// @param status  Its file, such as /proc/thread-self/status (proc_pid_status(5)).
/// @param set     "CapEff", "CapPrm", ...
/// @return No bit where the thread has ended. Any thread; a file read.
[[nodiscard]] inline std::uint64_t read_capabilities(const std::string& status, std::string_view set) {
  std::ifstream lines(status);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(set) && line.substr(set.size(), 1) == ":") return std::stoull(line.substr(set.size() + 1), nullptr, 16);
  }
  return 0;
}

}  // namespace mptap

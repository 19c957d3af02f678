// The machine as the checks of `mptap doctor` see it: /proc and /sys below a folder of choice, and the kernel's answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/doctor/kernel.h"

namespace mptap {

/// Reads files, links and folders. Main thread; nothing throws but for lack of memory.
class MachineView {
 public:
  /// @param root    Stands before every path: empty for this machine, a folder with a fake tree for tests.
  /// @param kernel  Outlives the view.
  MachineView(std::string root, const Kernel& kernel);

  /// A file's text without white space around it.
  struct Text {
    std::string text;
    int error = 0;  // errno of opening or reading; ENOENT where it is missing
  };
  [[nodiscard]] Text read(const std::string& path) const;

  /// The first whole number in a file; nothing where there is none.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& path) const;
  /// The names in a folder, sorted.
  [[nodiscard]] std::vector<std::string> names(const std::string& path) const;
  /// The last name of where a link leads; empty where it is none.
  [[nodiscard]] std::string link_name(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;

  /// The CPUs of a list such as "0-2,5", in ascending order; empty where the file is.
  [[nodiscard]] std::vector<std::uint32_t> cpus(const std::string& path) const;
  /// A value of /proc/self/status, such as that of "CapEff".
  [[nodiscard]] std::string status(const std::string& name) const;

  [[nodiscard]] const Kernel& kernel() const { return kernel_; }

 private:
  std::string root_;
  const Kernel& kernel_;
};

/// Parses "0-2,5". What is no number is left out.
[[nodiscard]] std::vector<std::uint32_t> parse_cpus(const std::string& list);
/// Writes CPUs as such a list: "0-2,5".
[[nodiscard]] std::string format_cpus(const std::vector<std::uint32_t>& cpus);
/// Writes a size in whole MiB, or GiB from 10 GiB on: "256 MiB".
[[nodiscard]] std::string format_room(std::uint64_t bytes);

}  // namespace mptap

#include "daemon/doctor/machine_view.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <utility>

namespace mptap {
namespace {

constexpr std::string_view kWhite = " \t\r\n";
constexpr std::uint32_t kMostCpus = 65'536;  // in a range: a broken file shall not fill memory

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(kWhite);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

}  // namespace

MachineView::MachineView(std::string root, const Kernel& kernel) : root_(std::move(root)), kernel_(kernel) {}

MachineView::Text MachineView::read(const std::string& path) const {
  Text result;
  const int descriptor = open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    result.error = errno;
    return result;
  }
  std::array<char, 4096> piece{};
  ssize_t got = 0;
  while ((got = ::read(descriptor, piece.data(), piece.size())) > 0) {
    result.text.append(piece.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) result.error = errno;  // as EINVAL for the speed of a link that is down
  close(descriptor);
  result.text = trim(result.text);
  return result;
}

std::optional<std::uint64_t> MachineView::number(const std::string& path) const {
  const std::string text = read(path).text;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  return std::strtoull(text.c_str(), nullptr, 10);
}

std::vector<std::string> MachineView::names(const std::string& path) const {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root_ + path, ignored)) {
    found.push_back(entry.path().filename());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string MachineView::link_name(const std::string& path) const {
  std::error_code ignored;
  return std::filesystem::read_symlink(root_ + path, ignored).filename();
}

bool MachineView::exists(const std::string& path) const {
  std::error_code ignored;
  return std::filesystem::exists(root_ + path, ignored);
}

std::vector<std::uint32_t> MachineView::cpus(const std::string& path) const { return parse_cpus(read(path).text); }

std::string MachineView::status(const std::string& name) const {
  std::istringstream lines(read("/proc/self/status").text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return trim(line.substr(name.size() + 1));
  }
  return {};
}

std::vector<std::uint32_t> parse_cpus(const std::string& list) {
  std::vector<std::uint32_t> cpus;
  std::istringstream ranges(list);
  for (std::string range; std::getline(ranges, range, ',');) {
    char* end = nullptr;
    const auto first = static_cast<std::uint32_t>(std::strtoul(range.c_str(), &end, 10));
    if (end == range.c_str()) continue;
    const auto last = *end == '-' ? static_cast<std::uint32_t>(std::strtoul(end + 1, nullptr, 10)) : first;
    for (std::uint32_t cpu = first; cpu <= last && cpu - first < kMostCpus; ++cpu) cpus.push_back(cpu);
  }
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

std::string format_cpus(const std::vector<std::uint32_t>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(cpus[i]);
    if (last > i) text += "-" + std::to_string(cpus[last]);
    i = last + 1;
  }
  return text;
}

std::string format_room(std::uint64_t bytes) {
  const std::uint64_t mib = bytes >> 20;
  return mib >= 10'240 ? std::to_string(mib >> 10) + " GiB" : std::to_string(mib) + " MiB";
}

}  // namespace mptap

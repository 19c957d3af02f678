// Where logs, metrics and, at worst, core dumps go.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "daemon/doctor/checks.h"

namespace mptap {
namespace {

constexpr std::uint64_t kLittleRoomBytes = 1ull << 30;
constexpr std::uint64_t kNoRoomBytes = 16ull << 20;

/// The type of the file system that holds an absolute path; empty where it is not told.
std::string file_system_of(const MachineView& machine, const std::string& path) {
  std::istringstream mounts(machine.read("/proc/self/mounts").text);
  std::string found;
  std::size_t longest = 0;
  for (std::string device, place, type, rest; mounts >> device >> place >> type && std::getline(mounts, rest);) {
    const std::string inside = place == "/" ? place : place + "/";
    // A later mount on the same place hides the earlier one.
    if ((path + "/").starts_with(inside) && inside.size() >= longest) {
      longest = inside.size();
      found = type;
    }
  }
  return found;
}

std::string weakness_of(const std::string& file_system) {
  if (file_system == "tmpfs" || file_system == "ramfs") return "they are in memory and gone after a restart of the machine";
  if (file_system.starts_with("nfs") || file_system == "cifs" || file_system == "ceph" || file_system.starts_with("fuse.")) {
    return "rows are dropped while the network or its server is slow";
  }
  return {};
}

std::string user_of(const MachineView& machine) {
  const std::string uids = machine.status("Uid");
  return uids.substr(0, uids.find_first_of(" \t"));
}

}  // namespace

void check_log_directory(const MachineView& machine, const Config& config, Findings& findings) {
  const std::string& named = config.runtime.logs.directory;
  if (named.empty()) return findings.ok("", "none: `logs.directory` is empty");
  std::error_code ignored;
  const std::filesystem::path path = std::filesystem::absolute(named, ignored).lexically_normal();
  const std::string directory = path.has_filename() ? path.string() : path.parent_path().string();
  DirectoryAnswer answer = machine.kernel().directory(directory);
  const bool missing = answer.error == ENOENT;
  const std::string parent = std::filesystem::path(directory).parent_path();
  const std::string make = "install -d -m 750 -o " + user_of(machine) + " " + directory;
  if (missing) answer = machine.kernel().directory(parent);
  const std::string& looked_at = missing ? parent : directory;
  if (answer.error == ENOENT) return findings.problem(directory, "is missing, and so is the directory above it", make);
  if (answer.error == EACCES) {
    return findings.unknown(directory, "this user may not look there", "sudo mptap doctor --config FILE");
  }
  if (answer.error != 0) return findings.problem(directory, std::strerror(answer.error), make);
  if (!answer.is_directory) {
    return findings.problem(looked_at, "is no directory", "in the configuration: another `logs.directory`");
  }
  if (answer.write_error != 0) {
    return findings.problem(looked_at, "user " + user_of(machine) + " may not write there: " + std::strerror(answer.write_error),
                            answer.write_error == EROFS ? "mount -o remount,rw " + looked_at : make);
  }
  const std::string file_system = file_system_of(machine, directory);
  const std::string finding = (missing ? std::string("is missing and is made at start") : std::string("may be written")) + ", " +
                              format_room(answer.free_bytes) + " free" + (file_system.empty() ? "" : " on " + file_system);
  if (answer.free_bytes < kNoRoomBytes) return findings.problem(directory, finding, "df -h " + looked_at + "  # and make room");
  if (answer.free_bytes < kLittleRoomBytes) {
    return findings.warn(directory, finding + ": little for logs", "df -h " + looked_at + "  # and make room");
  }
  if (const std::string weakness = weakness_of(file_system); !weakness.empty()) {
    return findings.warn(directory, finding + ": " + weakness, "in the configuration: a `logs.directory` on a disk of this machine");
  }
  findings.ok(directory, finding);
}

void check_metrics_port(const MachineView& machine, const Config& config, Findings& findings) {
  const MetricsOptions& metrics = config.startup.metrics;
  if (!metrics.enabled) return findings.ok("", "none: `metrics.enabled` is false");
  const std::string port = metrics.listen.substr(metrics.listen.rfind(':') + 1);
  const ListenAnswer answer = machine.kernel().listen(metrics.listen);
  if (answer.error == 0) return findings.ok(metrics.listen, "free");
  if (answer.serves_mptap) {
    return findings.warn(metrics.listen, "taken by an mptap that runs: this sensor, or another one",
                         "where it is another: `metrics.listen` with another port");
  }
  if (answer.error == EADDRINUSE) {
    return findings.problem(metrics.listen, "taken, not by an mptap",
                            "ss -ltnp 'sport = :" + port + "'  # who; or another port in `metrics.listen`");
  }
  findings.problem(metrics.listen, std::strerror(answer.error),
                   answer.error == EACCES ? "in the configuration: a port from 1024 on in `metrics.listen`"
                                          : "in the configuration: an address of this machine in `metrics.listen`");
}

void check_core_dumps(const MachineView& machine, const Config&, Findings& findings) {
  const MachineView::Text pattern = machine.read("/proc/sys/kernel/core_pattern");
  if (pattern.error != 0) {
    return findings.unknown("", std::string("kernel.core_pattern cannot be read: ") + std::strerror(pattern.error));
  }
  if (!pattern.text.starts_with("|")) {
    return findings.ok("", "go to files as ulimit -c allows; `mptap run` forbids its own");
  }
  const std::string program = pattern.text.substr(1, pattern.text.find(' ') - 1);
  const bool is_systemd = program.find("systemd-coredump") != std::string::npos;
  findings.warn("", "go to " + program + " whatever ulimit -c says: one of `mptap read` would hold keys; `mptap run` forbids its own",
                is_systemd ? "in /etc/systemd/coredump.conf: Storage=none" : "sysctl kernel.core_pattern=core");
}

}  // namespace mptap

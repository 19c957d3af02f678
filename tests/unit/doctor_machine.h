// A machine of files and answers for the checks of `mptap doctor`: healthy, until a case alters it.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/doctor/checks.h"
#include "tests/unit/catch.h"

namespace mptap::test {

/// Answers as told.
struct FakeKernel final : Kernel {
  std::optional<SegmentMerging> merging_answer = SegmentMerging{};
  std::optional<ReceiveQueues> queues_answer = ReceiveQueues{1, 4};
  std::optional<ReceiveHash> hash_answer;
  ClockAnswer clock_answer{0, true, 40};
  std::map<std::string, DirectoryAnswer> directories{{"/var/log/mptap", {0, true, 0, 100ull << 30}}};
  std::string openable;  // the one device node that this user may open
  ListenAnswer listen_answer;
  std::uint64_t file_capabilities_answer = 0;
  bool has_lzcnt_answer = false;

  [[nodiscard]] std::optional<SegmentMerging> merging(const std::string&) const override { return merging_answer; }
  [[nodiscard]] std::optional<ReceiveQueues> receive_queues(const std::string&) const override { return queues_answer; }
  [[nodiscard]] std::optional<ReceiveHash> receive_hash(const std::string&) const override { return hash_answer; }
  [[nodiscard]] ClockAnswer clock() const override { return clock_answer; }
  [[nodiscard]] DirectoryAnswer directory(const std::string& path) const override {
    const auto found = directories.find(path);
    return found == directories.end() ? DirectoryAnswer{ENOENT, false, 0, 0} : found->second;
  }
  [[nodiscard]] bool may_open(const std::string& path) const override { return path == openable; }
  [[nodiscard]] ListenAnswer listen(const std::string&) const override { return listen_answer; }
  [[nodiscard]] std::uint64_t file_capabilities() const override { return file_capabilities_answer; }
  [[nodiscard]] bool has_lzcnt() const override { return has_lzcnt_answer; }
};

/// A tree of files below a folder of its own, which goes with it.
class FakeMachine {
 public:
  FakeMachine() {
    static int count = 0;
    // Thousands of small files: in memory where there is such a folder, for a disk takes its time to delete them.
    const std::filesystem::path memory = "/dev/shm";
    root_ = (access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path()) /
            ("mptap-doctor-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    make_machine();
    make_interface();
    make_card("0000:01:00.0", "vfio-pci", "7");
  }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine() { std::filesystem::remove_all(root_); }

  void file(const std::string& path, const std::string& text) {
    std::filesystem::remove_all(root_ + path);
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text << "\n";
  }
  void link(const std::string& path, const std::string& target) {
    std::filesystem::remove_all(root_ + path);
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::filesystem::create_symlink(target, root_ + path);
  }
  void folder(const std::string& path) { std::filesystem::create_directories(root_ + path); }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ + path); }
  void clear() { std::filesystem::remove_all(root_); }
  /// Puts a folder where a file is read: reading then fails for everyone, root included.
  void forbid(const std::string& path) {
    remove(path);
    folder(path);
  }
  void status(const std::string& cpus, const std::string& capabilities, const std::string& uid,
              const std::string& no_new_privs = "0") {
    file("/proc/self/status", "Name:\tmptap\nUid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid + "\nCapEff:\t" + capabilities +
                                  "\nNoNewPrivs:\t" + no_new_privs + "\nCpus_allowed_list:\t" + cpus);
  }
  void hugepages(const std::string& node, int reserved, int free) {
    const std::string folder = "/sys/devices/system/node/" + node + "/hugepages/hugepages-2048kB/";
    file(folder + "nr_hugepages", std::to_string(reserved));
    file(folder + "free_hugepages", std::to_string(free));
    file("/proc/meminfo", "MemTotal: 33554432 kB\nMemAvailable: 16777216 kB\nHugePages_Free: " + std::to_string(free) +
                              "\nHugepagesize: 2048 kB");
  }
  void make_card(const std::string& address, const std::string& driver, const std::string& group) {
    const std::string folder = "/sys/bus/pci/devices/" + address;
    file(folder + "/class", "0x020000");
    file(folder + "/numa_node", "0");
    link(folder + "/driver", "/sys/bus/pci/drivers/" + driver);
    if (group.empty()) return;
    file("/sys/kernel/iommu_groups/" + group + "/devices/" + address, "");
    link(folder + "/iommu_group", root_ + "/sys/kernel/iommu_groups/" + group);
  }

  [[nodiscard]] MachineView view() const { return {root_, kernel}; }

  FakeKernel kernel;

 private:
  void make_machine() {
    file("/proc/cpuinfo", "processor: 0\nflags\t: fpu sse2 pni ssse3 sse4_1 sse4_2 popcnt avx avx2 bmi1 bmi2 f16c fma abm movbe "
                          "avx512f avx512bw avx512dq avx512vl");
    status("0-3", "0000000000007000", "0");
    file("/proc/self/limits", "Max locked memory         8388608              8388608              bytes");
    file("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\nhugetlbfs /dev/hugepages hugetlbfs rw 0 0\nnone /run tmpfs rw 0 0");
    file("/proc/net/route", "Iface Destination Gateway Flags RefCnt Use Metric Mask\neth0 00000000 0101A8C0 0003 0 0 0 00000000");
    file("/proc/sys/vm/max_map_count", "65530");
    file("/proc/sys/kernel/core_pattern", "core");
    file("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
    folder("/sys/kernel/mm/hugepages/hugepages-2048kB");
    hugepages("node0", 256, 200);
    file("/sys/devices/system/node/node0/cpulist", "0-3");
    file("/sys/devices/system/cpu/online", "0-3");
    file("/sys/devices/system/cpu/isolated", "1");
    file("/sys/devices/system/cpu/nohz_full", "1");
    for (int cpu = 0; cpu < 4; ++cpu) {
      file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", std::to_string(cpu));
    }
    file("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
    file("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm");
    folder("/sys/bus/pci/drivers/vfio-pci");
  }
  void make_interface() {
    const std::string folder = "/sys/class/net/eth1/";
    file(folder + "flags", "0x1003");
    file(folder + "carrier", "1");
    file(folder + "speed", "10000");
    file(folder + "mtu", "1500");
    file(folder + "statistics/rx_length_errors", "0");
    this->folder(folder + "queues/rx-0");
  }

  std::string root_;
};

/// One worker on eth1, logs, metrics.
inline Config usual_config() {
  Config config;
  PortOptions port;
  port.interface = "eth1";
  config.startup.dataplane.ports = {port};
  config.runtime.logs.directory = "/var/log/mptap";
  return config;
}

inline PortOptions card(const std::string& address = "01:00.0") {
  PortOptions port;
  port.pci = address;
  return port;
}

using Alter = std::function<void(FakeMachine&, Config&)>;

/// A machine and configuration, altered, and the one finding that the check must give.
struct DoctorCase {
  const char* what;
  Alter alter;
  FindingState state;
  const char* says;   // a part of the finding
  const char* mends;  // a part of the mend; empty: there is none
};

/// Plays each case on a machine of its own.
inline void check_cases(Look look, const std::vector<DoctorCase>& cases) {
  for (const DoctorCase& play : cases) {
    INFO(play.what);
    FakeMachine machine;
    Config config = usual_config();
    if (play.alter) play.alter(machine, config);
    Findings findings;
    look(machine.view(), config, findings);
    REQUIRE(findings.all().size() == 1);
    const Finding& found = findings.all().front();
    INFO(found.finding << " -> " << found.mend);
    CHECK(found.state == play.state);
    CHECK_THAT(found.finding, contains(play.says));
    CHECK_THAT(found.mend, contains(play.mends));
    if (*play.mends == '\0') CHECK(found.mend.empty());
  }
}

constexpr FindingState kOk = FindingState::kOk;
constexpr FindingState kWarning = FindingState::kWarning;
constexpr FindingState kProblem = FindingState::kProblem;
constexpr FindingState kUnknown = FindingState::kUnknown;

}  // namespace mptap::test

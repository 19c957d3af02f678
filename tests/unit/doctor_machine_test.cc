// mptap doctor: processor, cores, memory, clock, permissions. Each check's states on a machine of files.
#include "tests/unit/doctor_machine.h"

namespace mptap::test {
namespace {

void two_workers(Config& config, std::vector<std::uint32_t> cores) {
  config.startup.dataplane.workers = 2;
  config.startup.dataplane.cores = std::move(cores);
}

TEST_CASE("doctor: instructions", "[doctor]") {
  check_cases(check_processor, {
      {"all there", {}, kOk, "has all", ""},
#ifdef __SSE2__
      {"one is missing", [](FakeMachine& m, Config&) { m.file("/proc/cpuinfo", "flags : fpu mmx pni"); }, kProblem, "lacks sse2",
       "MPTAP_MARCH=x86-64 "},
#endif
#ifdef __AVX2__
      {"one that the kernel leaves out and the processor has",
       [](FakeMachine& m, Config&) {
         m.file("/proc/cpuinfo", "flags : sse2 pni ssse3 sse4_1 sse4_2 popcnt avx avx2 bmi1 bmi2 f16c fma movbe");
         m.kernel.has_lzcnt_answer = true;
       },
       kOk, "has all", ""},
      {"the same, and the processor has it not",
       [](FakeMachine& m, Config&) { m.file("/proc/cpuinfo", "flags : sse2 pni ssse3 sse4_1 sse4_2 popcnt avx avx2 bmi1 bmi2 f16c fma movbe"); },
       kProblem, "lacks abm", "MPTAP_MARCH=x86-64-v2 "},
      {"a processor of level 2",
       [](FakeMachine& m, Config&) { m.file("/proc/cpuinfo", "flags : sse2 pni ssse3 sse4_1 sse4_2 popcnt"); }, kProblem, "avx2",
       "MPTAP_MARCH=x86-64-v2 "},
#endif
      {"unreadable", [](FakeMachine& m, Config&) { m.forbid("/proc/cpuinfo"); }, kUnknown, "/proc/cpuinfo", ""},
  });
}

TEST_CASE("doctor: cores of the workers", "[doctor]") {
  check_cases(check_workers, {
      {"by default", {}, kOk, "1 worker on core 1, the rest on 0,2-3", ""},
      {"named ones", [](FakeMachine&, Config& c) { two_workers(c, {2, 3}); }, kOk, "2 workers on cores 2-3", ""},
      {"one core named twice", [](FakeMachine&, Config& c) { two_workers(c, {2, 2}); }, kWarning, "workers share", "`workers: 1`"},
      {"none is left for control",
       [](FakeMachine& m, Config& c) { m.status("0-1", "0", "0"), two_workers(c, {0, 1}); }, kWarning, "take turns", "`workers: 1`"},
      {"one core in all", [](FakeMachine& m, Config&) { m.status("0", "0", "0"); }, kWarning, "take turns", "second core"},
      {"a core that may not be used",
       [](FakeMachine& m, Config& c) { m.status("0-1", "0", "0"), two_workers(c, {1, 3}); }, kProblem, "core 3 is not one",
       "taskset -c 0-3 "},
      {"a core that does not exist", [](FakeMachine&, Config& c) { two_workers(c, {1, 9}); }, kProblem, "core 9 is not one",
       "`cores` of 0-3"},
      {"busy without cores of its own",
       [](FakeMachine& m, Config& c) { m.status("0", "0", "0"), c.startup.dataplane.poll = PollMode::kBusy; }, kProblem,
       "`poll: busy`", "`poll: adaptive`"},
      {"not told", [](FakeMachine& m, Config&) { m.forbid("/proc/self/status"); }, kUnknown, "/proc/self/status", ""},
  });
}

TEST_CASE("doctor: isolation of the workers' cores", "[doctor]") {
  const auto busy = [](Config& c) { c.startup.dataplane.poll = PollMode::kBusy; };
  const std::string isolated = "/sys/devices/system/cpu/isolated";
  check_cases(check_isolation, {
      {"isolated, without ticks", [&](FakeMachine&, Config& c) { busy(c); }, kOk, "core 1 is isolated, without ticks", ""},
      {"isolated, with ticks", [](FakeMachine& m, Config&) { m.file("/sys/devices/system/cpu/nohz_full", ""); }, kOk,
       "core 1 is isolated", ""},
      {"not isolated, adaptive", [&](FakeMachine& m, Config&) { m.file(isolated, ""); }, kOk, "adaptive` bears that", ""},
      {"not isolated, busy", [&](FakeMachine& m, Config& c) { m.file(isolated, ""), busy(c); }, kWarning, "core 1 is not isolated",
       "isolcpus=1 nohz_full=1"},
      {"others are", [&](FakeMachine& m, Config&) { m.file(isolated, "2-3"); }, kWarning, "cores 2-3 are isolated, and no worker",
       "2-3"},
      {"not told", [&](FakeMachine& m, Config&) { m.forbid(isolated); }, kUnknown, "does not tell", ""},
      {"cores unknown", [](FakeMachine&, Config& c) { c.startup.dataplane.cores = {9}; }, kUnknown, "see `workers`", ""},
  });
}

TEST_CASE("doctor: threads of one core", "[doctor]") {
  const std::string of_2 = "/sys/devices/system/cpu/cpu2/topology/thread_siblings_list";
  const std::string of_3 = "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list";
  check_cases(check_siblings, {
      {"one worker", {}, kOk, "one worker", ""},
      {"two cores", [](FakeMachine&, Config& c) { two_workers(c, {2, 3}); }, kOk, "no two workers", ""},
      {"two threads of one",
       [&](FakeMachine& m, Config& c) { m.file(of_2, "2-3"), m.file(of_3, "2-3"), two_workers(c, {2, 3}); }, kWarning,
       "2-3 are threads of one core", "lscpu"},
      {"not told", [&](FakeMachine& m, Config& c) { m.remove(of_3), two_workers(c, {2, 3}); }, kUnknown, of_3.c_str(), ""},
      {"cores unknown", [](FakeMachine&, Config& c) { c.startup.dataplane.cores = {9}; }, kUnknown, "see `workers`", ""},
  });
}

TEST_CASE("doctor: hugepages", "[doctor]") {
  const auto use = [](Config& c, HugepageUse how) { c.startup.dataplane.hugepages = how; };
  check_cases(check_hugepages, {
      {"enough", {}, kOk, "node0: 256 of 2 MiB, 200 free; mounted at /dev/hugepages", ""},
      {"enough, not mounted", [](FakeMachine& m, Config&) { m.file("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0"); }, kOk,
       "not mounted", ""},
      {"enough on two nodes",
       [](FakeMachine& m, Config&) { m.hugepages("node0", 80, 64), m.hugepages("node1", 64, 64); }, kOk, "node1: 64 of 2 MiB", ""},
      {"none", [](FakeMachine& m, Config&) { m.hugepages("node0", 0, 0); }, kOk, "none reserved; `hugepages: auto`", ""},
      {"some", [](FakeMachine& m, Config&) { m.hugepages("node0", 60, 28); }, kWarning, "too few",
       "vm.nr_hugepages=160"},  // 60 that are there, 100 more
      {"none, and a card",
       [](FakeMachine& m, Config& c) { m.hugepages("node0", 0, 0), c.startup.dataplane.ports = {card()}; }, kWarning, "a card",
       "vm.nr_hugepages=128"},
      {"some, and always",
       [&](FakeMachine& m, Config& c) { m.hugepages("node0", 60, 28), use(c, HugepageUse::kAlways); }, kProblem, "refuses",
       "vm.nr_hugepages=160"},
      {"never", [&](FakeMachine&, Config& c) { use(c, HugepageUse::kNever); }, kOk, "leaves them alone", ""},
      {"a kernel without", [](FakeMachine& m, Config&) { m.remove("/sys/kernel/mm/hugepages"); }, kOk, "has none", ""},
      {"a kernel without, and always",
       [&](FakeMachine& m, Config& c) { m.remove("/sys/kernel/mm/hugepages"), use(c, HugepageUse::kAlways); }, kProblem,
       "has no hugepages", "`hugepages: auto`"},
  });
}

TEST_CASE("doctor: hugepages of a card's node", "[doctor]") {
  const auto second = [](FakeMachine& m, Config& c, int free, const char* node) {
    m.hugepages("node1", 64, free);
    m.file("/sys/bus/pci/devices/0000:01:00.0/numa_node", node);
    c.startup.dataplane.ports = {card()};
  };
  check_cases(check_card_hugepages, {
      {"enough there", [&](FakeMachine& m, Config& c) { second(m, c, 64, "0"); }, kOk, "node0, where 400 MiB are free", ""},
      {"too few there", [&](FakeMachine& m, Config& c) { second(m, c, 64, "1"); }, kWarning, "node1, where 128 MiB",
       "echo 128 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages"},
      {"node not told", [&](FakeMachine& m, Config& c) { second(m, c, 64, "-1"); }, kUnknown, "the node of this card", ""},
  });
}

TEST_CASE("doctor: large pages of the tables", "[doctor]") {
  const std::string path = "/sys/kernel/mm/transparent_hugepage/enabled";
  check_cases(check_large_pages, {
      {"madvise", {}, kOk, "`madvise`", ""},
      {"always", [&](FakeMachine& m, Config&) { m.file(path, "[always] madvise never"); }, kOk, "`always`", ""},
      {"never", [&](FakeMachine& m, Config&) { m.file(path, "always madvise [never]"); }, kWarning, "slower", "echo madvise > "},
      {"a kernel without", [&](FakeMachine& m, Config&) { m.remove(path); }, kWarning, "has no transparent", "boot"},
      {"unreadable", [&](FakeMachine& m, Config&) { m.forbid(path); }, kUnknown, "does not tell", ""},
  });
}

TEST_CASE("doctor: mappings", "[doctor]") {
  const std::string path = "/proc/sys/vm/max_map_count";
  check_cases(check_map_count, {
      {"enough", {}, kOk, "65530", ""},
      {"full tables would not fit", [&](FakeMachine& m, Config&) { m.file(path, "2200"); }, kWarning, "could not grow",
       "sysctl vm.max_map_count="},
      {"hugepages for packets would not fit", [&](FakeMachine&, Config& c) { c.startup.dataplane.memory_bytes = 256ull << 30; },
       kProblem, "`memory`", "sysctl vm.max_map_count="},
      {"the same without hugepages",
       [&](FakeMachine&, Config& c) {
         c.startup.dataplane.memory_bytes = 256ull << 30;
         c.startup.dataplane.hugepages = HugepageUse::kNever;
       },
       kOk, "65530", ""},
      {"unreadable", [&](FakeMachine& m, Config&) { m.forbid(path); }, kUnknown, "does not tell", ""},
  });
}

TEST_CASE("doctor: memory for tables", "[doctor]") {
  const auto available = [](FakeMachine& m, const char* kib, int pages) {
    m.file("/proc/meminfo", std::string("MemAvailable: ") + kib + " kB\nHugePages_Free: " + std::to_string(pages) +
                                "\nHugepagesize: 2048 kB");
  };
  check_cases(check_tables, {
      {"enough", {}, kOk, "8 MiB for packets and rings, up to 480 MiB", ""},
      {"packets on ordinary pages", [&](FakeMachine& m, Config&) { available(m, "16777216", 0); }, kOk, "264 MiB for packets", ""},
      {"full tables would not fit", [&](FakeMachine& m, Config&) { available(m, "614400", 0); }, kWarning, "600 MiB are available",
       "`connections.max`"},
      {"packets would not fit", [&](FakeMachine& m, Config&) { available(m, "204800", 0); }, kProblem, "200 MiB are available",
       "`memory`"},
      {"not told", [](FakeMachine& m, Config&) { m.forbid("/proc/meminfo"); }, kUnknown, "/proc/meminfo", ""},
  });
}

TEST_CASE("doctor: clock", "[doctor]") {
  check_cases(check_clock, {
      {"synchronised", {}, kOk, "40 us", ""},
      {"not", [](FakeMachine& m, Config&) { m.kernel.clock_answer = {0, false, 0}; }, kWarning, "not synchronised", "timedatectl"},
      {"not told", [](FakeMachine& m, Config&) { m.kernel.clock_answer = {EPERM, false, 0}; }, kUnknown, "not permitted", ""},
  });
  const std::string folder = "/sys/devices/system/clocksource/clocksource0/";
  check_cases(check_clocksource, {
      {"tsc", {}, kOk, "tsc", ""},
      {"hpet by choice", [&](FakeMachine& m, Config&) { m.file(folder + "current_clocksource", "hpet"); }, kWarning, "system call",
       "echo tsc > "},
      {"hpet by need",
       [&](FakeMachine& m, Config&) {
         m.file(folder + "current_clocksource", "hpet");
         m.file(folder + "available_clocksource", "hpet acpi_pm");
       },
       kWarning, "system call", "journalctl"},
      {"not told", [&](FakeMachine& m, Config&) { m.forbid(folder + "current_clocksource"); }, kUnknown, "does not tell", ""},
  });
}

TEST_CASE("doctor: permissions", "[doctor]") {
  const auto vdev = [](Config& c, const char* text) {
    c.startup.dataplane.ports = {PortOptions{}};
    c.startup.dataplane.ports[0].vdev = text;
  };
  check_cases(check_capabilities, {
      {"an interface, root", {}, kOk, "has CAP_NET_RAW, CAP_NET_ADMIN", ""},
      {"an interface, a user with capabilities", [](FakeMachine& m, Config&) { m.status("0-3", "3000", "1000"); }, kOk, "user 1000",
       ""},
      {"an interface, a user without", [](FakeMachine& m, Config&) { m.status("0-3", "1000", "1000"); }, kProblem,
       "lacks CAP_NET_RAW", "setcap"},
      {"a card, root", [](FakeMachine&, Config& c) { c.startup.dataplane.ports = {card()}; }, kOk, "is root", ""},
      {"a card, a user",
       [](FakeMachine& m, Config& c) { m.status("0-3", "7000", "1000"), c.startup.dataplane.ports = {card()}; }, kProblem,
       "is not root", "sudo"},
      {"a card, a user who may open it",
       [](FakeMachine& m, Config& c) {
         m.status("0-3", "0", "1000"), m.kernel.openable = "/dev/vfio/7", c.startup.dataplane.ports = {card()};
       },
       kOk, "user 1000 may open /dev/vfio/7", ""},
      {"a card without IOMMU, a user",
       [](FakeMachine& m, Config& c) {
         m.status("0-3", "0", "1000"), m.kernel.openable = "/dev/vfio/", c.startup.dataplane.ports = {card()};
         m.remove("/sys/bus/pci/devices/0000:01:00.0/iommu_group");
       },
       kProblem, "is not root", "sudo"},
      {"af_xdp, a user without CAP_SYS_ADMIN",
       [](FakeMachine& m, Config& c) {
         m.status("0-3", "7000", "1000"), c.startup.dataplane.ports[0].driver = PortDriver::kAfXdp;
       },
       kProblem, "lacks CAP_SYS_ADMIN", "cap_sys_admin"},
      {"af_xdp, a user with it",
       [](FakeMachine& m, Config& c) {
         m.status("0-3", "207000", "1000"), c.startup.dataplane.ports[0].driver = PortDriver::kAfXdp;
       },
       kOk, "CAP_SYS_ADMIN", ""},
      {"a null device, a user", [&](FakeMachine& m, Config& c) { m.status("0-3", "0", "1000"), vdev(c, "net_null0"); }, kOk,
       "needs none", ""},
      {"a tap, a user",
       [&](FakeMachine& m, Config& c) { m.status("0-3", "0", "1000"), vdev(c, "net_tap0,iface=t"); }, kProblem,
       "lacks CAP_NET_ADMIN", "setcap"},
      {"af_xdp as a virtual device, a user",
       [&](FakeMachine& m, Config& c) { m.status("0-3", "3000", "1000"), vdev(c, "net_af_xdp0,iface=eth1"); }, kProblem,
       "lacks CAP_SYS_ADMIN", "cap_sys_admin"},
      {"not told", [](FakeMachine& m, Config&) { m.forbid("/proc/self/status"); }, kUnknown, "does not tell", ""},
  });
  const auto limit = [](FakeMachine& m, const char* soft) {
    m.status("0-3", "3000", "1000");
    m.file("/proc/self/limits", std::string("Max locked memory         ") + soft + "              unlimited    bytes");
  };
  check_cases(check_locked_memory, {
      {"CAP_IPC_LOCK", {}, kOk, "allows any", ""},
      {"unlimited", [&](FakeMachine& m, Config&) { limit(m, "unlimited"); }, kOk, "this user may", ""},
      {"enough", [&](FakeMachine& m, Config&) { limit(m, "268435456"); }, kOk, "this user may", ""},
      {"too little", [&](FakeMachine& m, Config&) { limit(m, "8388608"); }, kProblem, "may lock 8 MiB", "ulimit -l"},
      {"not told", [&](FakeMachine& m, Config&) { limit(m, "1"), m.forbid("/proc/self/limits"); }, kUnknown, "does not tell", ""},
  });
  check_cases(check_file_capabilities, {
      {"none", {}, kOk, "gives none", ""},
      {"in effect", [](FakeMachine& m, Config&) { m.kernel.file_capabilities_answer = 0x3000; }, kOk, "gives CAP_NET_RAW", ""},
      {"barred by the file system",
       [](FakeMachine& m, Config&) { m.kernel.file_capabilities_answer = 0x3000, m.status("0-3", "0", "1000"); }, kWarning,
       "nosuid", "another file system"},
      {"barred by the unit",
       [](FakeMachine& m, Config&) { m.kernel.file_capabilities_answer = 0x3000, m.status("0-3", "0", "1000", "1"); }, kWarning,
       "no_new_privs", "NoNewPrivileges=no"},
  });
}

}  // namespace
}  // namespace mptap::test

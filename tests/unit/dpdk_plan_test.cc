// What is worked out before DPDK starts: EAL arguments, cores, rings, buffers, device strings, refusals.
#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/dpdk_ports.h"
#include "dataplane/dpdk_vdev.h"
#include "dataplane/eal_plan.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

constexpr std::uint64_t kMib = 1ull << 20;

Machine machine_of(std::vector<std::uint32_t> cpus, std::uint64_t free_hugepages_mib = 0) {
  Machine machine;
  machine.cpus = std::move(cpus);
  machine.free_hugepage_bytes = free_hugepages_mib * kMib;
  machine.hugepage_bytes = 2 * kMib;
  return machine;
}

PortOptions interface_port(const std::string& name) {
  PortOptions port;
  port.interface = name;
  return port;
}

PortOptions pci_port(const std::string& address) {
  PortOptions port;
  port.pci = address;
  return port;
}

PortOptions vdev_port(const std::string& vdev) {
  PortOptions port;
  port.vdev = vdev;
  return port;
}

std::string arguments_of(const DataplaneOptions& options, const Machine& machine) {
  EalPlan plan;
  std::string error;
  if (!build_eal_plan(options, machine, plan, error)) return error;
  std::string joined;
  for (const auto& argument : plan.arguments) joined += (joined.empty() ? "" : " ") + argument;
  return joined;
}

TEST_CASE("EAL arguments", "[dpdk]") {
  DataplaneOptions plain;
  plain.ports = {interface_port("eth1")};
  DataplaneOptions cards;
  cards.ports = {pci_port("01:00.0"), vdev_port("net_null0"), pci_port("0001:02:00.1")};
  DataplaneOptions loud = plain;
  loud.eal_log_level = "debug";
  DataplaneOptions small = plain;
  small.memory_bytes = 64 * kMib;
  DataplaneOptions never = plain;
  never.hugepages = HugepageUse::kNever;
  struct Row {
    const char* name;
    DataplaneOptions options;
    Machine machine;
    std::string arguments;
  };
  const std::vector<Row> rows = {
      {"no hugepages", plain, machine_of({0, 1}),
       "mptap --lcores 0@(0) --no-telemetry --no-huge --no-shconf -m 256 --no-pci --log-level notice"},
      {"hugepages", plain, machine_of({0, 1}, 512),
       "mptap --lcores 0@(0) --no-telemetry --in-memory --no-pci --log-level notice"},
      {"too few hugepages", plain, machine_of({0, 1}, 128),
       "mptap --lcores 0@(0) --no-telemetry --no-huge --no-shconf -m 256 --no-pci --log-level notice"},
      {"hugepages never", never, machine_of({0, 1}, 512),
       "mptap --lcores 0@(0) --no-telemetry --no-huge --no-shconf -m 256 --no-pci --log-level notice"},
      {"little memory", small, machine_of({0, 1}, 64),
       "mptap --lcores 0@(0) --no-telemetry --in-memory --no-pci --log-level notice"},
      {"one core", plain, machine_of({3}),
       "mptap --lcores 0@(3) --no-telemetry --no-huge --no-shconf -m 256 --no-pci --log-level notice"},
      {"many cores", plain, machine_of({2, 3, 4, 9}),
       "mptap --lcores 0@(2,4,9) --no-telemetry --no-huge --no-shconf -m 256 --no-pci --log-level notice"},
      {"cards", cards, machine_of({0, 1}),
       "mptap --lcores 0@(0) --no-telemetry --no-huge --no-shconf -m 256 -a 0000:01:00.0 -a 0001:02:00.1 "
       "--log-level notice"},
      {"all messages", loud, machine_of({0, 1}),
       "mptap --lcores 0@(0) --no-telemetry --no-huge --no-shconf -m 256 --no-pci --log-level debug "
       "--log-level *:debug"},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(arguments_of(row.options, row.machine) == row.arguments);
  }
}

TEST_CASE("cores of workers and control", "[dpdk]") {
  using Cpus = std::vector<std::uint32_t>;
  struct Row {
    std::uint32_t workers;
    Cpus named;
    Cpus machine;
    Cpus worker_cpus;
    Cpus control_cpus;
    std::size_t warnings;
  };
  const std::vector<Row> rows = {
      {1, {}, {0, 1, 2, 3}, {1}, {0, 2, 3}, 0},
      {3, {}, {0, 1, 2, 3}, {1, 2, 3}, {0}, 0},
      {2, {}, {0, 1}, {1, 0}, {0, 1}, 0},  // no core is left: control goes where there is room
      {1, {}, {5}, {5}, {5}, 0},
      {3, {}, {0, 1}, {1, 0, 1}, {0, 1}, 1},  // more workers than cores
      {2, {0, 3}, {0, 1, 2, 3}, {0, 3}, {1, 2}, 0},
      {2, {1, 1}, {0, 1}, {1, 1}, {0}, 1},
  };
  for (const auto& row : rows) {
    INFO(row.workers << " workers on " << row.machine.size() << " cores");
    DataplaneOptions options;
    options.workers = row.workers;
    options.cores = row.named;
    EalPlan plan;
    std::string error;
    REQUIRE(build_eal_plan(options, machine_of(row.machine), plan, error));
    CHECK(plan.worker_cpus == row.worker_cpus);
    CHECK(plan.control_cpus == row.control_cpus);
    CHECK(plan.warnings.size() == row.warnings);
  }
}

TEST_CASE("plans that are refused, each with what to do", "[dpdk]") {
  DataplaneOptions options;
  Machine machine = machine_of({0, 1}, 100);
  SECTION("hugepages demanded") {
    options.hugepages = HugepageUse::kAlways;
    CHECK(arguments_of(options, machine) ==
          "`hugepages: always`, and 100 MiB of hugepages are free where 256 MiB are needed: reserve them "
          "(sysctl "
          "vm.nr_hugepages=128, which is /proc/sys/vm/nr_hugepages), or use `hugepages: auto`");
  }
  SECTION("busy polling without a core for control") {
    options.poll = PollMode::kBusy;
    options.workers = 2;
    CHECK(arguments_of(options, machine) ==
          "`poll: busy` needs a core for each of the 2 workers and one more; this process may run on 2 "
          "(0,1): use "
          "`poll: adaptive` or fewer workers");
    options.workers = 1;
    CHECK(arguments_of(options, machine).starts_with("mptap "));
  }
  SECTION("a core that is not ours") {
    options.cores = {7};
    CHECK(arguments_of(options, machine) ==
          "core 7 is not one this process may run on (0,1): name one of these");
  }
  SECTION("as many cores as workers") {
    options.cores = {0, 1};
    CHECK(arguments_of(options, machine) ==
          "2 cores are named for 1 workers: name one core a worker, or none");
  }
  SECTION("a log level that DPDK does not know") {
    options.eal_log_level = "chatty";
    CHECK(arguments_of(options, machine) ==
          "`chatty` is no log level of DPDK: use emergency, alert, critical, error, warning, notice, info or "
          "debug");
  }
  SECTION("hugepages wanted but too few: a warning") {
    EalPlan plan;
    std::string error;
    REQUIRE(build_eal_plan(options, machine, plan, error));
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0] ==
          "only 100 MiB of hugepages are free where 256 MiB are needed: going on without hugepages");
  }
}

TEST_CASE("packet rings fit frame, page and driver", "[dpdk]") {
  for (const std::uint32_t frame : {64u, 1514u, 1518u, 2048u, 9216u, 16'384u, 64'958u}) {
    for (const std::uint32_t slots : {64u, 2048u, 32'768u}) {
      INFO(frame << " bytes, " << slots << " slots");
      const PacketRing ring = fit_packet_ring(frame, slots);
      CHECK(ring.frame_bytes >= frame);
      CHECK(ring.slot_bytes % 16 == 0);                // TPACKET_ALIGNMENT
      CHECK(ring.block_bytes % 4096 == 0);             // the kernel wants whole pages
      CHECK(ring.block_bytes % ring.slot_bytes == 0);  // and the driver no gaps
      CHECK(ring.slots % (ring.block_bytes / ring.slot_bytes) == 0);
      CHECK(ring.slots >= slots);
      CHECK(ring.slot_bytes <= ring.frame_bytes + 66);
      CHECK(ring.slot_bytes - 32 + kBufferHeadroomBytes <=
            65'535);  // what the driver wants to fit into a buffer
    }
  }
  CHECK(fit_packet_ring(65'535, 64).frame_bytes == 64'958);
}

TEST_CASE("device strings", "[dpdk]") {
  PortOptions port = interface_port("eth1");
  port.receive_descriptors = 1024;
  const Vdev packet = build_interface_vdev(port, 3, 2, 1518);
  CHECK(packet.name == "net_af_packet3");
  CHECK(packet.arguments == "iface=eth1,qpairs=2,blocksz=4096,framesz=2048,framecnt=1024");
  port.driver = PortDriver::kAfXdp;
  const Vdev xdp = build_interface_vdev(port, 0, 4, 1518);
  CHECK(xdp.name == "net_af_xdp0");
  CHECK(xdp.arguments == "iface=eth1,start_queue=0,queue_count=4");
  CHECK(split_vdev("net_null0").name == "net_null0");
  CHECK(split_vdev("net_null0").arguments.empty());
  CHECK(split_vdev("net_pcap0,rx_pcap=a,b=c").arguments == "rx_pcap=a,b=c");
  CHECK(format_pci_address("01:00.0") == "0000:01:00.0");
  CHECK(format_pci_address("0002:01:00.0") == "0002:01:00.0");
}

TEST_CASE("packet buffers", "[dpdk]") {
  BufferPlan plan;
  SECTION("a card's descriptors, bursts and caches, rounded up to 2^n - 1") {
    CHECK(plan_buffers({2048, 2, 2048, true, false}, 65'536, 256 * kMib, plan));
    CHECK(plan.buffers == 8191);
    CHECK(plan.room_bytes == 2176);
  }
  SECTION("held back by memory, down to what is needed at least") {
    CHECK(plan_buffers({2048, 2, 2048, false, false}, 6000, 256 * kMib, plan));
    CHECK(plan.buffers == 6000);
    CHECK_FALSE(plan_buffers({2048, 2, 2048, false, false}, 5000, 256 * kMib, plan));
    CHECK(plan.buffers == 5120);
    CHECK_FALSE(plan_buffers({9216, 1, 0, false, false}, 65'536, kMib, plan));
  }
  SECTION("a device that keeps a capture gets what there is") {
    CHECK(plan_buffers({2048, 1, 2048, false, true}, 65'536, 256 * kMib, plan));
    CHECK(plan.buffers == 65'535);
    CHECK(plan.memory_bytes <= 256 * kMib);
  }
  SECTION("room never passes DPDK's 16 bits") {
    CHECK(plan_buffers({65'535, 1, 0, false, false}, 65'536, 256 * kMib, plan));
    CHECK(plan.room_bytes == 65'535);
  }
}

TEST_CASE("ports that are refused before DPDK starts", "[dpdk]") {
  const auto refuse = [](std::vector<PortOptions> ports) {
    DataplaneOptions options;
    options.ports = std::move(ports);
    std::vector<std::string> warnings;
    return check_ports(options, warnings);
  };
  CHECK(refuse({interface_port("nosuchif0")})
            .starts_with("nosuchif0: there is no such interface; there are: "));
  CHECK(refuse({pci_port("ffff:ff:1f.7")}) ==
        "ffff:ff:1f.7: there is no such PCI device: see lspci -D | grep -i ethernet");
  CHECK(
      refuse({vdev_port("crypto_null0")}).starts_with("crypto_null0: is no name of a DPDK network device: "));
  CHECK(refuse({vdev_port("net_null0"), vdev_port("net_null0,size=9")}) ==
        "net_null0: is named twice among the ports: name it once");
  CHECK(refuse({vdev_port("net_null0"), vdev_port("net_null1")}).empty());
  const std::string both = refuse({interface_port("nosuchif0"), pci_port("ffff:ff:1f.7")});
  CHECK(std::count(both.begin(), both.end(), '\n') == 1);
}

}  // namespace
}  // namespace mptap

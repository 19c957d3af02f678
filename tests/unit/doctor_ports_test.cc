// mptap doctor: interfaces, cards, logs, metrics, core dumps. Each check's states on a machine of files.
#include "tests/unit/doctor_machine.h"

namespace mptap::test {
namespace {

const std::string kEth1 = "/sys/class/net/eth1";
const std::string kCard = "/sys/bus/pci/devices/0000:01:00.0";

void af_xdp(Config& config, std::uint32_t workers = 1) {
  config.startup.dataplane.ports[0].driver = PortDriver::kAfXdp;
  config.startup.dataplane.workers = workers;
}

/// A case of a card: its port is the only one.
Alter with_card(const Alter& alter = {}) {
  return [alter](FakeMachine& machine, Config& config) {
    config.startup.dataplane.ports = {card()};
    if (alter) alter(machine, config);
  };
}

/// The kernel has the card as eth7.
void as_eth7(FakeMachine& m, const char* driver) {
  m.link(kCard + "/driver", std::string("/sys/bus/pci/drivers/") + driver);
  m.folder(kCard + "/net/eth7");
}

TEST_CASE("doctor: ports of a configuration", "[doctor]") {
  check_cases(check_ports, {
      {"one", {}, kOk, "1 is configured", ""},
      {"none", [](FakeMachine&, Config& c) { c.startup.dataplane.ports.clear(); }, kProblem, "none is configured", "interface: eth1"},
  });
  FakeMachine machine;
  Config config;
  config.startup.dataplane.ports = {PortOptions{}};
  config.startup.dataplane.ports[0].vdev = "net_null0,size=64";
  Findings findings;
  check_ports(machine.view(), config, findings);
  REQUIRE(findings.all().size() == 2);
  CHECK(findings.all()[1].state == kUnknown);
  CHECK(findings.all()[1].subject == "net_null0");
}

TEST_CASE("doctor: link of an interface", "[doctor]") {
  check_cases(check_links, {
      {"up", {}, kOk, "up, with carrier, 10000 Mb/s", ""},
      {"up, a virtual one", [](FakeMachine& m, Config&) { m.file(kEth1 + "/speed", "-1"); }, kOk, "up, with carrier", ""},
      {"without carrier", [](FakeMachine& m, Config&) { m.file(kEth1 + "/carrier", "0"); }, kWarning, "no carrier", "ip "},
      {"down", [](FakeMachine& m, Config&) { m.file(kEth1 + "/flags", "0x1002"); }, kProblem, "is down", "ip link set eth1 up"},
      {"missing", [](FakeMachine&, Config& c) { c.startup.dataplane.ports[0].interface = "eth9"; }, kProblem, "there are: eth1",
       "name one"},
      {"not told", [](FakeMachine& m, Config&) { m.forbid(kEth1 + "/flags"); }, kUnknown, "does not tell", ""},
  });
}

TEST_CASE("doctor: frames of an interface", "[doctor]") {
  check_cases(check_frames, {
      {"the usual", {}, kOk, "MTU 1500", ""},
      {"frames that would be cut", [](FakeMachine&, Config& c) { c.startup.dataplane.max_frame_bytes = 1024; }, kWarning,
       "are cut", "`max_frame: 1522`"},
      {"an MTU beyond all rings", [](FakeMachine& m, Config&) { m.file(kEth1 + "/mtu", "65536"); }, kWarning, "are cut",
       "ip link set eth1 mtu 64936"},
      {"frames that af_xdp would lose",
       [](FakeMachine& m, Config& c) { m.file(kEth1 + "/mtu", "9000"), af_xdp(c); }, kWarning, "are lost by af_xdp", "af_packet"},
      {"frames that the card has dropped",
       [](FakeMachine& m, Config&) { m.file(kEth1 + "/statistics/rx_length_errors", "17"); }, kWarning, "dropped 17 frames",
       "ip link set eth1 mtu 9194"},
      {"not told", [](FakeMachine& m, Config&) { m.forbid(kEth1 + "/mtu"); }, kUnknown, "does not tell", ""},
  });
}

TEST_CASE("doctor: pairs of inline ports", "[doctor]") {
  const auto pair = [](const Alter& alter = {}) -> Alter {
    return [alter](FakeMachine& machine, Config& config) {
      machine.file("/sys/class/net/eth2/mtu", "1500");
      config.startup.dataplane.ports.push_back(config.startup.dataplane.ports[0]);
      config.startup.dataplane.ports[1].interface = "eth2";
      config.startup.dataplane.pairs = {{"eth1", "eth2"}};
      if (alter) alter(machine, config);
    };
  };
  check_cases(check_pairs, {
      {"as it should be", pair(), kOk, "MTU 1500 both", ""},
      {"two MTUs", pair([](FakeMachine& m, Config&) { m.file("/sys/class/net/eth2/mtu", "9000"); }), kProblem, "MTU 1500 and 9000",
       "ip link set eth2 mtu 1500"},
      {"one merges", pair([](FakeMachine& m, Config&) { m.kernel.merging_answer = SegmentMerging{true, false, false, false}; }), kProblem,
       "eth1 merges segments (GRO)", "ethtool -K eth1 gro off"},
      {"one merges after af_xdp has had them",
       pair([](FakeMachine& m, Config& c) {
         m.kernel.merging_answer = SegmentMerging{true, false, false, false};
         for (PortOptions& port : c.startup.dataplane.ports) port.driver = PortDriver::kAfXdp;
       }),
       kOk, "MTU 1500 both", ""},
      {"in a bridge", pair([](FakeMachine& m, Config&) { m.link("/sys/class/net/eth2/master", "../br0"); }), kProblem, "eth2 belongs to br0",
       "ip link set eth2 nomaster"},
      {"in a bridge, af_xdp", pair([](FakeMachine& m, Config& c) {
         for (PortOptions& port : c.startup.dataplane.ports) port.driver = PortDriver::kAfXdp;
         m.link("/sys/class/net/eth2/master", "../br0");
       }), kOk, "MTU 1500", ""},
      {"in the bypass", pair([](FakeMachine& m, Config&) { m.link("/sys/class/net/eth2/master", "../mptap-by7"); }), kOk, "MTU 1500", ""},
      {"a card", pair([](FakeMachine&, Config& c) {
         c.startup.dataplane.ports[1] = card();
         c.startup.dataplane.pairs = {{"eth1", "0000:01:00.0"}};
       }),
       kUnknown, "not both are interfaces", ""},
  });
}

TEST_CASE("doctor: merging of segments", "[doctor]") {
  const auto set = [](FakeMachine& m, SegmentMerging merging) { m.kernel.merging_answer = merging; };
  check_cases(check_merging, {
      {"none", {}, kOk, "as they were sent", ""},
      {"GRO", [&](FakeMachine& m, Config&) { set(m, {true, false, false, false}); }, kWarning, "(GRO)", "ethtool -K eth1 gro off"},
      {"LRO and the card's", [&](FakeMachine& m, Config&) { set(m, {false, true, true, false}); }, kWarning,
       "(LRO and GRO by the card)", "ethtool -K eth1 lro off rx-gro-hw off"},
      {"the card's alone, fixed", [&](FakeMachine& m, Config&) { set(m, {false, false, true, true}); }, kWarning,
       "cannot be switched off", "hypervisor"},
      {"GRO behind af_xdp", [&](FakeMachine& m, Config& c) { set(m, {true, false, false, false}), af_xdp(c); }, kOk,
       "after af_xdp", ""},
      {"LRO before af_xdp", [&](FakeMachine& m, Config& c) { set(m, {false, true, false, false}), af_xdp(c); }, kWarning, "(LRO)",
       "lro off"},
      {"not told", [](FakeMachine& m, Config&) { m.kernel.merging_answer.reset(); }, kUnknown, "does not tell", "ethtool -k"},
  });
}

TEST_CASE("doctor: queues", "[doctor]") {
  const auto queues = [](FakeMachine& m, std::uint32_t now, std::uint32_t most) { m.kernel.queues_answer = ReceiveQueues{now, most}; };
  check_cases(check_queues, {
      {"af_packet", {}, kOk, "the kernel spreads", ""},
      {"af_xdp, one each", [&](FakeMachine& m, Config& c) { queues(m, 2, 4), af_xdp(c, 2); }, kOk, "2 queues for 2 workers", ""},
      {"af_xdp, too many", [&](FakeMachine& m, Config& c) { queues(m, 4, 4), af_xdp(c, 2); }, kWarning, "is not seen",
       "ethtool -L eth1 combined 2"},
      {"af_xdp, too few", [&](FakeMachine& m, Config& c) { queues(m, 1, 4), af_xdp(c, 2); }, kProblem, "one each",
       "ethtool -L eth1 combined 2"},
      {"af_xdp, a card with too few", [&](FakeMachine& m, Config& c) { queues(m, 1, 1), af_xdp(c, 2); }, kProblem, "one each",
       "`workers: 1`"},
      {"af_xdp, by sysfs", [](FakeMachine& m, Config& c) { m.kernel.queues_answer.reset(), af_xdp(c); }, kOk, "1 queue for 1 worker",
       ""},
      {"af_xdp, not told",
       [](FakeMachine& m, Config& c) { m.kernel.queues_answer.reset(), m.remove(kEth1 + "/queues"), af_xdp(c); }, kUnknown,
       "does not tell", "ethtool -l"},
      {"a card given to DPDK", with_card(), kUnknown, "only DPDK", ""},
      {"a card of the kernel's", with_card([](FakeMachine& m, Config&) { as_eth7(m, "mlx5_core"); }), kOk, "4 queues at most", ""},
      {"a card of the kernel's with too few",
       with_card([&](FakeMachine& m, Config& c) { as_eth7(m, "mlx5_core"), queues(m, 1, 1), c.startup.dataplane.workers = 2; }),
       kWarning, "get nothing", "`workers: 1`"},
  });
}

TEST_CASE("doctor: hash of the flows", "[doctor]") {
  const std::vector<std::uint8_t> symmetric{0x6d, 0x5a, 0x6d, 0x5a};
  const std::vector<std::uint8_t> other{0x6d, 0x5a, 0x6d, 0x5b};
  const auto xdp = [](ReceiveHash hash) {
    return [hash](FakeMachine& m, Config& c) { m.kernel.hash_answer = hash, af_xdp(c, 2); };
  };
  check_cases(check_hash, {
      {"symmetric", xdp({true, symmetric}), kOk, "is symmetric", ""},
      {"not symmetric", xdp({true, other}), kWarning, "is not symmetric", "ethtool -X eth1 hkey 6d:5a:6d:5a"},
      {"another hash", xdp({false, symmetric}), kWarning, "Toeplitz", "hfunc toeplitz"},
      {"not told", [](FakeMachine&, Config& c) { af_xdp(c, 2); }, kUnknown, "does not tell", "ethtool -x eth1"},
      {"a card given to DPDK", with_card([](FakeMachine&, Config& c) { c.startup.dataplane.workers = 2; }), kUnknown, "only DPDK",
       ""},
      {"a card of the kernel's",
       with_card([&](FakeMachine& m, Config& c) {
         as_eth7(m, "mlx5_core"), m.kernel.hash_answer = ReceiveHash{true, other}, c.startup.dataplane.workers = 2;
       }),
       kOk, "a key of 4 bytes", ""},
  });
  FakeMachine machine;
  Findings findings;
  check_hash(machine.view(), usual_config(), findings);
  CHECK(findings.all().empty());  // one worker gets all
}

TEST_CASE("doctor: driver of a card", "[doctor]") {
  check_cases(check_card_drivers, {
      {"vfio-pci", with_card(), kOk, "given to DPDK", ""},
      {"beside the kernel's", with_card([](FakeMachine& m, Config&) { as_eth7(m, "mlx5_core"); }), kOk, "works beside", ""},
      {"uio", with_card([](FakeMachine& m, Config&) { m.link(kCard + "/driver", "../igb_uio"); }), kWarning, "knows no IOMMU",
       "deploy/prepare-nic 0000:01:00.0"},
      {"the kernel's", with_card([](FakeMachine& m, Config&) { as_eth7(m, "ixgbe"); }), kProblem,
       "driven by ixgbe, not by vfio-pci; the kernel would lose eth7", "deploy/prepare-nic 0000:01:00.0"},
      {"the kernel's, where mptap is installed",
       with_card([](FakeMachine& m, Config&) { as_eth7(m, "ixgbe"), m.file("/usr/sbin/mptap-prepare-nic", ""); }), kProblem,
       "not by vfio-pci", "mptap-prepare-nic 0000:01:00.0"},
      {"the kernel's, with the default route",
       with_card([](FakeMachine& m, Config&) {
         as_eth7(m, "ixgbe");
         m.file("/proc/net/route", "Iface Destination\neth7 00000000 0101A8C0 0003 0 0 0 00000000");
       }),
       kProblem, "eth7 (the default route!)", "deploy/prepare-nic"},
      {"the kernel's, with the default route of IPv6",
       with_card([](FakeMachine& m, Config&) {
         as_eth7(m, "ixgbe");
         const std::string zero(32, '0');
         m.file("/proc/net/ipv6_route", zero + " 00 " + zero + " 00 fe800000000000000000000000000001 400 1 0 3 eth7");
       }),
       kProblem, "eth7 (the default route!)", "deploy/prepare-nic"},
      {"of a virtio card",
       with_card([](FakeMachine& m, Config&) {
         m.link(kCard + "/driver", "../virtio-pci"), m.folder(kCard + "/virtio3/net/eth7");
       }),
       kProblem, "would lose eth7", "deploy/prepare-nic"},
      {"none", with_card([](FakeMachine& m, Config&) { m.remove(kCard + "/driver"); }), kProblem, "bound to no driver",
       "deploy/prepare-nic"},
      {"a disk", with_card([](FakeMachine& m, Config&) { m.file(kCard + "/class", "0x010601"); }), kProblem, "no network card",
       "lspci"},
      {"missing", with_card([](FakeMachine& m, Config&) { m.remove(kCard); }), kProblem, "no such PCI device", "lspci"},
  });
}

TEST_CASE("doctor: IOMMU", "[doctor]") {
  const auto without = [](FakeMachine& m) { m.remove("/sys/kernel/iommu_groups"), m.remove(kCard + "/iommu_group"); };
  const auto unsafe = [&](FakeMachine& m) {
    without(m), m.file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y");
  };
  const auto beside = [](FakeMachine& m, const char* driver, const char* device_class) {
    m.make_card("0000:01:00.1", driver, "7");
    m.file("/sys/bus/pci/devices/0000:01:00.1/class", device_class);
  };
  check_cases(check_iommu, {
      {"no card, none", [&](FakeMachine& m, Config&) { without(m); }, kOk, "there is none", ""},
      {"no card", {}, kOk, "1 group;", ""},
      {"a group of its own", with_card(), kOk, "group 7, to itself", ""},
      {"with another that is given, too", with_card([&](FakeMachine& m, Config&) { beside(m, "vfio-pci", "0x020000"); }), kOk,
       "to itself", ""},
      {"with a bridge", with_card([&](FakeMachine& m, Config&) { beside(m, "pcieport", "0x060400"); }), kOk, "to itself", ""},
      {"with another's", with_card([&](FakeMachine& m, Config&) { beside(m, "ixgbe", "0x020000"); }), kProblem,
       "0000:01:00.1 (ixgbe)", "another slot"},
      {"not needed", with_card([&](FakeMachine& m, Config&) { without(m), as_eth7(m, "mlx5_core"); }), kOk, "not needed", ""},
      {"none", with_card([&](FakeMachine& m, Config&) { without(m); }), kProblem, "boot with intel_iommu=on",
       "enable_unsafe_noiommu_mode=1"},
      {"none, and unsafe", with_card([&](FakeMachine& m, Config&) { unsafe(m); }), kWarning, "may write anywhere", "intel_iommu=on"},
      {"none, unsafe and without hugepages",
       with_card([&](FakeMachine& m, Config&) { unsafe(m), m.hugepages("node0", 0, 0); }), kProblem, "wants hugepages",
       "vm.nr_hugepages=128"},
      {"in no group", with_card([](FakeMachine& m, Config&) { m.remove(kCard + "/iommu_group"); }), kProblem, "in no IOMMU group",
       "intel_iommu=on"},
      {"without vfio-pci", with_card([](FakeMachine& m, Config&) { m.remove("/sys/bus/pci/drivers/vfio-pci"); }), kProblem,
       "not loaded", "modprobe vfio-pci"},
  });
}

TEST_CASE("doctor: node of a card", "[doctor]") {
  const std::string list = "/sys/devices/system/node/node0/cpulist";
  check_cases(check_card_nodes, {
      {"near", with_card(), kOk, "node 0, where the workers run", ""},
      {"far", with_card([&](FakeMachine& m, Config&) { m.file(list, "2-3"); }), kWarning, "far from it, on 1", "`cores` of 2-3"},
      {"not told", with_card([&](FakeMachine& m, Config&) { m.forbid(list); }), kUnknown, "cores of node 0", ""},
  });
}

TEST_CASE("doctor: directory of the logs", "[doctor]") {
  const auto directory = [](FakeMachine& m, const char* path, DirectoryAnswer answer) { m.kernel.directories = {{path, answer}}; };
  const std::uint64_t plenty = 100ull << 30;
  check_cases(check_log_directory, {
      {"there", {}, kOk, "may be written, 100 GiB free on ext4", ""},
      {"none wanted", [](FakeMachine&, Config& c) { c.runtime.logs.directory.clear(); }, kOk, "is empty", ""},
      {"with a slash at its end", [](FakeMachine&, Config& c) { c.runtime.logs.directory += "/"; }, kOk, "may be written", ""},
      {"missing", [&](FakeMachine& m, Config&) { directory(m, "/var/log", {0, true, 0, plenty}); }, kOk, "made at start", ""},
      {"little room", [&](FakeMachine& m, Config&) { directory(m, "/var/log/mptap", {0, true, 0, 500ull << 20}); }, kWarning,
       "500 MiB free", "df -h /var/log/mptap"},
      {"no room", [&](FakeMachine& m, Config&) { directory(m, "/var/log/mptap", {0, true, 0, 1ull << 20}); }, kProblem,
       "1 MiB free", "df -h"},
      {"in memory",
       [&](FakeMachine& m, Config& c) { directory(m, "/run/mptap", {0, true, 0, plenty}), c.runtime.logs.directory = "/run/mptap"; },
       kWarning, "on tmpfs: they are in memory", "on a disk"},
      {"by the network", [](FakeMachine& m, Config&) { m.file("/proc/self/mounts", "s:/x /var/log nfs4 rw 0 0"); }, kWarning,
       "on nfs4: rows are dropped", "on a disk"},
      {"not to be written", [&](FakeMachine& m, Config&) { directory(m, "/var/log/mptap", {0, true, EACCES, plenty}); }, kProblem,
       "user 0 may not write", "install -d -m 750 -o 0 /var/log/mptap"},
      {"read-only", [&](FakeMachine& m, Config&) { directory(m, "/var/log/mptap", {0, true, EROFS, plenty}); }, kProblem,
       "Read-only", "mount -o remount,rw"},
      {"no directory", [&](FakeMachine& m, Config&) { directory(m, "/var/log/mptap", {0, false, 0, plenty}); }, kProblem,
       "is no directory", "another `logs.directory`"},
      {"without the one above", [](FakeMachine& m, Config&) { m.kernel.directories.clear(); }, kProblem, "directory above it",
       "install -d"},
      {"not to be looked at", [&](FakeMachine& m, Config&) { directory(m, "/var/log/mptap", {EACCES, false, 0, 0}); }, kUnknown,
       "may not look", "sudo mptap doctor"},
  });
}

TEST_CASE("doctor: port of the metrics", "[doctor]") {
  const auto answer = [](FakeMachine& m, int error, bool mptap) { m.kernel.listen_answer = {error, mptap}; };
  check_cases(check_metrics_port, {
      {"free", {}, kOk, "free", ""},
      {"none wanted", [](FakeMachine&, Config& c) { c.startup.metrics.enabled = false; }, kOk, "none", ""},
      {"another mptap's", [&](FakeMachine& m, Config&) { answer(m, EADDRINUSE, true); }, kWarning, "by an mptap", "`metrics.listen`"},
      {"another's", [&](FakeMachine& m, Config&) { answer(m, EADDRINUSE, false); }, kProblem, "not by an mptap", "sport = :9464"},
      {"a low one", [&](FakeMachine& m, Config&) { answer(m, EACCES, false); }, kProblem, "denied", "from 1024 on"},
      {"of another machine", [&](FakeMachine& m, Config&) { answer(m, EADDRNOTAVAIL, false); }, kProblem, "assign",
       "address of this machine"},
  });
}

TEST_CASE("doctor: core dumps", "[doctor]") {
  const std::string path = "/proc/sys/kernel/core_pattern";
  check_cases(check_core_dumps, {
      {"to files", {}, kOk, "to files", ""},
      {"to a program", [&](FakeMachine& m, Config&) { m.file(path, "|/usr/share/apport/apport %p"); }, kWarning, "go to /usr/share",
       "sysctl kernel.core_pattern=core"},
      {"to systemd", [&](FakeMachine& m, Config&) { m.file(path, "|/lib/systemd/systemd-coredump %P"); }, kWarning, "systemd",
       "Storage=none"},
      {"unreadable", [&](FakeMachine& m, Config&) { m.forbid(path); }, kUnknown, "cannot be read", ""},
  });
}

}  // namespace
}  // namespace mptap::test

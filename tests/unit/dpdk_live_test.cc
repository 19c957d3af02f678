// DPDK itself, over virtual devices, without hugepages and as any user. A program of its own: DPDK starts
// once a process. Exits 77 where it cannot start.
#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/dpdk_source.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

DataplaneOptions base_options() {
  DataplaneOptions options;
  options.hugepages = HugepageUse::kNever;
  options.memory_bytes = 128ull << 20;
  options.workers = 1;
  return options;
}

DataplaneOptions options_of(const std::vector<std::string>& vdevs) {
  DataplaneOptions options = base_options();
  for (const auto& vdev : vdevs) {
    PortOptions port;
    port.vdev = vdev;
    options.ports.push_back(port);
  }
  return options;
}

/// DPDK as all tests share it.
struct Live {
  std::string noise;  // what would have gone to the log
  std::unique_ptr<Eal> eal;
  std::vector<std::uint32_t> cpus_of_earlier;  // of a thread that was there before DPDK

  Live() {
    std::promise<void> started;
    std::thread earlier([this, is_started = started.get_future()] {
      is_started.wait();
      cpus_of_earlier = read_machine().cpus;
    });
    start();
    started.set_value();
    earlier.join();
  }

 private:
  void start() {
    const DataplaneOptions options = base_options();
    EalPlan plan;
    std::string error;
    if (build_eal_plan(options, read_machine(), plan, error)) {
      Eal::Started started = Eal::start(options, plan, [this](std::string_view line) { noise += line; });
      eal = std::move(started.eal);
      error = started.error;
    }
    if (eal) return;
    std::printf("skipped: %s\n", error.c_str());
    std::exit(77);
  }
};

Live& live() {
  static Live shared;
  return shared;
}

struct Taken {
  std::vector<std::uint32_t> wire_bytes;
  std::vector<std::string> data;
  std::vector<std::uint64_t> times_ns;
  std::vector<std::uint16_t> ports;
};

/// Polls until `packets` have come, or a second's worth of empty polls.
Taken take(DpdkSource& source, std::size_t packets) {
  Taken taken;
  Burst burst;
  for (int idle = 0; taken.data.size() < packets && idle < 1000;) {
    REQUIRE(source.receive(burst) == ReceiveStatus::kMore);
    if (burst.size == 0) {
      ++idle;
      usleep(1000);
    }
    for (std::size_t i = 0; i < burst.size; ++i) {
      const PacketView& packet = burst.packets[i];
      taken.wire_bytes.push_back(packet.wire_bytes);
      taken.data.emplace_back(reinterpret_cast<const char*>(packet.data), packet.captured_bytes);
      taken.times_ns.push_back(packet.time_ns);
      taken.ports.push_back(packet.port);
    }
  }
  return taken;
}

/// A classic capture of frames, each filled with its own letter.
std::string write_capture(const std::vector<std::uint32_t>& sizes) {
  std::string path = (std::filesystem::temp_directory_path() / "mptap-dpdk-XXXXXX").string();
  const int descriptor = mkstemp(path.data());
  REQUIRE(descriptor >= 0);
  close(descriptor);
  std::ofstream file(path, std::ios::binary);
  const auto put = [&file](const std::vector<std::uint32_t>& words) {
    file.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(words.size() * 4));
  };
  put({0xa1b2c3d4, 0x00040002, 0, 0, 262'144, 1});
  char letter = 'a';
  for (const auto size : sizes) {
    put({1, 0, size, size});
    file << std::string(size, letter++);
  }
  return path;
}

TEST_CASE("a null device gives bursts without end, in time order") {
  auto opened = DpdkPorts::open(options_of({"net_null0,size=100"}), *live().eal);
  INFO(opened.error);
  REQUIRE(opened.ports);
  CHECK(opened.warnings.empty());
  std::uint64_t received = 0;
  {
    DpdkSource source(*opened.ports, 0);
    CHECK(source.is_live());
    Burst burst;
    std::uint64_t last_ns = 0;
    for (int i = 0; i < 10'000; ++i) {  // far more packets than buffers: they come back
      REQUIRE(source.receive(burst) == ReceiveStatus::kMore);
      REQUIRE(burst.size == Burst::kCapacity);
      REQUIRE(burst.packets[0].captured_bytes == 100);
      REQUIRE(burst.packets[0].wire_bytes == 100);
      REQUIRE(burst.packets[0].time_ns >= last_ns);
      last_ns = burst.packets[63].time_ns;
      received += burst.size;
    }
    CHECK(last_ns == source.time_ns());
    CHECK(last_ns > 1'700'000'000ull * 1'000'000'000);
  }
  const PortStatistics statistics = opened.ports->statistics(0);
  CHECK(statistics.name == "net_null0");
  CHECK(statistics.received_packets == received);
  CHECK(statistics.missed_packets == 0);
  CHECK_FALSE(statistics.has_interface);
}

TEST_CASE("a device can be opened again once it was closed") {
  for (int i = 0; i < 2; ++i) {
    auto opened = DpdkPorts::open(options_of({"net_null7"}), *live().eal);
    INFO(opened.error);
    REQUIRE(opened.ports);
  }
}

TEST_CASE("ports take turns, and packets name theirs") {
  auto opened =
      DpdkPorts::open(options_of({"net_null1,size=60", "net_null2,size=61", "net_ring0"}), *live().eal);
  INFO(opened.error);
  REQUIRE(opened.ports);
  DpdkSource source(*opened.ports, 0);
  const Taken taken = take(source, 640);
  for (const int port : {0, 1}) {
    CHECK(std::count(taken.ports.begin(), taken.ports.end(), port) >= 192);
  }
  for (std::size_t i = 0; i < taken.data.size(); ++i) REQUIRE(taken.data[i].size() == 60u + taken.ports[i]);
}

TEST_CASE("a capture through net_pcap, with frames longer than a buffer") {
  const std::vector<std::uint32_t> sizes = {60, 1514, 9000, 9216, 20'000, 65'535, 60};
  const std::string path = write_capture(sizes);
  auto opened = DpdkPorts::open(options_of({"net_pcap0,rx_pcap=" + path}), *live().eal);
  std::filesystem::remove(path);
  INFO(opened.error);
  REQUIRE(opened.ports);
  {
    DpdkSource source(*opened.ports, 0);
    const Taken taken = take(source, sizes.size());
    CHECK(taken.wire_bytes == sizes);
    REQUIRE(taken.data.size() == sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      INFO(sizes[i]);
      CHECK(taken.data[i].size() >= std::min(sizes[i], 2048u));
      CHECK(taken.data[i] == std::string(taken.data[i].size(), static_cast<char>('a' + i)));
    }
    CHECK(taken.data[3].size() == 9216);  // max_frame_bytes: whole
  }
  CHECK(opened.ports->statistics(0).received_packets == sizes.size());
}

TEST_CASE("heads of packets in short parts are put together") {
  DataplaneOptions options = options_of({""});
  const std::string path = write_capture({5000, 100});
  options.ports[0].vdev = "net_pcap0,rx_pcap=" + path;
  options.max_frame_bytes = 200;  // buffers of 256 bytes
  auto opened = DpdkPorts::open(options, *live().eal);
  std::filesystem::remove(path);
  INFO(opened.error);
  REQUIRE(opened.ports);
  DpdkSource source(*opened.ports, 0);
  const Taken taken = take(source, 2);
  CHECK(taken.data == std::vector<std::string>{std::string(2048, 'a'), std::string(100, 'b')});
  CHECK(taken.wire_bytes == std::vector<std::uint32_t>{5000, 100});
}

TEST_CASE("a device with fewer queues than workers") {
  const std::string path = write_capture({60});
  DataplaneOptions options = options_of({"net_pcap0,rx_pcap=" + path});
  options.workers = 2;
  auto opened = DpdkPorts::open(options, *live().eal);
  std::filesystem::remove(path);
  INFO(opened.error);
  REQUIRE(opened.ports);
  CHECK(opened.warnings.back() == "net_pcap0: has 1 queues for 2 workers: the others get nothing from it");
  CHECK(opened.ports->queues_of(0).size() == 1);
  CHECK(opened.ports->queues_of(1).empty());
  DpdkSource source(*opened.ports, 1);
  Burst burst;
  CHECK(source.receive(burst) == ReceiveStatus::kMore);
  CHECK(burst.size == 0);
  CHECK(source.time_ns() > 0);
}

/// The frames of a classic capture, in their order.
std::vector<std::string> read_frames(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  file.ignore(24);
  std::vector<std::string> frames;
  std::array<std::uint32_t, 4> header{};
  while (file.read(reinterpret_cast<char*>(header.data()), sizeof header)) {
    frames.emplace_back(header[2], '\0');
    file.read(frames.back().data(), header[2]);
  }
  return frames;
}

TEST_CASE("what comes in on one port of a pair leaves by the other, unchanged and in order") {
  const std::string up = write_capture({60, 1514, 15'000, 61});
  const std::string down = write_capture({62, 63, 64});
  const std::string up_out = up + "-out", down_out = down + "-out";
  {
    DataplaneOptions options = options_of(
        {"net_pcap0,rx_pcap=" + up + ",tx_pcap=" + down_out, "net_pcap1,rx_pcap=" + down + ",tx_pcap=" + up_out, "net_null0"});
    options.pairs = {{"net_pcap0", "net_pcap1"}};
    auto opened = DpdkPorts::open(options, *live().eal);
    INFO(opened.error);
    REQUIRE(opened.ports);
    CHECK(opened.ports->statistics(0).is_inline);
    CHECK_FALSE(opened.ports->statistics(2).is_inline);
    DpdkSource source(*opened.ports, 0);
    Burst burst;
    std::size_t seen = 0;
    for (int polls = 0; polls < 100; ++polls) {
      REQUIRE(source.receive(burst) == ReceiveStatus::kMore);
      std::uint64_t dropped = 0;
      for (std::size_t i = 0; i < burst.size; ++i) {
        seen += burst.packets[i].port < 2 ? 1 : 0;
        if (burst.packets[i].wire_bytes == 63) dropped |= std::uint64_t{1} << i;
      }
      source.release(dropped);
    }
    CHECK(seen == 7);
    const ForwardTally first = source.forwarded(0), second = source.forwarded(1), third = source.forwarded(2);
    CHECK((first.received == 4 && first.forwarded == 4 && first.dropped == 0));
    CHECK((second.received == 3 && second.forwarded == 2 && second.dropped == 1));
    CHECK(third.received == 0);  // it only listens
  }
  CHECK(read_frames(up_out) == std::vector<std::string>{std::string(60, 'a'), std::string(1514, 'b'),
                                                       std::string(15'000, 'c'), std::string(61, 'd')});
  CHECK(read_frames(down_out) == std::vector<std::string>{std::string(62, 'a'), std::string(64, 'c')});
  for (const std::string& path : {up, down, up_out, down_out}) std::filesystem::remove(path);
}

TEST_CASE("a pair that needs more queues than a port has is refused") {
  const std::string path = write_capture({60});
  DataplaneOptions options = options_of({"net_pcap0,rx_pcap=" + path, "net_null0"});
  options.pairs = {{"net_pcap0", "net_null0"}};
  options.workers = 2;
  const auto opened = DpdkPorts::open(options, *live().eal);
  CHECK_FALSE(opened.ports);
  CHECK(opened.error.find("net_pcap0: is inline and has 1 queues for 2 workers") == 0);
  std::filesystem::remove(path);
}

TEST_CASE("what cannot be opened is told in one sentence") {
  struct Row {
    DataplaneOptions options;
    const char* sentence;
  };
  std::vector<Row> rows = {
      {options_of({"net_nosuch0"}),
       "net_nosuch0: DPDK cannot make it (EAL: failed to parse device \"vdev:net_nosuch0\"): check its "
       "arguments: "
       "net_nosuch0"},
      {options_of({"net_pcap0,rx_pcap=/nonexistent/file"}),
       "net_pcap0: DPDK cannot make it (open_single_rx_pcap(): Couldn't open /nonexistent/file: "
       "/nonexistent/file: No "
       "such file or directory): check its arguments: net_pcap0,rx_pcap=/nonexistent/file"},
      {options_of({"net_null0"}),
       "net_null0: needs 2560 packet buffers, 24 MiB, and its share is 1000 buffers and 115 MiB: raise mbufs "
       "or memory, "
       "or lower max_frame, receive_descriptors or workers"},
  };
  rows[2].options.mbufs = 1000;
  for (const auto& row : rows) {
    const auto opened = DpdkPorts::open(row.options, *live().eal);
    CHECK(opened.ports == nullptr);
    CHECK(opened.error == row.sentence);
  }
}

TEST_CASE("a worker's thread runs on its core, others keep off it") {
  const EalPlan& plan = live().eal->plan();
  std::vector<std::uint32_t> worker_cpus;
  std::string complaint;
  std::thread([&] {
    complaint = live().eal->enter_worker(0);
    worker_cpus = read_machine().cpus;
    live().eal->leave_worker();
  }).join();
  CHECK(complaint.empty());
  CHECK(worker_cpus == std::vector<std::uint32_t>{plan.worker_cpus[0]});
  CHECK(read_machine().cpus == plan.control_cpus);
  CHECK(live().cpus_of_earlier == plan.control_cpus);
}

TEST_CASE("DPDK starts once a process") {
  const auto again = Eal::start(base_options(), live().eal->plan());
  CHECK(again.eal == nullptr);
  CHECK(again.error ==
        "DPDK was started before in this process, and cannot be started twice: start the program anew");
}

TEST_CASE("an interface through af_packet, and the kernel's own count") {
  DataplaneOptions options = base_options();
  options.ports.emplace_back();
  options.ports[0].interface = "lo";
  std::vector<std::string> warnings;
  if (const std::string refused = check_ports(options, warnings); !refused.empty()) {
    WARN("left out: " << refused);
    return;
  }
  auto opened = DpdkPorts::open(options, *live().eal);
  INFO(opened.error);
  REQUIRE(opened.ports);
  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);  // discard
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string payload = "mptap was here";
  for (int i = 0; i < 100; ++i) {
    REQUIRE(sendto(sender, payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)) >
            0);
  }
  close(sender);
  DpdkSource source(*opened.ports, 0);
  Taken taken = take(source, 200);  // lo shows each packet going out and coming in
  const auto ours = std::count_if(taken.data.begin(), taken.data.end(),
                                  [&payload](const auto& data) { return data.find(payload) != data.npos; });
  CHECK(ours >= 100);
  while (!take(source, 1).data.empty()) {
  }
  const PortStatistics statistics = opened.ports->statistics(0);
  CHECK(statistics.has_interface);
  CHECK(statistics.interface.present);
  CHECK(statistics.interface.rx_packets >= 100);
  CHECK(statistics.missed_packets == 0);
  CHECK(statistics.received_packets <= statistics.interface.ring_packets);
  CHECK(statistics.received_packets >= 200);
}

TEST_CASE("all of this without a word from DPDK") { CHECK(live().noise.empty()); }

}  // namespace
}  // namespace mptap

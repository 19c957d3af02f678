// Packets a second of one worker: the real Worker over a DPDK device, its records thrown away by another
// thread.
//
//   worker_rate VDEV SECONDS [key=value ...]
//
// Keys: mbufs, max_frame, memory_mib, hugepages (always or never), depth (bare: the source alone, without the
// worker). Prints one line: packets_per_second segments_with_mptcp_per_second records_per_second
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "dataplane/dpdk_source.h"
#include "dataplane/seeded_hash.h"
#include "dataplane/worker.h"

namespace {

using namespace mptap;
using Clock = std::chrono::steady_clock;

struct Arguments {
  DataplaneOptions options;
  double seconds = 0;
  bool bare = false;
};

Arguments parse(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: worker_rate VDEV SECONDS [mbufs=N] [max_frame=N] [memory_mib=N] "
                 "[hugepages=always|never] [depth=bare]\n");
    std::exit(2);
  }
  Arguments arguments;
  arguments.options.poll = PollMode::kBusy;
  arguments.options.ports.emplace_back();
  arguments.options.ports[0].vdev = argv[1];
  arguments.seconds = std::atof(argv[2]);
  for (int i = 3; i < argc; ++i) {
    const std::string text = argv[i];
    const std::string key = text.substr(0, text.find('='));
    const std::string value = text.substr(text.find('=') + 1);
    const auto number = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    if (key == "mbufs")
      arguments.options.mbufs = number;
    else if (key == "max_frame")
      arguments.options.max_frame_bytes = number;
    else if (key == "memory_mib")
      arguments.options.memory_bytes = std::uint64_t{number} << 20;
    else if (key == "hugepages")
      arguments.options.hugepages = value == "always" ? HugepageUse::kAlways : HugepageUse::kNever;
    else if (key == "depth")
      arguments.bare = value == "bare";
    else
      std::exit((std::fprintf(stderr, "worker_rate: no key '%s'\n", key.c_str()), 2));
  }
  return arguments;
}

[[noreturn]] void fail(const std::string& sentence) {
  std::fprintf(stderr, "worker_rate: %s\n", sentence.c_str());
  std::exit(1);
}

struct Rates {
  std::uint64_t packets = 0;
  std::uint64_t with_mptcp = 0;
  std::uint64_t records = 0;
};

/// Polls for the given time; the clock is asked once in many polls.
template <typename Poll>
double poll_for(double seconds, Poll&& poll) {
  const auto begin = Clock::now();
  for (;;) {
    for (int i = 0; i < 1000; ++i) poll();
    const double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    if (elapsed >= seconds) return elapsed;
  }
}

void measure(DpdkSource& source, const Arguments& arguments) {
  constexpr double kWarmUpSeconds = 1;
  Rates before;
  Rates after;
  double elapsed = 0;
  if (arguments.bare) {
    auto burst = std::make_unique<Burst>();
    const auto poll = [&] {
      source.receive(*burst);
      after.packets += burst->size;
    };
    poll_for(kWarmUpSeconds, poll);
    before = after;
    elapsed = poll_for(arguments.seconds, poll);
  } else {
    const WorkerOptions options;
    RecordRing ring(options.ring_capacity);
    std::atomic<bool> stop{false};
    std::atomic<bool> drained{false};
    auto worker = std::make_unique<Worker>(source, options, ring, random_seed(), stop);
    std::thread control([&] {
      Record record;
      while (!drained.load(std::memory_order_relaxed)) {
        if (!ring.try_pop(record)) std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
    const auto read = [&worker] {
      const WorkerTally tally = worker->counters();
      return Rates{tally.rx_packets, tally.with_mptcp, tally.records_built};
    };
    const auto poll = [&worker] { worker->poll_once(); };
    poll_for(kWarmUpSeconds, poll);
    before = read();
    elapsed = poll_for(arguments.seconds, poll);
    after = read();
    worker->finish();
    drained = true;
    control.join();
  }
  const auto rate = [elapsed](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - from) / elapsed;
  };
  std::printf("%.0f %.0f %.0f\n", rate(before.packets, after.packets),
              rate(before.with_mptcp, after.with_mptcp), rate(before.records, after.records));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments = parse(argc, argv);
  const Machine machine = read_machine();
  if (machine.cpus.size() < 2) arguments.options.poll = PollMode::kAdaptive;
  EalPlan plan;
  std::string error;
  if (!build_eal_plan(arguments.options, machine, plan, error)) fail(error);
  Eal::Started started = Eal::start(arguments.options, plan);
  if (!started.eal) fail(started.error);
  DpdkPorts::Opened opened = DpdkPorts::open(arguments.options, *started.eal);
  if (!opened.ports) fail(opened.error);
  std::thread([&] {
    const std::string remark = started.eal->enter_worker(0);
    if (!remark.empty()) std::fprintf(stderr, "worker_rate: %s\n", remark.c_str());
    {
      DpdkSource source(*opened.ports, 0);
      measure(source, arguments);
    }
    started.eal->leave_worker();
  }).join();
}

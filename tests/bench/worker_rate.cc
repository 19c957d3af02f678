// One side of a pair of tests/bench/line_rate or tests/bench/forward: prints one JSON object.
//
//   worker_rate SIDE VDEV SECONDS [key=value ...]
//
// Sides: sensor (worker, control, logs and metrics as `mptap run` has them), rxonly (the same packets, thrown
// away), io (sent by the partner), alone (workers whose own thread empties the ring; no control). Keys: mbufs, max_frame, memory_mib,
// hugepages=always|never, rewrite=none|flood|segments|connections, capture=PATH (what VDEV replays; one a
// worker), opening=PATH (played first; one a worker), rounds=N and keys=PATH (of `connections`), logs=DIR,
// listen=ADDRESS:PORT, workers=N, only=N (of `alone`: this worker polls, the others rest), warm_up=SECONDS,
// pace=PACKETS (a second; `sensor`), partner=VDEV (inline: what VDEV brings leaves by it; `sensor` and `io`), enforce=1 (joins of a
// flood are held back; `sensor` with a partner).
#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/port_names.h"
#include "dataplane/seeded_hash.h"
#include "tests/bench/bench_sensor.h"
#include "tests/bench/json_of.h"
#include "tests/bench/opening_source.h"
#include "tests/bench/paced_source.h"
#include "tests/bench/rewriting_source.h"
#include "tests/bench/rxonly_loop.h"

namespace mptap::bench {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

struct Arguments {
  std::string side;
  DataplaneOptions dataplane;
  double seconds = 0;
  double warm_up = 1;
  std::uint64_t pace = 0;  // packets a second; 0: as they come
  Rewriting rewriting = Rewriting::kNone;
  std::vector<std::string> captures;  // one a worker, or one for all
  std::vector<std::string> openings;
  std::uint32_t rounds = 256;
  std::string keys;
  std::string logs;
  std::string listen;
  int only = -1;
  bool enforces = false;
};

Rewriting rewriting_of(const std::string& word) {
  const std::map<std::string, Rewriting> all{{"none", Rewriting::kNone},
                                             {"flood", Rewriting::kFlood},
                                             {"segments", Rewriting::kSegments},
                                             {"connections", Rewriting::kConnections}};
  const auto found = all.find(word);
  if (found == all.end()) throw std::runtime_error("rewrite: none, flood, segments or connections");
  return found->second;
}

Arguments parse(int argc, char** argv) {
  if (argc < 4)
    throw std::runtime_error("usage: worker_rate sensor|rxonly|io|alone VDEV SECONDS [key=value ...]");
  Arguments arguments;
  arguments.side = argv[1];
  arguments.dataplane.ports.emplace_back();
  arguments.dataplane.ports[0].vdev = argv[2];
  arguments.seconds = std::atof(argv[3]);
  for (int i = 4; i < argc; ++i) {
    const std::string text = argv[i];
    const std::string key = text.substr(0, text.find('='));
    const std::string value = text.substr(text.find('=') + 1);
    const auto number = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    if (key == "mbufs")
      arguments.dataplane.mbufs = number;
    else if (key == "max_frame")
      arguments.dataplane.max_frame_bytes = number;
    else if (key == "memory_mib")
      arguments.dataplane.memory_bytes = std::uint64_t{number} << 20;
    else if (key == "hugepages")
      arguments.dataplane.hugepages = value == "always" ? HugepageUse::kAlways : HugepageUse::kNever;
    else if (key == "partner") {  // inline: what comes in on VDEV leaves by this device
      arguments.dataplane.ports.emplace_back();
      arguments.dataplane.ports[1].vdev = value;
      arguments.dataplane.pairs = {{name_of(arguments.dataplane.ports[0]), name_of(arguments.dataplane.ports[1])}};
    } else if (key == "workers")
      arguments.dataplane.workers = number;
    else if (key == "only")
      arguments.only = static_cast<int>(number);
    else if (key == "rewrite")
      arguments.rewriting = rewriting_of(value);
    else if (key == "capture")
      arguments.captures.push_back(value);
    else if (key == "opening")
      arguments.openings.push_back(value);
    else if (key == "rounds")
      arguments.rounds = number;
    else if (key == "pace")
      arguments.pace = number;
    else if (key == "keys")
      arguments.keys = value;
    else if (key == "logs")
      arguments.logs = value;
    else if (key == "listen")
      arguments.listen = value;
    else if (key == "enforce")
      arguments.enforces = number != 0;
    else if (key == "warm_up")
      arguments.warm_up = std::atof(value.c_str());
    else
      throw std::runtime_error("no key '" + key + "'");
  }
  return arguments;
}

/// The sources of all workers, innermost first.
struct Sources {
  std::vector<std::unique_ptr<Rewriter>> rewriters;
  std::vector<std::unique_ptr<RewritingSource>> rewriting;
  std::unique_ptr<PacedSource> paced;
  std::vector<std::unique_ptr<OpeningSource>> opening;
  std::vector<PacketSource*> outermost;
};

/// Of one a worker, or of one for all.
template <typename T>
T& of_worker(std::vector<T>& all, std::size_t worker) {
  return all[std::min(worker, all.size() - 1)];
}

Sources make_sources(Arguments& arguments, BenchPorts& ports, std::vector<RewritePlan>& plans,
                     const RoundKeys& keys) {
  Sources sources;
  const std::uint32_t workers = arguments.dataplane.workers;
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    const RewritePlan& plan = of_worker(plans, worker);
    const bool own_capture =
        plan.rewriting == Rewriting::kSegments;  // of each worker: its rounds are its own
    sources.rewriters.push_back(
        std::make_unique<Rewriter>(plan, keys, own_capture ? 0 : worker, own_capture ? 1 : workers));
    sources.rewriting.push_back(
        std::make_unique<RewritingSource>(ports.source(worker), *sources.rewriters.back()));
    sources.outermost.push_back(sources.rewriting.back().get());
    if (arguments.pace != 0 && worker == 0) {
      sources.paced = std::make_unique<PacedSource>(*sources.outermost.back(), arguments.pace);
      sources.outermost.back() = sources.paced.get();
    }
    if (arguments.openings.empty()) continue;
    constexpr std::uint64_t kPace = 500'000;
    sources.opening.push_back(std::make_unique<OpeningSource>(of_worker(arguments.openings, worker),
                                                              *sources.outermost.back(), kPace));
    sources.outermost.back() = sources.opening.back().get();
  }
  return sources;
}

void sleep_for(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// A stretch of time by two clocks.
class Stretch {
 public:
  void begin() {
    at_ = Clock::now();
    ticks_at_ = __rdtsc();
  }
  void end() {
    ticks = __rdtsc() - ticks_at_;
    seconds = std::chrono::duration<double>(Clock::now() - at_).count();
  }
  double seconds = 0;
  std::uint64_t ticks = 0;

 private:
  Clock::time_point at_;
  std::uint64_t ticks_at_ = 0;
};

json measure_sensor(Arguments& arguments, std::vector<RewritePlan>& plans, const RoundKeys& keys) {
  Config config;
  config.startup.dataplane = arguments.dataplane;
  config.startup.metrics.enabled = !arguments.listen.empty();
  config.startup.metrics.listen = arguments.listen;
  config.runtime.logs.directory = arguments.logs;
  if (arguments.enforces) config.runtime.detectors.join_flood.mitigation = Mitigation::kEnforce;
  BenchSensor sensor(config);
  BenchPorts ports(arguments.dataplane);
  Sources sources = make_sources(arguments, ports, plans, keys);
  sensor.start(ports, sources.outermost);
  for (const auto& opening : sources.opening) {
    while (!opening->has_opened()) sleep_for(0.01);
  }
  json result;
  if (!sources.opening.empty()) result["opened"] = to_json(sensor.counters(0).read());
  sleep_for(arguments.warm_up);

  std::vector<WorkerTally> before;
  std::uint64_t ring_fill = 0;
  Stretch stretch;
  const std::size_t workers = sources.outermost.size();
  for (std::size_t i = 0; i < workers; ++i) before.push_back(sensor.counters(i).read());
  const std::uint64_t taken_before = sensor.control().records_taken;
  stretch.begin();
  const auto end = Clock::now() + std::chrono::duration<double>(arguments.seconds);
  while (Clock::now() < end) {
    for (std::size_t i = 0; i < workers; ++i)
      ring_fill = std::max(ring_fill, sensor.counters(i).read().ring_fill);
    sleep_for(0.005);
  }
  for (std::size_t i = 0; i < workers; ++i) {
    json after = to_json(sensor.counters(i).read());
    const json first = to_json(before[i]);
#define X(name, meaning) after[#name] = after[#name].get<std::uint64_t>() - first[#name].get<std::uint64_t>();
    MPTAP_WORKER_COUNTERS(X)
#undef X
    result["workers"].push_back(after);
  }
  stretch.end();
  result["records_taken"] = sensor.control().records_taken - taken_before;
  result["ring_fill_max"] = ring_fill;
  result["ring_capacity"] = config.startup.worker.ring_capacity;
  sensor.stop();
  WorkerTally sum;
  for (std::size_t i = 0; i < workers; ++i) sum += sensor.counters(i).read();
  result["page"] = sensor.format_page();
  result["end"] = to_json(sum);
  result["control"] = to_json(sensor.control());
  result["logs"] = to_json(sensor.logs());
  const PortStatistics port = ports.ports().statistics(0);
  result["port"] = {
      {"missed", port.missed_packets}, {"no_buffer", port.no_buffer_packets}, {"errors", port.error_packets}};
  ForwardTally forwarded;
  for (std::size_t i = 0; i < workers; ++i) forwarded += ports.source(i).forwarded(0);
#define X(name, meaning) result["inline"][#name] = forwarded.name;
  MPTAP_FORWARD_COUNTERS(X)
#undef X
  for (const auto& source : sources.rewriters) result["rounds"].push_back(source->rounds());
  result["rounds_of_keys"] = keys.rounds();
  result["seconds"] = stretch.seconds;
  result["ticks"] = stretch.ticks;
  return result;
}

/// What polls one source on its worker's core; returns how many packets a stretch had.
template <typename Poll>
json poll_for(const Arguments& arguments, Poll&& poll) {
  std::uint64_t packets = 0;
  const auto run = [&](double seconds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) {
      for (int i = 0; i < 1000; ++i) packets += poll();
    }
  };
  run(arguments.warm_up);
  packets = 0;
  Stretch stretch;
  stretch.begin();
  run(arguments.seconds);
  stretch.end();
  return {{"rx_packets", packets}, {"seconds", stretch.seconds}, {"ticks", stretch.ticks}};
}

/// The worker without control: its own thread empties the ring.
class LoneWorker {
 public:
  explicit LoneWorker(PacketSource& source) : ring_(options_.ring_capacity, options_.overflow_capacity) {
    worker_ = std::make_unique<Worker>(source, options_, ring_, random_seed(), stop_);
  }
  std::uint64_t poll() {
    worker_->poll_once();
    Record record;
    while (ring_.try_pop(record)) {
    }
    const std::uint64_t seen = worker_->counters().rx_packets;
    return seen - std::exchange(seen_, seen);
  }

 private:
  const WorkerOptions options_;
  RecordRing ring_;
  std::atomic<bool> stop_{true};
  std::unique_ptr<Worker> worker_;
  std::uint64_t seen_ = 0;
};

json measure_threads(Arguments& arguments, std::vector<RewritePlan>& plans, const RoundKeys& keys) {
  BenchPorts ports(arguments.dataplane);
  Sources sources = make_sources(arguments, ports, plans, keys);
  std::vector<json> results(sources.outermost.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (arguments.only >= 0 && i != static_cast<std::size_t>(arguments.only)) continue;
    threads.emplace_back([&, i] {
      const std::string remark = ports.eal().enter_worker(static_cast<std::uint32_t>(i));
      if (!remark.empty()) std::fprintf(stderr, "worker_rate: %s\n", remark.c_str());
      const auto number = static_cast<std::uint16_t>(i);
      const DpdkPorts::Queue queue = ports.ports().queues_of(number).at(0);
      if (arguments.side == "rxonly") {
        results[i] = poll_for(arguments, [&] { return receive_and_free(queue.device, number, *sources.rewriters[i]); });
      } else if (arguments.side == "io") {
        // Its partner is asked for packets, too, as testpmd does and the sensor.
        results[i] = poll_for(arguments, [&] {
          return receive_and_send(queue.device, queue.partner, number, *sources.rewriters[i]) +
                 receive_and_send(queue.partner, queue.device, number, *sources.rewriters[i]);
        });
      } else {
        LoneWorker worker(*sources.outermost[i]);
        if (!sources.opening.empty()) {
          while (!sources.opening[i]->has_opened()) worker.poll();
        }
        results[i] = poll_for(arguments, [&] { return worker.poll(); });
      }
      ports.eal().leave_worker();
    });
  }
  for (std::thread& thread : threads) thread.join();
  json result;
  for (const json& one : results) {
    if (one.is_null()) continue;
    result["workers"].push_back(one);
    result["seconds"] = one["seconds"];
    result["ticks"] = one["ticks"];
  }
  return result;
}

json measure(Arguments arguments) {
  if (read_machine().cpus.size() < 2 || arguments.side == "rxonly" || arguments.side == "io")
    arguments.dataplane.poll = PollMode::kAdaptive;
  std::vector<RewritePlan> plans;
  for (const std::string& capture : arguments.captures)
    plans.push_back(build_rewrite_plan(capture, arguments.rewriting));
  RoundKeys keys;
  if (plans.empty()) plans.emplace_back();
  if (arguments.rewriting == Rewriting::kConnections) {
    keys = RoundKeys(plans[0].connections, arguments.rounds, arguments.keys);
  }
  return arguments.side == "sensor" ? measure_sensor(arguments, plans, keys)
                                    : measure_threads(arguments, plans, keys);
}

}  // namespace
}  // namespace mptap::bench

int main(int argc, char** argv) {
  try {
    std::printf("%s\n", mptap::bench::measure(mptap::bench::parse(argc, argv)).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "worker_rate: %s\n", error.what());
    return 1;
  }
  return 0;
}

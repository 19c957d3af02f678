// One run of tests/bench/flood: the whole sensor, honest connections, and a join flood at full rate. Prints
// one JSON object.
//
//   flood_run VDEV FLOOD_CAPTURE HONEST_CAPTURE SECONDS LOGS LISTEN [mbufs=N] [max_frame=N] [memory_mib=N]
//             [hugepages=always|never] [opening=SECONDS]
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/bench_sensor.h"
#include "tests/bench/flooded_source.h"
#include "tests/bench/json_of.h"
#include "tests/bench/rewriting_source.h"

namespace mptap::bench {
namespace {

using nlohmann::json;

/// Resident memory without hugepages.
std::uint64_t read_resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

json run(int argc, char** argv) {
  if (argc < 7)
    throw std::runtime_error("usage: flood_run VDEV FLOOD HONEST SECONDS LOGS LISTEN [key=value ...]");
  Config config;
  DataplaneOptions& dataplane = config.startup.dataplane;
  dataplane.ports.emplace_back().vdev = argv[1];
  double opening = 5;
  for (int i = 7; i < argc; ++i) {
    const std::string text = argv[i];
    const std::string key = text.substr(0, text.find('='));
    const std::string value = text.substr(text.find('=') + 1);
    const auto number = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    if (key == "mbufs")
      dataplane.mbufs = number;
    else if (key == "max_frame")
      dataplane.max_frame_bytes = number;
    else if (key == "memory_mib")
      dataplane.memory_bytes = std::uint64_t{number} << 20;
    else if (key == "hugepages")
      dataplane.hugepages = value == "always" ? HugepageUse::kAlways : HugepageUse::kNever;
    else if (key == "opening")
      opening = std::atof(value.c_str());
    else
      throw std::runtime_error("no key '" + key + "'");
  }
  config.runtime.logs.directory = argv[5];
  config.startup.metrics.listen = argv[6];
  const RewritePlan plan = build_rewrite_plan(argv[2], Rewriting::kFlood);
  const RoundKeys keys;
  Rewriter rewriter(plan, keys, 1, 1);

  BenchSensor sensor(config);
  BenchPorts ports(dataplane);
  RewritingSource flood(ports.source(0), rewriter);
  FloodedSource source(argv[3], flood, opening, std::atof(argv[4]));
  sensor.start(ports, {&source});

  using Phase = FloodedSource::Phase;
  const auto sleep = [] { std::this_thread::sleep_for(std::chrono::milliseconds(250)); };
  json result;
  while (source.phase() == Phase::kOpening) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const WorkerTally before = sensor.counters(0).read();
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t ring_fill = 0;
  while (source.phase() == Phase::kFlood) {
    result["resident_bytes"].push_back(read_resident_bytes());
    ring_fill = std::max(ring_fill, sensor.counters(0).read().ring_fill);
    sleep();
  }
  const WorkerTally after = sensor.counters(0).read();
  result["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result["flood_packets"] = after.rx_packets - before.rx_packets;
  result["before"] = to_json(before);
  result["ring_fill_max"] = ring_fill;
  result["ring_capacity"] = config.startup.worker.ring_capacity;
  sensor.stop();
  const WorkerTally end = sensor.counters(0).read();
  result["end"] = to_json(end);
  result["control"] = to_json(sensor.control());
  result["logs"] = to_json(sensor.logs());
  result["page"] = sensor.format_page();
  result["honest_packets"] = source.honest_packets();
  result["rounds"] = rewriter.rounds();
  return result;
}

}  // namespace
}  // namespace mptap::bench

int main(int argc, char** argv) {
  try {
    std::printf("%s\n", mptap::bench::run(argc, argv).dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "flood_run: %s\n", error.what());
    return 1;
  }
  return 0;
}

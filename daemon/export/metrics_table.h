// The metrics as one table: name, type, meaning, labels and how to read each. Knows nothing of
// prometheus-cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/export/daemon_counters.h"
#include "daemon/export/log_queue.h"
#include "dataplane/forward_counters.h"
#include "dataplane/worker_counters.h"
#include "detect/control_counters.h"

namespace mptap {

/// What the network card or driver counted on one port.
struct PortCounters {
  std::string name;  // the port's name in the configuration; never an address of traffic
  std::uint64_t rx_packets = 0;
  std::uint64_t nic_missed = 0;  // lost by the card: no free descriptor
  std::uint64_t rx_errors = 0;
  std::uint64_t no_mbuf = 0;  // lost by the driver: no free buffer
  bool up = false;            // the link
  bool is_inline = false;
  ForwardTally forward{};     // inline: what became of the frames that came in
};

/// How much there is room for, by the settings that the sensor was started with.
struct Capacities {
  std::uint64_t subflows = 0;         // a worker
  std::uint64_t ring = 0;             // records, a worker
  std::uint64_t records_pending = 0;  // a worker
  std::uint64_t connections = 0;
};

/// Where the numbers are read at scrape time. What is not there is left out.
struct MetricsSources {
  std::vector<const WorkerCounters*> workers;
  const ControlCounters* control = nullptr;
  const LogQueue* logs = nullptr;
  std::function<std::vector<PortCounters>()>
      ports;  // called on a thread of the metrics server; must not throw
  const DaemonCounters* daemon = nullptr;
  Capacities capacities{};
};

/// All numbers of one scrape.
struct MetricsReading {
  std::string version;
  std::vector<WorkerTally> workers;
  std::vector<PortCounters> ports;
  const ControlCounters* control = nullptr;
  const LogQueue* logs = nullptr;
  const DaemonCounters* daemon = nullptr;
  Capacities capacities;
};

/// Reads everything once, so that the sums of one scrape are of one moment as far as relaxed counters allow.
[[nodiscard]] MetricsReading read_metrics(const MetricsSources& sources, const std::string& version);

struct MetricBucket {
  double upper;             // inclusive; the last is infinity
  std::uint64_t cumulative;
};

struct MetricSample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;         // of a histogram: the sum
  std::vector<MetricBucket> buckets{};
};

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };
[[nodiscard]] const char* name_of(MetricType type);

struct Metric {
  std::string name;  // mptap_ ..., counters end in _total
  MetricType type;
  std::string help;    // a sentence
  std::string labels;  // names, separated by ", "; empty: none
  std::function<void(const MetricsReading& reading, std::vector<MetricSample>& out)> read;
};

/// All metrics, in the order of the documents. Any thread.
[[nodiscard]] const std::vector<Metric>& metrics_table();

/// docs/metrics.md, from the table. A test holds the file to it.
[[nodiscard]] std::string format_metrics_doc();

}  // namespace mptap

// The sensor as `mptap run` composes it, over sources of the bench's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/export/log_writer.h"
#include "daemon/export/metrics.h"
#include "daemon/pipeline.h"
#include "dataplane/dpdk_ports.h"
#include "dataplane/dpdk_source.h"
#include "dataplane/eal.h"

namespace mptap::bench {

/// DPDK and its ports, with one source a worker.
class BenchPorts {
 public:
  /// @throws std::runtime_error  What the machine does not give.
  explicit BenchPorts(const DataplaneOptions& options);
  ~BenchPorts();

  [[nodiscard]] Eal& eal() { return *eal_; }
  [[nodiscard]] DpdkSource& source(std::size_t worker) { return *sources_[worker]; }
  [[nodiscard]] const DpdkPorts& ports() const { return *ports_; }

 private:
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<DpdkPorts> ports_;
  std::vector<std::unique_ptr<DpdkSource>> sources_;
};

/// Listener, log writer, control and workers. Main thread; made before BenchPorts, as in Sensor: DPDK pins
/// threads.
class BenchSensor {
 public:
  /// @throws MetricsError, LogError
  explicit BenchSensor(const Config& config);
  ~BenchSensor();

  void start(BenchPorts& ports, const std::vector<PacketSource*>& sources);
  /// Ends polling, reports what is open and writes all rows.
  void stop();

  [[nodiscard]] const WorkerCounters& counters(std::size_t worker) const { return *counters_[worker]; }
  [[nodiscard]] const ControlCounters& control() const { return control_; }
  [[nodiscard]] const LogCounters& logs() const { return static_cast<const LogQueue&>(queue_).counters(); }

  /// The page of metrics as a scrape would give it, for tests/harness/equations.py. After start().
  [[nodiscard]] std::string format_page() const;

 private:
  [[nodiscard]] MetricsSources metrics_sources() const;

  const Config config_;
  ControlCounters control_;
  LogQueue queue_;
  std::unique_ptr<MetricsServer> metrics_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<Pipeline> pipeline_;
  std::vector<const WorkerCounters*> counters_;
};

}  // namespace mptap::bench

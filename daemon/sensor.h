// Everything `mptap run` holds open, in the order in which it must be opened and closed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/export/log_writer.h"
#include "daemon/export/metrics.h"
#include "daemon/loss_spell.h"
#include "daemon/pipeline.h"
#include "dataplane/dpdk_ports.h"
#include "dataplane/dpdk_source.h"
#include "dataplane/eal.h"

namespace mptap {

/// The live sensor. Main thread only.
class Sensor {
 public:
  /// @param config  Without mistakes, and with at least one port.
  explicit Sensor(const Config& config);
  ~Sensor();

  /// Opens listener, logs, DPDK and ports, and starts the threads.
  ///
  /// @return Empty, or one sentence a line: what the machine does not give and what to do. Nothing runs then.
  [[nodiscard]] std::string start();

  /// Takes over what a configuration changes without a restart; packets and connections are not touched.
  ///
  /// @param wanted  Without mistakes.
  /// @return Empty, or why nothing was changed (a log that cannot be opened).
  [[nodiscard]] std::string reload(const Config& wanted);

  /// Writes the logs to files of their names anew, after they were moved away.
  /// @return Empty, or why not.
  [[nodiscard]] std::string reopen_logs();

  /// Ends polling, reports what is open, writes all rows, closes the ports.
  void stop();

  /// True once control has ended by itself, which it never should while ports are open.
  [[nodiscard]] bool has_died() const { return pipeline_ && pipeline_->has_finished(); }

  /// Says where vital records were lost since the last call: once a spell. Call about once a second.
  void tell_losses();

  /// "2 ports, 1 worker, metrics on 127.0.0.1:9464".
  [[nodiscard]] std::string summary() const;

  /// What was seen and lost, for the last message.
  [[nodiscard]] std::string totals() const;

  [[nodiscard]] std::string first_log_error() const;

 private:
  [[nodiscard]] std::string start_exports();
  [[nodiscard]] std::string start_dpdk();
  void start_pipeline();
  [[nodiscard]] std::vector<PortCounters> port_counters() const;

  Config config_;
  ControlCounters control_counters_;
  LogQueue queue_;
  std::unique_ptr<MetricsServer> metrics_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<DpdkPorts> ports_;
  std::vector<std::unique_ptr<DpdkSource>> sources_;
  std::unique_ptr<Pipeline> pipeline_;
  LossSpell spell_;
};

}  // namespace mptap

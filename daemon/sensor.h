// Everything `mptap run` holds open, in the order in which it must be opened and closed.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/card_keeper.h"
#include "daemon/export/log_writer.h"
#include "daemon/export/metrics.h"
#include "daemon/health.h"
#include "daemon/link_keeper.h"
#include "daemon/loss_spell.h"
#include "daemon/page/web_page.h"
#include "daemon/pipeline.h"
#include "daemon/query/query_service.h"
#include "daemon/query/query_socket.h"
#include "daemon/query/recent_notices.h"
#include "daemon/status_line.h"
#include "dataplane/dpdk_ports.h"
#include "dataplane/dpdk_source.h"
#include "dataplane/eal.h"
#include "dataplane/pcap_filter.h"

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

  /// Looks after itself, about twice a second: says where vital records were lost, once a spell, and where a thread stands
  /// still or goes on again. @return Whether all threads go on.
  [[nodiscard]] bool check_itself();

  /// "2 ports up, 41 connections, 0.0 % missed"; the share is of the time since the call before.
  [[nodiscard]] std::string status();

  /// "2 ports, 1 worker, metrics on 127.0.0.1:9464".
  [[nodiscard]] std::string summary() const;

  /// How a reload ended, for the metrics.
  void count(ReloadResult result) { counters_.count(result); }

  /// What was seen and lost, for the last message.
  [[nodiscard]] std::string totals() const;

  [[nodiscard]] std::string first_log_error() const;

 private:
  [[nodiscard]] std::string start_filter();
  [[nodiscard]] std::string start_exports();
  [[nodiscard]] std::string start_dpdk();
  void mirror_links();
  void use_cards();
  void give_up_capabilities();
  void start_pipeline();
  void start_query();
  [[nodiscard]] MetricsSources metrics_sources() const;
  [[nodiscard]] std::string running_config() const;
  [[nodiscard]] std::string take_over(const Config& wanted);
  void note_config();
  [[nodiscard]] std::vector<PortCounters> port_counters() const;

  Config config_;
  ControlCounters control_counters_;
  LogQueue queue_;
  RecentNotices recent_notices_;
  std::unique_ptr<MetricsServer> metrics_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<DpdkPorts> ports_;
  std::unique_ptr<LinkKeeper> links_;
  std::unique_ptr<CardKeeper> cards_;
  std::vector<std::unique_ptr<DpdkSource>> sources_;
  std::unique_ptr<PcapFilter> filter_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<QueryService> query_service_;
  std::unique_ptr<QuerySocket> query_socket_;
  std::unique_ptr<WebPage> page_;
  mutable std::mutex config_mutex_;  // of `config_`, which others ask for
  DaemonCounters counters_;
  LossSpell spell_;
  Health health_;
  StatusLine status_line_;
};

}  // namespace mptap

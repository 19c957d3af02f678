// Metrics for Prometheus: an HTTP listener that reads the counters when it is asked.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "daemon/export/export_options.h"
#include "daemon/export/http_listener.h"
#include "daemon/export/metrics_table.h"

namespace mptap {

/// Metrics that cannot be served. what() is a sentence: the address, the reason, what to do.
class MetricsError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// Serves GET /metrics, and a page where it is given one, from construction to destruction, with threads of its own.
///
/// The threads take no signals. publish() the sources when they are there: until then a scrape tells the version only.
class MetricsServer {
 public:
  /// Listens on `options.listen`: IPv4 address, or "localhost", and port; port 0 takes a free one.
  /// @param version  Of mptap, for mptap_build_info.
  /// @throws MetricsError
  MetricsServer(const MetricsOptions& options, const std::string& version);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

  /// The port it listens on.
  [[nodiscard]] std::uint16_t port() const;

  /// Scrapes read `sources` from now on; they stay valid until withdraw() or destruction. Any thread.
  void publish(MetricsSources sources);

  /// Scrapes read nothing any more; when this returns, none is reading. Any thread.
  void withdraw();

  /// Requests for all other paths go to `page` from now on, one at a time; who waits too long for his turn gets 503.
  /// `page` stays valid until withdraw_page() or destruction. Any thread.
  void publish_page(HttpResponder page);

  /// Other paths are not found any more; when this returns, no thread is in the page. Any thread.
  void withdraw_page();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// One scrape in Prometheus's text format, without a listener. Any thread.
[[nodiscard]] std::string format_metrics(const MetricsSources& sources, const std::string& version);

}  // namespace mptap

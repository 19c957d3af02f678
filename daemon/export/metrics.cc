#include "daemon/export/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/export/signals_blocked.h"

namespace mptap {
namespace {

std::vector<prometheus::MetricFamily> families_of(const MetricsReading& reading) {
  std::vector<prometheus::MetricFamily> families;
  std::vector<MetricSample> samples;
  for (const Metric& metric : metrics_table()) {
    samples.clear();
    metric.read(reading, samples);
    if (samples.empty()) continue;

    prometheus::MetricFamily family;
    family.name = metric.name;
    family.help = metric.help;
    family.type = metric.type == MetricType::kCounter     ? prometheus::MetricType::Counter
                  : metric.type == MetricType::kHistogram ? prometheus::MetricType::Histogram
                                                          : prometheus::MetricType::Gauge;
    for (MetricSample& sample : samples) {
      prometheus::ClientMetric& out = family.metric.emplace_back();
      for (auto& [name, value] : sample.labels) out.label.push_back({std::move(name), std::move(value)});
      switch (metric.type) {
        case MetricType::kCounter: out.counter.value = sample.value; break;
        case MetricType::kGauge: out.gauge.value = sample.value; break;
        case MetricType::kHistogram:
          out.histogram.sample_sum = sample.value;
          out.histogram.sample_count = sample.buckets.back().cumulative;
          for (const MetricBucket& bucket : sample.buckets) out.histogram.bucket.push_back({bucket.cumulative, bucket.upper});
          break;
      }
    }
    families.push_back(std::move(family));
  }
  return families;
}

/// What the listener asks at each scrape.
class Scraper : public prometheus::Collectable {
 public:
  explicit Scraper(std::string version) : version_(std::move(version)) {}

  void set_sources(MetricsSources sources) {
    const std::lock_guard lock(mutex_);
    sources_ = std::move(sources);
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    const std::lock_guard lock(mutex_);
    return families_of(read_metrics(sources_, version_));
  }

 private:
  const std::string version_;
  mutable std::mutex mutex_;
  MetricsSources sources_;
};

/// "127.0.0.1:9464" -> the socket address; nothing where it is none.
std::optional<sockaddr_in> parse_listen(std::string_view listen) {
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(listen.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  const std::string_view port_text = listen.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const bool is_port =
      error == std::errc() && !port_text.empty() && end == port_text.data() + port_text.size();
  if (!is_port || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return std::nullopt;
  return address;
}

[[noreturn]] void fail(const std::string& listen, const std::string& reason, const std::string& advice) {
  throw MetricsError("cannot serve metrics on " + listen + ": " + reason + "; " + advice);
}

/// Binds to the address and lets go of it again: the HTTP server would only say that it could not.
void try_bind(const std::string& listen, const sockaddr_in& address) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound = bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = bound ? 0 : errno;
  close(file);
  switch (error) {
    case 0:
      return;
    case EADDRINUSE:
      fail(listen, std::strerror(error), "stop what listens there, or choose another port by metrics.listen");
    case EADDRNOTAVAIL:
      fail(listen, "this machine does not have that address", "choose another by metrics.listen");
    case EACCES:
      fail(listen, std::strerror(error), "choose a port from 1024 on by metrics.listen");
    default:
      fail(listen, std::strerror(error), "choose another address by metrics.listen");
  }
}

std::string to_text(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ':' + std::to_string(ntohs(address.sin_port));
}

}  // namespace

struct MetricsServer::Parts {
  std::shared_ptr<Scraper> scraper;
  std::unique_ptr<prometheus::Exposer> exposer;
};

MetricsServer::MetricsServer(const MetricsOptions& options, const std::string& version)
    : parts_(std::make_unique<Parts>()) {
  const std::optional<sockaddr_in> address = parse_listen(options.listen);
  if (!address) {
    fail(options.listen, "that is not an IPv4 address and a port",
         "write metrics.listen as in 127.0.0.1:9464");
  }
  try_bind(options.listen, *address);

  const SignalsBlocked blocked;
  parts_->scraper = std::make_shared<Scraper>(version);
  try {
    // A peer that sends nothing holds a thread no longer than this.
    parts_->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", to_text(*address), "num_threads", "2", "request_timeout_ms", "5000"});
  } catch (const std::exception& error) {
    fail(options.listen, error.what(), "choose another address by metrics.listen");
  }
  parts_->exposer->RegisterCollectable(parts_->scraper);
}

MetricsServer::~MetricsServer() = default;

std::uint16_t MetricsServer::port() const {
  return static_cast<std::uint16_t>(parts_->exposer->GetListeningPorts().front());
}

void MetricsServer::publish(MetricsSources sources) { parts_->scraper->set_sources(std::move(sources)); }

void MetricsServer::withdraw() { parts_->scraper->set_sources({}); }

std::string format_metrics(const MetricsSources& sources, const std::string& version) {
  return prometheus::TextSerializer().Serialize(families_of(read_metrics(sources, version)));
}

}  // namespace mptap

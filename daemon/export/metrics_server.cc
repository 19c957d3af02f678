// The listener: GET /metrics, and the page where there is one.
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/export/gzip.h"
#include "daemon/export/metrics.h"
#include "daemon/export/signals_blocked.h"

namespace mptap {
namespace {

[[noreturn]] void fail(const std::string& listen, const std::string& reason, const std::string& advice) {
  throw MetricsError("cannot serve metrics on " + listen + ": " + reason + "; " + advice);
}

/// Where the address cannot be had: the HTTP server would only say that it does not start.
void refuse_taken(const std::string& listen, const sockaddr_in& address) {
  const int error = try_bind(address);
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

bool is_read(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

/// Whether a thread may be in the page. One at a time: the other thread is left to Prometheus, whatever the page waits for.
class PageTurn {
 public:
  /// Gives a turn back that was taken.
  class Held {
   public:
    explicit Held(PageTurn& turn) : turn_(turn) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { turn_.release(); }
    [[nodiscard]] const HttpResponder& page() const { return turn_.page_; }

   private:
    PageTurn& turn_;
  };

  /// False where another held it for too long.
  [[nodiscard]] bool try_take() {
    constexpr std::chrono::milliseconds kPatience{500};
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, kPatience, [this] { return !taken_; })) return false;
    taken_ = true;
    return true;
  }

  /// Waits for whoever is in the page.
  void replace(HttpResponder page) {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return !taken_; });
    page_ = std::move(page);
  }

 private:
  void release() {
    {
      const std::lock_guard lock(mutex_);
      taken_ = false;
    }
    freed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  bool taken_ = false;
  HttpResponder page_;
};

}  // namespace

struct MetricsServer::Parts {
  explicit Parts(std::string its_version) : version(std::move(its_version)) {}

  [[nodiscard]] HttpAnswer answer(const HttpRequest& request) {
    return request.path == "/metrics" ? answer_metrics(request) : answer_page(request);
  }

  [[nodiscard]] HttpAnswer answer_metrics(const HttpRequest& request) {
    if (!is_read(request)) return {.status = 405, .headers = {{"Allow", "GET, HEAD"}}, .body = "read only\n"};
    HttpAnswer answer;
    {
      const std::lock_guard lock(mutex);
      answer.body = format_metrics(sources, version);
    }
    if (!request.takes_gzip) return answer;
    if (std::string small = compress_gzip(answer.body); !small.empty()) {
      answer.headers.emplace_back("Content-Encoding", "gzip");
      answer.body = std::move(small);
    }
    return answer;
  }

  [[nodiscard]] HttpAnswer answer_page(const HttpRequest& request) {
    if (!turn.try_take()) return {.status = 503, .headers = {{"Retry-After", "2"}}, .body = "busy with another who asks\n"};
    const PageTurn::Held held(turn);
    if (!held.page()) return {.status = 404, .body = "nothing here; metrics are at /metrics\n"};
    return held.page()(request);
  }

  const std::string version;
  std::mutex mutex;  // of the sources, for as long as they are read
  MetricsSources sources;
  PageTurn turn;
  std::unique_ptr<HttpListener> listener;  // the last: its threads end before what they read
};

MetricsServer::MetricsServer(const MetricsOptions& options, const std::string& version)
    : parts_(std::make_unique<Parts>(version)) {
  const std::optional<sockaddr_in> address = parse_address(options.listen);
  if (!address) {
    fail(options.listen, "that is not an IPv4 address and a port",
         "write metrics.listen as in 127.0.0.1:9464");
  }
  refuse_taken(options.listen, *address);

  const SignalsBlocked blocked;
  try {
    parts_->listener = std::make_unique<HttpListener>(
        *address, [parts = parts_.get()](const HttpRequest& request) { return parts->answer(request); });
  } catch (const HttpError& error) {
    fail(options.listen, error.what(), "choose another address by metrics.listen");
  }
}

MetricsServer::~MetricsServer() = default;

std::uint16_t MetricsServer::port() const { return parts_->listener->port(); }

void MetricsServer::publish(MetricsSources sources) {
  const std::lock_guard lock(parts_->mutex);
  parts_->sources = std::move(sources);
}

void MetricsServer::withdraw() { publish({}); }

void MetricsServer::publish_page(HttpResponder page) { parts_->turn.replace(std::move(page)); }

void MetricsServer::withdraw_page() { parts_->turn.replace({}); }

}  // namespace mptap

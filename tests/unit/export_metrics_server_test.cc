// The listener of metrics as one that serves a page, too.
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "daemon/export/gzip.h"
#include "daemon/export/metrics.h"
#include "tests/unit/catch.h"
#include "tests/unit/http_request.h"

namespace mptap {
namespace {

using test::answer_to, test::body_of, test::get;

std::string expand(const std::string& small) {
  std::string out(1 << 20, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, MAX_WBITS + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(small.data()));
  stream.avail_in = static_cast<uInt>(small.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

MetricsOptions on_a_free_port() {
  MetricsOptions options;
  options.listen = "127.0.0.1:0";
  return options;
}

TEST_CASE("gzip gives back what it took", "[export][metrics]") {
  for (const std::string& text : {std::string(), std::string("a"), std::string(100'000, 'x'), std::string("\0\xff\n", 3)}) {
    CHECK(expand(compress_gzip(text)) == text);
  }
}

TEST_CASE("a scrape is compressed where the client takes that", "[export][metrics]") {
  const MetricsServer server(on_a_free_port(), "1.2.3");
  const std::string plain = get(server.port(), "/metrics");
  CHECK(plain.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "));
  const std::string packed =
      answer_to(server.port(), "GET /metrics HTTP/1.1\r\nHost: here\r\nAccept-Encoding: deflate, gzip;q=1.0\r\n\r\n");
  CHECK(packed.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Encoding: gzip\r\nContent-Length: "));
  CHECK(expand(body_of(packed)) == body_of(plain));
  CHECK(body_of(plain).find("mptap_build_info{version=\"1.2.3\"} 1\n") != std::string::npos);
}

TEST_CASE("metrics are read, and nothing else", "[export][metrics]") {
  const MetricsServer server(on_a_free_port(), "1");
  const std::string head = answer_to(server.port(), "HEAD /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(body_of(head).empty());
  const std::string refused = answer_to(server.port(), "POST /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n");
  CHECK(refused.starts_with("HTTP/1.1 405 "));
  CHECK(refused.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
}

TEST_CASE("a page has all other paths, from when it is published until it is withdrawn", "[export][metrics]") {
  MetricsServer server(on_a_free_port(), "1");
  CHECK(get(server.port(), "/x").starts_with("HTTP/1.1 404 "));
  server.publish_page([](const HttpRequest& request) {
    return HttpAnswer{.status = 200, .headers = {{"X-Own", "yes"}}, .body = std::string(request.method) + ' ' + std::string(request.path) + '?' +
                                                          std::string(request.query) + ' ' + std::string(request.host)};
  });
  const std::string answer = get(server.port(), "/x%20y?a=%20b&c");
  CHECK(answer.find("\r\nX-Own: yes\r\n") != std::string::npos);
  CHECK(body_of(answer) == "GET /x y?a=%20b&c here:1");
  CHECK(body_of(get(server.port(), "/metrics")).find("mptap_build_info") != std::string::npos);
  server.withdraw_page();
  CHECK(get(server.port(), "/x").starts_with("HTTP/1.1 404 "));
}

TEST_CASE("a page that waits leaves a thread to metrics, and is not withdrawn under whoever is in it", "[export][metrics]") {
  MetricsServer server(on_a_free_port(), "1");
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<bool> left{false};
  server.publish_page([&](const HttpRequest&) {
    entered.set_value();
    leave.get_future().wait();
    left = true;
    return HttpAnswer{.status = 200, .body = "late"};
  });
  auto first = std::async(std::launch::async, [&] { return get(server.port(), "/"); });
  entered.get_future().wait();

  const std::string second = get(server.port(), "/");
  CHECK(second.starts_with("HTTP/1.1 503 "));
  CHECK(second.find("\r\nRetry-After: ") != std::string::npos);
  CHECK(get(server.port(), "/metrics").starts_with("HTTP/1.1 200 "));

  auto withdrawn = std::async(std::launch::async, [&] {
    server.withdraw_page();
    return left.load();
  });
  CHECK(withdrawn.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  leave.set_value();
  CHECK(withdrawn.get());
  CHECK(body_of(first.get()) == "late");
}

}  // namespace
}  // namespace mptap

// An HTTP listener of two threads that hands every request to one function. Knows nothing of what is served.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mptap {

/// A listener that cannot be started. what() is the reason.
class HttpError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// One request. The texts live as long as the call that takes it.
struct HttpRequest {
  std::string_view method;
  std::string_view path;   // decoded
  std::string_view query;  // as it came, without the question mark
  std::string_view host;   // the header Host; empty where there is none
  bool takes_gzip = false;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string_view, std::string_view>> headers = {};  // more of them; the texts are literals
  std::string body;
};

/// Called by the listener's threads, by several at once; throws nothing.
using HttpResponder = std::function<HttpAnswer(const HttpRequest&)>;

/// Serves from construction to destruction. A peer that sends or takes nothing holds a thread no longer than 5 seconds.
class HttpListener {
 public:
  /// The threads inherit signals and CPU affinity of the one that constructs.
  /// @throws HttpError
  HttpListener(const sockaddr_in& address, HttpResponder responder);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  ~HttpListener();

  /// The port it listens on.
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

/// The address of "127.0.0.1:9464" or "localhost:9464"; nothing where it is no IPv4 address and port.
[[nodiscard]] std::optional<sockaddr_in> parse_address(std::string_view listen);

/// Binds to the address and lets go of it again. @return 0, or why it cannot be listened on (errno of bind(2)).
[[nodiscard]] int try_bind(const sockaddr_in& address);

/// "127.0.0.1:9464".
[[nodiscard]] std::string format_address(const sockaddr_in& address);

}  // namespace mptap

#include "daemon/export/http_listener.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "daemon/export/gzip.h"

namespace mptap {
namespace {

std::string_view view_of(const char* text) { return text == nullptr ? std::string_view{} : std::string_view(text); }

HttpRequest request_of(mg_connection* connection) {
  const mg_request_info* info = mg_get_request_info(connection);
  return {view_of(info->request_method), view_of(info->local_uri), view_of(info->query_string),
          view_of(mg_get_header(connection, "Host")),
          view_of(mg_get_header(connection, "Accept-Encoding")).find("gzip") != std::string_view::npos};
}

void send(mg_connection* connection, const HttpAnswer& answer, bool with_body) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ' + mg_get_response_code_text(connection, answer.status) +
                     "\r\nContent-Type: " + answer.content_type + "\r\n";
  for (const auto& [name, value] : answer.headers) head.append(name).append(": ").append(value).append("\r\n");
  head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
  mg_write(connection, head.data(), head.size());
  if (with_body && !answer.body.empty()) mg_write(connection, answer.body.data(), answer.body.size());
}

}  // namespace

struct HttpListener::Server {
  HttpResponder responder;
  mg_context* context = nullptr;
};

HttpListener::HttpListener(const sockaddr_in& address, HttpResponder responder) : server_(std::make_unique<Server>()) {
  server_->responder = std::move(responder);
  const std::string listen = format_address(address);
  // A client holds a thread until it has asked and is answered: those that take their time, or mean harm, leave room.
  const std::array<const char*, 7> options{"listening_ports", listen.c_str(), "num_threads", "32", "request_timeout_ms", "2000", nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = [](mg_connection* connection) {
    const auto& server = *static_cast<const Server*>(mg_get_request_info(connection)->user_data);
    const HttpRequest request = request_of(connection);
    send(connection, server.responder(request), request.method != "HEAD");
    return 200;  // answered; civetweb has nothing to add
  };
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };  // what peers do wrong is theirs
  mg_init_library(MG_FEATURES_DEFAULT);
  server_->context = mg_start(&callbacks, server_.get(), const_cast<const char**>(options.data()));
  if (server_->context == nullptr) {
    mg_exit_library();
    throw HttpError("the HTTP server does not start");
  }
}

HttpListener::~HttpListener() {
  mg_stop(server_->context);
  mg_exit_library();
}

std::uint16_t HttpListener::port() const {
  mg_server_port port{};
  return mg_get_server_ports(server_->context, 1, &port) == 1 ? static_cast<std::uint16_t>(port.port) : std::uint16_t{0};
}

std::optional<sockaddr_in> parse_address(std::string_view listen) {
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

int try_bind(const sockaddr_in& address) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound = bind(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = bound ? 0 : errno;
  close(file);
  return error;
}

std::string format_address(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ':' + std::to_string(ntohs(address.sin_port));
}

}  // namespace mptap

// The page that shows the running sensor in a browser: three files, and the sensor's answers as JSON. Read only.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "daemon/export/http_listener.h"
#include "daemon/query/query_service.h"

namespace mptap {

/// Whether a browser may use this name for the sensor. A page of others can send its visitor's browser here under a name of
/// its own that resolves to this machine (DNS rebinding); it cannot do so under an address, or under "localhost".
///
/// @param host    The header Host, with a port or without.
/// @param listen  The address listened on, "127.0.0.1:9464"; of 0.0.0.0 any IPv4 address will do.
[[nodiscard]] bool is_own_host(std::string_view host, std::string_view listen);

/// Turns the query of a URL into a question of docs/query.md. @throws nothing: what cannot be decoded becomes U+FFFD.
[[nodiscard]] std::string question_of(std::string_view ask, std::string_view query);

/// Any thread.
class WebPage {
 public:
  /// @param service  Outlives this.
  /// @param listen   The address listened on.
  WebPage(const QueryService& service, std::string listen) : service_(service), listen_(std::move(listen)) {}

  [[nodiscard]] HttpAnswer answer(const HttpRequest& request) const;

 private:
  const QueryService& service_;
  const std::string listen_;
};

}  // namespace mptap

#include "daemon/page/web_page.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/page/page_files.h"

namespace mptap {
namespace {

constexpr std::string_view kText = "text/plain; charset=utf-8";

struct PageFile {
  std::string_view path;
  std::string_view name;
  std::string_view content_type;
};
constexpr std::array kFiles{
    PageFile{"/", "index.html", "text/html; charset=utf-8"},
    PageFile{"/app.js", "app.js", "text/javascript; charset=utf-8"},
    PageFile{"/picture.js", "picture.js", "text/javascript; charset=utf-8"},
    PageFile{"/style.css", "style.css", "text/css; charset=utf-8"},
    PageFile{"/icon.svg", "icon.svg", "image/svg+xml"},
};

constexpr std::string_view kApi = "/api/";
constexpr std::array<std::string_view, 3> kQuestions{"status", "connections", "notices"};

/// The last two make the browser refuse markup that a script puts together from text.
constexpr std::string_view kPolicy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

HttpAnswer make_answer(int status, std::string_view content_type, std::string body) {
  return {.status = status,
          .content_type = std::string(content_type),
          .headers = {{"Cache-Control", "no-store"},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Connection", "close"}},
          .body = std::move(body)};
}

int status_of(Answered how) {
  switch (how) {
    case Answered::kYes: return 200;
    case Answered::kBadQuestion: return 400;
    case Answered::kNotInTime: return 503;
  }
  return 500;
}

/// The name without its port: "[::1]:9464" -> "[::1]".
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  return std::ranges::all_of(port, [](char digit) { return digit >= '0' && digit <= '9'; }) ? host.substr(0, colon) : host;
}

bool is_localhost(std::string_view name) {
  return std::ranges::equal(name, std::string_view("localhost"),
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

bool is_ipv4(std::string_view name) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(name).c_str(), &address) == 1;
}

std::string decode_query(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && text.size() - i > 2 &&
               std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool is_own_host(std::string_view host, std::string_view listen) {
  const std::string_view name = without_port(host);
  const std::string_view own = without_port(listen);
  return is_localhost(name) || name == "127.0.0.1" || name == "[::1]" || (!name.empty() && name == own) ||
         (own == "0.0.0.0" && is_ipv4(name));
}

std::string question_of(std::string_view ask, std::string_view query) {
  using Json = nlohmann::ordered_json;
  Json question{{"ask", ask}};
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), field.size() + 1));
    if (field.empty()) continue;
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string key = decode_query(field.substr(0, equals));
    const std::string value = decode_query(field.substr(std::min(field.size(), equals + 1)));
    if (key == "ask") continue;  // the path says what is asked
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool is_number = key == "limit" && error == std::errc() && end == value.data() + value.size();
    question[key] = is_number ? Json(number) : Json(value);
  }
  return question.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpAnswer WebPage::answer(const HttpRequest& request) const {
  if (!is_own_host(request.host, listen_)) {
    return make_answer(403, kText, "not under this name: use the address that metrics.listen names, or localhost\n");
  }
  const auto file = std::ranges::find(kFiles, request.path, &PageFile::path);
  const std::string_view ask = request.path.starts_with(kApi) ? request.path.substr(kApi.size()) : std::string_view{};
  const bool is_question = std::ranges::find(kQuestions, ask) != kQuestions.end();
  if (file == kFiles.end() && !is_question) return make_answer(404, kText, "nothing here; the page is at /\n");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer refused = make_answer(405, kText, "read only\n");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  if (!is_question) return make_answer(200, file->content_type, std::string(find_page_file(file->name)));
  QueryAnswer found = service_.answer(question_of(ask, request.query));
  return make_answer(status_of(found.how), "application/json", std::move(found.json));
}

}  // namespace mptap

// The page's answers, without a listener.
#include <string>
#include <string_view>
#include <vector>

#include "daemon/page/page_files.h"
#include "daemon/page/web_page.h"
#include "tests/unit/catch.h"

namespace mptap {
namespace {

TEST_CASE("only names of this machine are the page's own", "[page]") {
  struct Row {
    const char* host;
    const char* listen;
    bool own;
  };
  const Row rows[] = {
      {"localhost", "127.0.0.1:9464", true},
      {"LOCALHOST:80", "127.0.0.1:9464", true},
      {"127.0.0.1:9464", "127.0.0.1:9464", true},
      {"[::1]", "127.0.0.1:9464", true},
      {"[::1]:7", "127.0.0.1:9464", true},
      {"127.0.0.1", "192.0.2.1:9464", true},  // through a tunnel
      {"192.0.2.1:9464", "192.0.2.1:9464", true},
      {"192.0.2.2:9464", "192.0.2.1:9464", false},
      {"192.0.2.2:9464", "0.0.0.0:9464", true},  // any of this machine's; and no address can be rebound
      {"sensor.example", "0.0.0.0:9464", false},
      {"192.0.2.2.example", "0.0.0.0:9464", false},
      {"127.1", "0.0.0.0:9464", false},
      {"", "127.0.0.1:9464", false},
      {":", "127.0.0.1:9464", false},
      {":9464", "127.0.0.1:9464", false},
      {"localhost:", "127.0.0.1:9464", true},
      {"localhost:1:2", "127.0.0.1:9464", false},
      {"localhost:x", "127.0.0.1:9464", false},
      {"localhost.", "127.0.0.1:9464", false},
      {"localhost.example", "127.0.0.1:9464", false},
      {"localhost@example", "127.0.0.1:9464", false},
      {"[::1", "127.0.0.1:9464", false},
      {"[::1]x", "127.0.0.1:9464", false},
      {"::1", "127.0.0.1:9464", false},
  };
  for (const Row& row : rows) {
    INFO(row.host << " on " << row.listen);
    CHECK(is_own_host(row.host, row.listen) == row.own);
  }
}

TEST_CASE("a query becomes a question", "[page]") {
  struct Row {
    const char* query;
    const char* question;
  };
  const Row rows[] = {
      {"", R"({"ask":"x"})"},
      {"&&", R"({"ask":"x"})"},
      {"token=8ec67794&address=10.0.0.0%2f8", R"({"ask":"x","token":"8ec67794","address":"10.0.0.0/8"})"},
      {"limit=7", R"({"ask":"x","limit":7})"},
      {"limit=07x", R"({"ask":"x","limit":"07x"})"},
      {"limit=-1", R"({"ask":"x","limit":"-1"})"},
      {"limit=99999999999999999999", R"({"ask":"x","limit":"99999999999999999999"})"},
      {"limit", R"({"ask":"x","limit":""})"},
      {"token=1&token=2", R"({"ask":"x","token":"2"})"},
      {"ask=config", R"({"ask":"x"})"},
      {"%61sk=config", R"({"ask":"x"})"},
      {"a=b=c", R"({"ask":"x","a":"b=c"})"},
      {"=b", R"({"ask":"x","":"b"})"},
      {"a=1+2%", R"({"ask":"x","a":"1 2%"})"},
      {"a=%4", R"({"ask":"x","a":"%4"})"},
      {"a=%zz%-1", R"({"ask":"x","a":"%zz%-1"})"},
      {"a=%22%7d%0a", R"({"ask":"x","a":"\"}\n"})"},
      {"a=%ff", "{\"ask\":\"x\",\"a\":\"\xef\xbf\xbd\"}"},
  };
  for (const Row& row : rows) {
    INFO(row.query);
    CHECK(question_of("x", row.query) == row.question);
  }
}

QueryService service_where(bool control_answers) {
  return QueryService(QuerySources{
      .metrics = [] { return MetricsReading{}; },
      .survey = [control_answers](ConnectionSurvey& survey) {
        survey.matching = survey.filter.token ? 1 : 7;
        return control_answers;
      },
      .config = [] { return std::string("secret: 1"); },
      .notices = [](std::size_t most) { return std::vector<std::string>(most, "{}"); },
      .with_mitigator = {},
  });
}

std::string_view header_of(const HttpAnswer& answer, std::string_view name) {
  for (const auto& [known, value] : answer.headers) {
    if (known == name) return value;
  }
  return {};
}

TEST_CASE("each request has its status, and none goes without the headers", "[page]") {
  const QueryService service = service_where(true);
  const QueryService slow_service = service_where(false);
  const WebPage page(service, "127.0.0.1:9464");
  const WebPage slow_page(slow_service, "127.0.0.1:9464");
  struct Row {
    const WebPage& page;
    HttpRequest request;
    int status;
    std::string_view begins;
  };
  const Row rows[] = {
      {page, {"GET", "/", "", "localhost"}, 200, "<!DOCTYPE html>"},
      {page, {"HEAD", "/", "", "localhost"}, 200, "<!DOCTYPE html>"},
      {page, {"GET", "/", "x=1", "localhost"}, 200, "<!DOCTYPE html>"},
      {page, {"GET", "/index.html", "", "localhost"}, 404, ""},
      {page, {"GET", "/api/config", "", "localhost"}, 404, ""},
      {page, {"GET", "/api/", "", "localhost"}, 404, ""},
      {page, {"GET", "", "", "localhost"}, 404, ""},
      {page, {"POST", "/", "", "localhost"}, 405, "read only"},
      {page, {"OPTIONS", "/api/status", "", "localhost"}, 405, "read only"},
      {page, {"", "/", "", "localhost"}, 405, "read only"},
      {page, {"GET", "/", "", "evil.example"}, 403, "not under this name"},
      {page, {"POST", "/nothing", "", "evil.example"}, 403, "not under this name"},
      {page, {"GET", "/api/status", "", "localhost"}, 200, R"({"ok":true)"},
      {page, {"GET", "/api/connections", "", "localhost"}, 200, R"({"ok":true,"matching":7,"connections":[])"},
      {page, {"GET", "/api/connections", "token=1", "localhost"}, 200, R"({"ok":true,"matching":1,)"},
      {page, {"GET", "/api/connections", "token=z", "localhost"}, 400, R"({"ok":false,"error":"'z' is no token)"},
      {page, {"GET", "/api/notices", "limit=2", "localhost"}, 200, R"({"ok":true,"notices":[{},{}]})"},
      {page, {"GET", "/api/status", "limit=2", "localhost"}, 400, R"({"ok":false,"error":"'limit' is not known)"},
      {slow_page, {"GET", "/api/connections", "", "localhost"}, 503, R"({"ok":false,"error":"control gave no answer)"},
      {slow_page, {"GET", "/api/notices", "", "localhost"}, 200, R"({"ok":true)"},
  };
  for (const Row& row : rows) {
    INFO(row.request.method << ' ' << row.request.path << '?' << row.request.query << " of " << row.request.host);
    const HttpAnswer answer = row.page.answer(row.request);
    CHECK(answer.status == row.status);
    CHECK(answer.body.starts_with(row.begins));
    CHECK(answer.body.find("secret") == std::string::npos);
    CHECK(header_of(answer, "Cache-Control") == "no-store");
    CHECK(header_of(answer, "Content-Security-Policy").starts_with("default-src 'self'; "));
    CHECK(header_of(answer, "X-Content-Type-Options") == "nosniff");
    CHECK(header_of(answer, "Allow") == (row.status == 405 ? "GET, HEAD" : ""));
    CHECK(header_of(answer, "Retry-After").empty());  // by which the page tells a busy listener from a refusal
  }
}

TEST_CASE("the program holds the page's files, and they hold no markup from scripts", "[page]") {
  for (const char* name : {"index.html", "app.js", "picture.js", "style.css", "icon.svg"}) {
    INFO(name);
    const std::string_view text = find_page_file(name);
    CHECK(text.size() > 100);
    for (const char* word : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=", "onclick"}) {
      CHECK(text.find(word) == std::string_view::npos);
    }
  }
  CHECK(find_page_file("embed").empty());
  CHECK(find_page_file("").empty());
}

}  // namespace
}  // namespace mptap

// What clients send: questions to the control socket, byte by byte as they please, and requests of browsers.
//
// Input: a byte that says which, then what is sent. Whatever it is, answers are JSON in one line, and no page
// of others gets any.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/export/http_listener.h"
#include "daemon/export/log_queue.h"
#include "daemon/page/web_page.h"
#include "daemon/query/query_service.h"
#include "daemon/query/query_socket.h"
#include "tests/fuzz/fuzz.h"

namespace mptap::fuzz {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kListen = "127.0.0.1:9464";
constexpr std::size_t kMostRows = QueryService::kMostConnections;

/// A sensor that has something to tell of everything.
class MadeUpSensor {
 public:
  MadeUpSensor() : logs_({}, RunMode::kLive, control_), service_(sources()) {}
  [[nodiscard]] const QueryService& service() const { return service_; }

 private:
  QuerySources sources() {
    QuerySources sources;
    sources.metrics = [this] {
      MetricsReading reading;
      reading.version = "1.2.3";
      reading.workers.resize(2);
      reading.ports.resize(1);
      reading.control = &control_;
      reading.logs = &logs_;
      reading.daemon = &daemon_;
      return reading;
    };
    sources.survey = [](ConnectionSurvey& survey) {
      survey.matching = survey.filter.token ? 1 : 3;
      survey.found.resize(std::min<std::size_t>(survey.most, survey.matching));
      for (SurveyedConnection& found : survey.found) found.subflows.resize(2);
      return !(survey.filter.address &&
               survey.filter.address->bits == 0);  // a control that has too much to do
    };
    sources.config = [] { return std::string("logs:\n  directory: \"\"\n"); };
    sources.notices = [](std::size_t most) {
      expect(most <= kMostRows, "no more rows are asked for than anyone may have");
      return std::vector<std::string>(std::min<std::size_t>(most, 3), "{}");
    };
    sources.started_ns = 1'700'000'000 * kNsPerSecond;
    return sources;
  }

  ControlCounters control_;
  LogQueue logs_;
  DaemonCounters daemon_;
  const QueryService service_;
};

void expect_answer(const std::string& text) {
  expect(text.find('\n') == std::string::npos, "an answer is one line");
  const Json answer = Json::parse(text, nullptr, false);
  expect(answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean(),
         "an answer is an object that says whether it is one");
  expect(answer["ok"] == !answer.contains("error"), "what is refused says why, and nothing else does");
}

/// A socket that answers, in a thread of its own, for as long as the program runs.
class Server {
 public:
  explicit Server(const QueryService& service)
      : folder_(make_folder()), path_(folder_ + "/socket"), socket_(path_, service) {}
  ~Server() { std::filesystem::remove_all(folder_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Sends in pieces of `piece` bytes, ends, and takes all that comes back.
  [[nodiscard]] std::string ask(std::string_view text, std::size_t piece) const {
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    expect(connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
           "the socket takes another client");
    while (!text.empty()) {
      const ssize_t sent = send(file, text.data(), std::min(piece, text.size()), MSG_NOSIGNAL);
      if (sent <= 0) break;  // it has closed: a question was too long
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    shutdown(file, SHUT_WR);
    std::string answers;
    char bytes[4096];
    for (ssize_t got = 0; (got = recv(file, bytes, sizeof bytes, 0)) > 0;)
      answers.append(bytes, static_cast<std::size_t>(got));
    close(file);
    return answers;
  }

 private:
  static std::string make_folder() {
    std::string path = std::filesystem::temp_directory_path() / "mptap-fuzz-query-XXXXXX";
    expect(mkdtemp(path.data()) != nullptr, "there is a folder for a socket");
    return path;
  }
  const std::string folder_;
  const std::string path_;
  const QuerySocket socket_;
};

void ask_socket(const QueryService& service, std::string_view text) {
  static const Server server(service);
  const std::size_t piece = text.empty() ? 1 : 1 + static_cast<std::uint8_t>(text.front());
  const std::string answers = server.ask(text, piece);
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < answers.size(); ++lines) {
    const std::size_t end = answers.find('\n', begin);
    if (end == std::string::npos) break;  // the client was cut off inside an answer
    expect_answer(answers.substr(begin, end - begin));
    begin = end + 1;
  }
  expect(lines <= static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
         "no answer comes without a question");
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

/// The lines are method, path, host and query.
void ask_page(const QueryService& service, std::string_view text) {
  const WebPage page(service, std::string(kListen));
  HttpRequest request;
  request.method = take_line(text);
  request.path = take_line(text);
  request.host = take_line(text);
  request.query = text;
  const HttpAnswer answer = page.answer(request);
  expect(answer.status == 200 || answer.status == 400 || answer.status == 403 || answer.status == 404 ||
             answer.status == 405 || answer.status == 503,
         "an answer has one of the statuses that there are");
  expect((answer.status == 403) == !is_own_host(request.host, kListen), "under another name nothing is told");
  const auto is_line = [](std::string_view value) {
    return value.find_first_of("\r\n") == std::string_view::npos;
  };
  expect(is_line(answer.content_type), "a header is one line");
  for (const auto& [name, value] : answer.headers)
    expect(is_line(name) && is_line(value), "a header is one line");
  if (answer.content_type == "application/json") expect_answer(answer.body);
}

void read_addresses(std::string_view text) {
  const std::string_view listen = take_line(text);
  (void)is_own_host(text, listen);
  const auto address = parse_address(listen);
  if (!address) return;
  const auto again = parse_address(format_address(*address));
  expect(again && again->sin_port == address->sin_port && again->sin_addr.s_addr == address->sin_addr.s_addr,
         "an address that is written down reads back to the same");
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mptap::fuzz;
  static const MadeUpSensor sensor;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      ask_socket(sensor.service(), text);
      break;
    case 1:
    case 2:
    case 3:
      ask_page(sensor.service(), text);
      break;
    case 4:
      read_addresses(text);
      break;
    default:
      expect_answer(sensor.service().answer(text).json);
      break;
  }
  return 0;
}

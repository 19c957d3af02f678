#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>
#include <thread>

#include "daemon/export/log_writer.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_dir.h"
#include "tests/unit/export_rows.h"

namespace mptap {
namespace {

namespace fs = std::filesystem;
using test::rows_of;
using test::TemporaryDirectory;

LogOptions options_for(const std::string& directory, LogFormat format = LogFormat::kZeek) {
  LogOptions options;
  options.directory = directory;
  options.format = format;
  return options;
}

/// Catches the program's own messages.
class Messages {
 public:
  Messages() : before_(spdlog::default_logger()) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    auto logger = std::make_shared<spdlog::logger>("test", sink);
    logger->set_pattern("%v");
    spdlog::set_default_logger(logger);
  }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  ~Messages() { spdlog::set_default_logger(before_); }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

struct Collector : ReportConsumer {
  std::vector<std::uint64_t> mp_ids;
  std::size_t others = 0;
  std::chrono::milliseconds delay{0};
  void on_report(const Report& report) override {
    if (delay.count() > 0) std::this_thread::sleep_for(delay);
    if (const auto* connection = std::get_if<ConnectionReport>(&report)) {
      mp_ids.push_back(connection->name.mp_id);
    } else {
      ++others;
    }
  }
};

void report_all(LogQueue& queue) {
  queue.on_report(test::full_subflow());
  queue.on_report(test::full_connection());
  queue.on_report(test::full_notice());
  queue.on_report(test::full_event());
}

template <typename Condition>
bool becomes_true(Condition condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST_CASE("only the logs chosen are opened", "[export][writer]") {
  struct Row {
    bool subflows, connections, notices;
    std::vector<std::string> events;
    std::vector<std::string> files;
  };
  const Row rows[] = {
      {true, true, true, {}, {"mptcp_conn.log", "mptcp_subflow.log", "notice.log"}},
      {true,
       true,
       true,
       {"mp_dss"},
       {"mptcp_conn.log", "mptcp_event.log", "mptcp_subflow.log", "notice.log"}},
      {false, false, true, {}, {"notice.log"}},
      {false, false, false, {}, {}},
  };
  for (const Row& row : rows) {
    TemporaryDirectory directory;
    LogOptions options = options_for(directory.path());
    options.subflows = row.subflows;
    options.connections = row.connections;
    options.notices = row.notices;
    options.events = row.events;
    ControlCounters control;
    LogQueue queue(options, RunMode::kFiles, control);
    LogWriter writer(queue, options);
    report_all(queue);
    writer.stop();
    CHECK(directory.names() == row.files);
    for (const std::string& name : row.files) {
      CHECK(rows_of(directory.path(name)).size() == 1);
      CHECK(test::read_file(directory.path(name)).find("#close\t") != std::string::npos);
    }
    for (const LogKind kind : kAllLogs) {
      const bool open = std::ranges::count(row.files, path_of(kind) + std::string(".log")) == 1;
      CHECK(queue.counters().of(kind).rows_written.read() == (open ? 1 : 0));
    }
    CHECK_FALSE(writer.first_write_error());
  }
}

TEST_CASE("from files nothing is lost, however small the queue, and order is kept", "[export][writer]") {
  TemporaryDirectory directory;
  LogOptions options = options_for(directory.path(), LogFormat::kJson);
  options.queue_rows = 2;
  ControlCounters control;
  LogQueue queue(options, RunMode::kFiles, control);
  Collector collector;
  LogWriter writer(queue, options, {&collector});
  constexpr std::uint64_t kRows = 3'000;
  for (std::uint64_t i = 0; i < kRows; ++i) {
    ConnectionReport row = test::full_connection();
    row.name.mp_id = i;
    queue.on_report(std::move(row));
  }
  writer.stop();
  REQUIRE(collector.mp_ids.size() == kRows);
  CHECK(std::ranges::is_sorted(collector.mp_ids));
  CHECK(rows_of(directory.path("mptcp_conn.log")).size() == kRows);
  CHECK(queue.counters().of(LogKind::kConnection).rows_written.read() == kRows);
}

TEST_CASE("live, control does not wait for a slow writer", "[export][writer]") {
  LogOptions options = options_for("");
  options.queue_rows = 4;
  ControlCounters control;
  LogQueue queue(options, RunMode::kLive, control);
  Collector slow;
  slow.delay = std::chrono::milliseconds(20);
  LogWriter writer(queue, options, {&slow});
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1'000; ++i) queue.on_report(test::full_connection());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  writer.stop();
  const std::uint64_t dropped = queue.counters().of(LogKind::kConnection).rows_dropped.read();
  CHECK(dropped > 0);
  CHECK(slow.mp_ids.size() + dropped == 1'000);
}

TEST_CASE("what comes as files are opened anew and moved is written, and stop() ends whatever waits", "[export][writer]") {
  TemporaryDirectory directory;
  TemporaryDirectory other;
  LogOptions options = options_for(directory.path(), LogFormat::kJson);
  options.queue_rows = 64;
  ControlCounters control;
  LogQueue queue(options, RunMode::kLive, control);
  LogWriter writer(queue, options);
  constexpr std::uint64_t kRows = 20'000;
  std::atomic<bool> done{false};
  std::thread reporting([&] {
    for (std::uint64_t i = 0; i < kRows; ++i) queue.on_report(test::full_connection());
    done = true;
  });
  while (!done) {
    writer.reopen();
    writer.reload(options_for(other.path(), LogFormat::kJson));
    writer.reload(options);
  }
  reporting.join();
  std::thread asking([&] { writer.reopen(); });  // as the writer stops: served, or too late for anything
  writer.stop();
  asking.join();
  const LogCounters::OfLog& counters = queue.counters().of(LogKind::kConnection);
  CHECK(counters.rows_written.read() + counters.rows_dropped.read() == kRows);
  std::size_t rows = rows_of(directory.path("mptcp_conn.log")).size();
  if (std::filesystem::exists(other.path("mptcp_conn.log"))) rows += rows_of(other.path("mptcp_conn.log")).size();
  CHECK(rows == counters.rows_written.read());
  CHECK(queue.size() == 0);
}

TEST_CASE("without a directory there are consumers only", "[export][writer]") {
  const LogOptions options = options_for("");
  ControlCounters control;
  LogQueue queue(options, RunMode::kFiles, control);
  Collector first;
  Collector second;
  LogWriter writer(queue, options, {&first, &second});
  report_all(queue);
  writer.stop();
  for (const Collector* collector : {&first, &second}) {
    CHECK(collector->mp_ids == std::vector<std::uint64_t>{7});
    CHECK(collector->others == 3);
  }
  CHECK(queue.counters().of(LogKind::kConnection).rows_written.read() == 0);
}

TEST_CASE("a full disk is told once, counted, and stops no other log", "[export][writer]") {
  if (access("/dev/full", W_OK) != 0) {
    WARN("skipped: no /dev/full here");
    return;
  }
  TemporaryDirectory directory;
  fs::create_symlink("/dev/full", directory.path("notice.log"));
  const LogOptions options = options_for(directory.path());
  const Messages messages;
  ControlCounters control;
  LogQueue queue(options, RunMode::kFiles, control);
  LogWriter writer(queue, options);
  for (unsigned i = 1; i <= 3; ++i) {
    report_all(queue);
    REQUIRE(becomes_true(
        [&] { return queue.counters().of(LogKind::kConnection).rows_written.read() == i; }));
  }
  writer.stop();
  CHECK(queue.counters().of(LogKind::kNotice).rows_written.read() == 0);
  CHECK(queue.counters().of(LogKind::kNotice).write_errors.read() == 3);
  CHECK(rows_of(directory.path("mptcp_conn.log")).size() == 3);
  const std::string sentence =
      "cannot write the log " + directory.path("notice.log") +
      ": No space left on device; rows are lost and counted until it can be written again";
  CHECK(messages.text() == sentence + "\n");
  CHECK(writer.first_write_error() == sentence);
}

TEST_CASE("what cannot be opened stops the start", "[export][writer]") {
  ControlCounters control;
  LogQueue queue(LogOptions{}, RunMode::kLive, control);
  CHECK_THROWS_AS(LogWriter(queue, options_for("/nowhere/logs")), LogError);
}

TEST_CASE("a second run keeps the rows of the first", "[export][writer]") {
  struct Row {
    LogFormat format;
    RunMode mode;
    std::size_t files;
    std::size_t rows;
  };
  const Row rows[] = {
      {LogFormat::kZeek, RunMode::kLive, 2, 1},
      {LogFormat::kZeek, RunMode::kFiles, 2, 1},
      {LogFormat::kJson, RunMode::kLive, 1, 2},
      {LogFormat::kJson, RunMode::kFiles, 2, 1},
  };
  for (const Row& row : rows) {
    TemporaryDirectory directory;
    LogOptions options = options_for(directory.path(), row.format);
    options.subflows = options.connections = false;
    for (int run = 0; run < 2; ++run) {
      ControlCounters control;
      LogQueue queue(options, row.mode, control);
      LogWriter writer(queue, options);
      queue.on_report(test::full_notice());
    }
    CHECK(directory.names().size() == row.files);
    CHECK(rows_of(directory.path("notice.log")).size() == row.rows);
  }
}

TEST_CASE("reopen follows logrotate and loses nothing", "[export][writer]") {
  for (const LogFormat format : {LogFormat::kZeek, LogFormat::kJson}) {
    TemporaryDirectory directory;
    LogOptions options = options_for(directory.path(), format);
    options.subflows = false;
    ControlCounters control;
    LogQueue queue(options, RunMode::kFiles, control);
    LogWriter writer(queue, options);
    queue.on_report(test::full_notice());
    REQUIRE(becomes_true([&] { return queue.counters().of(LogKind::kNotice).rows_written.read() == 1; }));
    fs::rename(directory.path("notice.log"), directory.path("notice.log.1"));
    queue.on_report(test::full_notice());
    REQUIRE(becomes_true([&] { return queue.counters().of(LogKind::kNotice).rows_written.read() == 2; }));
    writer.reopen();
    queue.on_report(test::full_notice());
    queue.on_report(test::full_connection());
    writer.stop();
    CHECK(rows_of(directory.path("notice.log.1")).size() == 2);
    CHECK(rows_of(directory.path("notice.log")).size() == 1);
    CHECK(rows_of(directory.path("mptcp_conn.log")).size() == 1);
    CHECK(directory.names() == std::vector<std::string>{"mptcp_conn.log", "notice.log", "notice.log.1"});
    const bool zeek = format == LogFormat::kZeek;
    CHECK((test::read_file(directory.path("notice.log.1")).find("#close\t") != std::string::npos) == zeek);
  }
}

TEST_CASE("a reload moves the logs, a failed one leaves them", "[export][writer]") {
  TemporaryDirectory directory;
  const LogOptions options = options_for(directory.path("one"));
  ControlCounters control;
  LogQueue queue(options, RunMode::kFiles, control);
  LogWriter writer(queue, options);
  queue.on_report(test::full_notice());
  REQUIRE(becomes_true([&] { return queue.counters().of(LogKind::kNotice).rows_written.read() == 1; }));

  CHECK_THROWS_AS(writer.reload(options_for("/nowhere/logs")), LogError);
  queue.on_report(test::full_notice());
  REQUIRE(becomes_true([&] { return queue.counters().of(LogKind::kNotice).rows_written.read() == 2; }));

  LogOptions other = options_for(directory.path("two"), LogFormat::kJson);
  other.subflows = false;
  writer.reload(other);
  queue.on_report(test::full_notice());
  writer.reopen();
  writer.stop();
  writer.stop();
  writer.reopen();
  CHECK(rows_of(directory.path("one/notice.log")).size() == 2);
  CHECK(test::read_file(directory.path("one/notice.log")).find("#close\t") != std::string::npos);
  CHECK(rows_of(directory.path("two/notice.log")).size() == 1);
  CHECK_FALSE(fs::exists(directory.path("two/mptcp_subflow.log")));
}

TEST_CASE("rows are in the file soon, not only at the end", "[export][writer]") {
  TemporaryDirectory directory;
  const LogOptions options = options_for(directory.path(), LogFormat::kJson);
  ControlCounters control;
  LogQueue queue(options, RunMode::kLive, control);
  LogWriter writer(queue, options);
  queue.on_report(test::full_notice());
  CHECK(becomes_true([&] { return rows_of(directory.path("notice.log")).size() == 1; }));
}

}  // namespace
}  // namespace mptap

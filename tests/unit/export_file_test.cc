#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "daemon/export/log_file.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_dir.h"
#include "tests/unit/export_rows.h"

namespace mptap {
namespace {

namespace fs = std::filesystem;
using test::TemporaryDirectory;

/// Lets files of this process grow to `bytes` only, as a full disk does: a write takes what fits, then fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

void set_changed(const std::string& path, std::time_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 0}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

TEST_CASE("rows come between header and footer", "[export][file]") {
  TemporaryDirectory directory;
  LogFile file(directory.path(), LogFormat::kZeek, LogKind::kConnection, EarlierRows::kKeep);
  file.append(test::full_connection());
  file.append(test::full_connection());
  const LogFile::FlushResult result = file.flush();
  CHECK(result.rows_written == 2);
  CHECK(result.rows_lost == 0);
  CHECK(result.error == 0);
  const std::string text = test::read_file(directory.path("mptcp_conn.log"));
  CHECK(text.starts_with("#separator \\x09\n#set_separator\t,\n"));
  CHECK(text.find("#close") == std::string::npos);
  CHECK(file.close().error == 0);

  const std::string closed = test::read_file(directory.path("mptcp_conn.log"));
  CHECK(closed.starts_with(text));
  CHECK(closed.substr(text.size()).starts_with("#close\t"));
  CHECK(closed.ends_with("\n"));
}

TEST_CASE("a log that was deleted is made anew with the next rows, its directory, too", "[export][file]") {
  TemporaryDirectory directory;
  const std::string logs = directory.path("logs");
  ensure_log_directory(logs);
  LogFile file(logs, LogFormat::kZeek, LogKind::kConnection, EarlierRows::kKeep);
  file.append(test::full_connection());
  CHECK_FALSE(file.flush().made_anew);
  const std::string whole = test::read_file(logs + "/mptcp_conn.log");

  fs::remove_all(logs);
  CHECK_FALSE(file.flush().made_anew);  // there is nothing to write
  file.append(test::full_connection());
  LogFile::FlushResult result = file.flush();
  CHECK(result.made_anew);
  CHECK(result.rows_written == 1);
  CHECK(result.error == 0);
  const std::string anew = test::read_file(logs + "/mptcp_conn.log");
  CHECK(anew.starts_with("#separator"));
  CHECK(std::count(anew.begin(), anew.end(), '\n') == std::count(whole.begin(), whole.end(), '\n'));

  fs::remove_all(logs);
  { std::ofstream in_the_way(logs); }
  file.append(test::full_connection());
  result = file.flush();
  CHECK(result.rows_lost == 1);
  CHECK(result.error == ENOTDIR);
  fs::remove(logs);
  file.append(test::full_connection());
  result = file.flush();
  CHECK(result.made_anew);
  CHECK(result.rows_written == 1);
  CHECK(file.close().error == 0);
}

TEST_CASE("where a write takes only some, whole lines stay and the rest is counted", "[export][file]") {
  TemporaryDirectory directory;
  const std::string path = directory.path("notice.log");
  std::string one_row;
  append_row(one_row, LogFormat::kJson, test::full_notice());

  LogFile file(directory.path(), LogFormat::kJson, LogKind::kNotice, EarlierRows::kKeep);
  for (int i = 0; i < 5; ++i) file.append(test::full_notice());
  LogFile::FlushResult result;
  {
    const FileSizeLimit full(2 * one_row.size() + 10);
    result = file.flush();
  }
  CHECK(result.rows_written == 2);
  CHECK(result.rows_lost == 3);
  CHECK(result.error == EFBIG);
  CHECK(test::read_file(path) == one_row + one_row);

  file.append(test::full_notice());
  CHECK(file.close().rows_written == 1);
  CHECK(test::read_file(path) == one_row + one_row + one_row);
}

TEST_CASE("a header that did not fit is written before the next rows", "[export][file]") {
  TemporaryDirectory directory;
  LogFile file(directory.path(), LogFormat::kZeek, LogKind::kNotice, EarlierRows::kKeep);
  file.append(test::full_notice());
  {
    const FileSizeLimit full(60);
    const LogFile::FlushResult result = file.flush();
    CHECK(result.rows_written == 0);
    CHECK(result.rows_lost == 1);
    CHECK(result.error == EFBIG);
  }
  file.append(test::full_notice());
  CHECK(file.close().rows_written == 1);

  std::string whole;
  append_header(whole, LogFormat::kZeek, LogKind::kNotice, 0);
  const std::string text = test::read_file(directory.path("notice.log"));
  CHECK(std::ranges::count(text, '\n') == std::ranges::count(whole, '\n') + 2);
  CHECK(text.starts_with("#separator \\x09\n"));
  CHECK(test::rows_of(directory.path("notice.log")).size() == 1);
}

TEST_CASE("rows of an earlier run are never lost", "[export][file]") {
  struct Row {
    const char* name;
    LogFormat format;
    EarlierRows earlier;
    std::string before;
    bool aside;
    std::string kept;  // what the file begins with, where it is not set aside
  };
  const Row rows[] = {
      {"Zeek is set aside", LogFormat::kZeek, EarlierRows::kKeep, "#separator \\x09\nrow\n", true, ""},
      {"JSON is kept", LogFormat::kJson, EarlierRows::kKeep, "{\"a\":1}\n{\"a\":2}\n", false,
       "{\"a\":1}\n{\"a\":2}\n"},
      {"JSON can be set aside", LogFormat::kJson, EarlierRows::kSetAside, "{\"a\":1}\n", true, ""},
      {"a broken last line is cut off", LogFormat::kJson, EarlierRows::kKeep, "{\"a\":1}\n{\"a\":", false,
       "{\"a\":1}\n"},
      {"a broken line longer than a block too", LogFormat::kJson, EarlierRows::kKeep,
       "{\"a\":1}\n{" + std::string(10'000, 'x'), false, "{\"a\":1}\n"},
      {"a broken line alone", LogFormat::kJson, EarlierRows::kKeep, "{\"a\":", false, ""},
      {"JSON does not follow Zeek", LogFormat::kJson, EarlierRows::kKeep, "#separator \\x09\nrow\n", true,
       ""},
      {"an empty file is taken", LogFormat::kZeek, EarlierRows::kSetAside, "", false, ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    TemporaryDirectory directory;
    const std::string path = directory.path("notice.log");
    const std::string aside = directory.path("notice-20240531-235959.log");
    test::write_file(path, row.before);
    set_changed(path, 1'717'199'999);
    LogFile file(directory.path(), row.format, LogKind::kNotice, row.earlier);
    file.append(test::full_notice());
    CHECK(file.close().rows_written == 1);
    CHECK(fs::exists(aside) == row.aside);
    if (row.aside) CHECK(test::read_file(aside) == row.before);
    std::string added;
    append_row(added, row.format, test::full_notice());
    const std::string text = test::read_file(path);
    CHECK(text.starts_with(row.kept));
    if (row.format == LogFormat::kJson) CHECK(text == row.kept + added);
    CHECK(test::rows_of(path).back() + "\n" == added);
  }
}

TEST_CASE("files set aside in the same second get numbers", "[export][file]") {
  TemporaryDirectory directory;
  for (int i = 0; i < 3; ++i) {
    test::write_file(directory.path("notice.log"), std::to_string(i) + "\n");
    set_changed(directory.path("notice.log"), 1'717'199'999);
    LogFile(directory.path(), LogFormat::kZeek, LogKind::kNotice, EarlierRows::kSetAside);
    fs::remove(directory.path("notice.log"));
  }
  CHECK(directory.names() == std::vector<std::string>{"notice-20240531-235959-1.log",
                                                      "notice-20240531-235959-2.log",
                                                      "notice-20240531-235959.log"});
  CHECK(test::read_file(directory.path("notice-20240531-235959-2.log")) == "2\n");
}

TEST_CASE("a log that cannot be opened is told in one sentence", "[export][file]") {
  TemporaryDirectory directory;
  fs::create_directory(directory.path("notice.log"));
  test::write_file(directory.path("file"), "");

  CHECK_THROWS_WITH(
      LogFile(directory.path(), LogFormat::kZeek, LogKind::kNotice, EarlierRows::kKeep),
      "cannot write the log " + directory.path("notice.log") +
          ": Is a directory; allow mptap to write there, or choose another directory by logs.directory "
          "or --log-dir");
  CHECK_THROWS_WITH(ensure_log_directory(directory.path("file")),
                    "cannot write logs in " + directory.path("file") +
                        ": Not a directory; name a directory by logs.directory or --log-dir");
  CHECK_THROWS_WITH(
      ensure_log_directory(directory.path("a/b")),
      "cannot make the log directory " + directory.path("a/b") +
          ": No such file or directory; make the directory above it first, or choose another by "
          "logs.directory or --log-dir");
}

TEST_CASE("a directory without permission is told", "[export][file]") {
  if (geteuid() == 0) {
    WARN("skipped: root may write everywhere");
    return;
  }
  TemporaryDirectory directory;
  fs::permissions(directory.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK_THROWS_WITH(ensure_log_directory(directory.path("logs")), test::contains("Permission denied"));
  CHECK_THROWS_WITH(LogFile(directory.path(), LogFormat::kZeek, LogKind::kNotice, EarlierRows::kKeep),
                    test::contains("Permission denied"));
}

TEST_CASE("only the missing last directory is made, for its owner and group", "[export][file]") {
  TemporaryDirectory directory;
  ensure_log_directory(directory.path("logs"));
  ensure_log_directory(directory.path("logs"));
  struct stat status {};
  REQUIRE(stat(directory.path("logs").c_str(), &status) == 0);
  CHECK((status.st_mode & 0007) == 0);
  LogFile(directory.path("logs"), LogFormat::kZeek, LogKind::kNotice, EarlierRows::kKeep);
  REQUIRE(stat(directory.path("logs/notice.log").c_str(), &status) == 0);
  CHECK((status.st_mode & 0007) == 0);
}

TEST_CASE("a file knows whether its name still leads to it", "[export][file]") {
  TemporaryDirectory directory;
  const LogFile file(directory.path(), LogFormat::kJson, LogKind::kNotice, EarlierRows::kKeep);
  CHECK(file.is_at(directory.path(), LogFormat::kJson));
  CHECK(file.is_at(directory.path() + "/", LogFormat::kJson));
  CHECK_FALSE(file.is_at(directory.path(), LogFormat::kZeek));
  CHECK_FALSE(file.is_at("/", LogFormat::kJson));
  fs::rename(directory.path("notice.log"), directory.path("notice.log.1"));
  CHECK_FALSE(file.is_at(directory.path(), LogFormat::kJson));
  test::write_file(directory.path("notice.log"), "");
  CHECK_FALSE(file.is_at(directory.path(), LogFormat::kJson));
}

}  // namespace
}  // namespace mptap

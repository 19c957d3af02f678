#include "daemon/export/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "daemon/export/text.h"

namespace mptap {
namespace {

constexpr mode_t kFileMode = 0640;  // logs name who talks to whom
constexpr mode_t kDirectoryMode = 0750;

/// In EVE form all logs are one file: each appends whole lines to it.
std::string path_in(const std::string& directory, LogFormat format, LogKind kind) {
  const std::string name = format == LogFormat::kEve ? "eve.json" : path_of(kind) + std::string(".log");
  return directory + (directory.ends_with('/') ? "" : "/") + name;
}

[[noreturn]] void fail(const std::string& what, int error, const std::string& advice) {
  throw LogError(what + ": " + std::strerror(error) + "; " + advice);
}

/// "…/notice.log" -> "…/notice-20240531-235959.log", with a number where that exists.
std::string name_aside(const std::string& path, std::time_t changed) {
  std::tm utc{};
  gmtime_r(&changed, &utc);
  std::array<char, 32> stamp{};
  std::strftime(stamp.data(), stamp.size(), "-%Y%m%d-%H%M%S", &utc);
  const std::string ending = path.substr(path.rfind('.'));
  const std::string stem = path.substr(0, path.size() - ending.size()) + stamp.data();
  std::string aside = stem + ending;
  struct stat status {};
  for (int number = 1; lstat(aside.c_str(), &status) == 0; ++number) {
    aside = stem + "-" + std::to_string(number) + ending;
  }
  return aside;
}

/// True where the file's first row is one of JSON.
bool holds_json(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char first = 0;
  const bool read_one = file >= 0 && read(file, &first, 1) == 1;
  if (file >= 0) ::close(file);
  return read_one && first == '{';
}

void set_aside(const std::string& path, LogFormat format, EarlierRows earlier) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return;
  if (earlier == EarlierRows::kKeep && format != LogFormat::kZeek && holds_json(path)) return;
  const std::string aside = name_aside(path, status.st_mtime);
  if (rename(path.c_str(), aside.c_str()) != 0) {
    fail("cannot rename the earlier log " + path + " to " + aside, errno,
         "allow mptap to write in that directory, or choose another by logs.directory or --log-dir");
  }
}

/// Cuts off a last line without newline, as a crash may leave it.
void cut_broken_line(int file) {
  std::array<char, 4096> block{};
  off_t end = lseek(file, 0, SEEK_END);
  while (end > 0) {
    const auto size = static_cast<std::size_t>(std::min<off_t>(end, block.size()));
    const off_t start = end - static_cast<off_t>(size);
    if (pread(file, block.data(), size, start) != static_cast<ssize_t>(size)) return;
    const auto newline = std::string_view(block.data(), size).rfind('\n');
    end = newline == std::string_view::npos ? start : start + static_cast<off_t>(newline) + 1;
    if (newline != std::string_view::npos) break;
  }
  if (end >= 0 && ftruncate(file, end) != 0) return;  // not a regular file: nothing to cut
}

}  // namespace

void ensure_log_directory(const std::string& directory) {
  if (mkdir(directory.c_str(), kDirectoryMode) == 0) return;
  const int error = errno;
  struct stat status {};
  if (stat(directory.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    fail("cannot write logs in " + directory, ENOTDIR, "name a directory by logs.directory or --log-dir");
  }
  const bool no_parent = error == ENOENT;
  fail("cannot make the log directory " + directory, error,
       no_parent ? "make the directory above it first, or choose another by logs.directory or --log-dir"
                 : "make it and let mptap write in it, or choose another by logs.directory or --log-dir");
}

LogFile::LogFile(const std::string& directory, LogFormat format, LogKind kind, EarlierRows earlier)
    : path_(path_in(directory, format, kind)), kind_(kind), format_(format) {
  set_aside(path_, format, earlier);
  open_end();
  append_header(header_, format, kind, std::time(nullptr));
}

LogFile::~LogFile() {
  if (file_ >= 0) ::close(file_);
}

int LogFile::try_open() {
  // Reading is needed to find a broken line; a device or pipe may refuse it.
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode);
  if (file_ < 0 && errno == EACCES)
    file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode);
  return file_ < 0 ? errno : 0;
}

bool LogFile::was_deleted() const {
  struct stat opened {};
  return fstat(file_, &opened) == 0 && opened.st_nlink == 0;
}

/// Where it cannot be made, the deleted file stays open, and the next rows try again.
int LogFile::make_anew() {
  const std::string directory = path_.substr(0, path_.rfind('/'));
  if (mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return errno;
  const int deleted = file_;
  if (const int error = try_open(); error != 0) {
    file_ = deleted;
    return error;
  }
  ::close(deleted);
  header_.clear();
  append_header(header_, format_, kind_, std::time(nullptr));
  return 0;
}

void LogFile::open_end() {
  if (const int error = try_open(); error != 0) {
    fail("cannot write the log " + path_, error,
         "allow mptap to write there, or choose another directory by logs.directory or --log-dir");
  }
  cut_broken_line(file_);
}

LogFile::Written LogFile::write_lines(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(file_, text.data() + done, text.size() - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    const int error = errno;
    const auto newline = std::string_view(text).substr(0, done).rfind('\n');
    const std::size_t whole = newline == std::string_view::npos ? 0 : newline + 1;
    const off_t end = lseek(file_, 0, SEEK_CUR);
    if (done > whole && end >= 0 && ftruncate(file_, end - static_cast<off_t>(done - whole)) != 0)
      return {done, error};
    return {whole, error};
  }
  return {done, 0};
}

LogFile::FlushResult LogFile::flush() {
  const bool deleted = row_count_ != 0 && was_deleted();
  if (deleted) {
    if (const int error = make_anew(); error != 0) {
      rows_.clear();
      return {0, std::exchange(row_count_, 0), error};
    }
  }
  const Written header = write_lines(header_);
  header_.erase(0, header.bytes);
  const Written rows = header.error == 0 ? write_lines(rows_) : Written{0, header.error};

  const auto end = rows_.begin() + static_cast<std::ptrdiff_t>(rows.bytes);
  const auto written = static_cast<std::uint64_t>(std::count(rows_.begin(), end, '\n'));
  rows_.clear();
  return {written, std::exchange(row_count_, 0) - written, rows.error, deleted};
}

LogFile::FlushResult LogFile::close() {
  FlushResult result = flush();
  std::string footer;
  append_footer(footer, format_, std::time(nullptr));
  if (header_.empty()) {
    const int error = write_lines(footer).error;
    if (result.error == 0) result.error = error;
  }
  // Network file systems tell here what they could not write.
  if (::close(std::exchange(file_, -1)) != 0 && result.error == 0) result.error = errno;
  return result;
}

bool LogFile::is_at(const std::string& directory, LogFormat format) const {
  struct stat named {};
  struct stat opened {};
  return format == format_ && path_in(directory, format, kind_) == path_ && stat(path_.c_str(), &named) == 0 &&
         fstat(file_, &opened) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

}  // namespace mptap

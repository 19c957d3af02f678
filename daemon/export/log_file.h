// One log file: whole lines only, whatever the disk does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "daemon/export/export_options.h"
#include "daemon/export/log_format.h"

namespace mptap {

/// A log that cannot be opened. what() is a sentence: the path, the reason, what to do.
class LogError : public std::runtime_error {
  using runtime_error::runtime_error;
};

/// What to do with rows that an earlier run left under the same name.
enum class EarlierRows : std::uint8_t {
  kSetAside,  // rename the file to NAME-YYYYmmdd-HHMMSS.log after its last change (UTC), -1, -2 ... where
              // that exists
  kKeep,      // append to JSON rows; Zeek files have a header and an end each: set aside
};

/// An open log. Rows gather in memory until flush(). One thread.
class LogFile {
 public:
  /// Opens DIRECTORY/NAME.log, or DIRECTORY/eve.json, which the other logs open, too. An empty file, or one that is no regular file, is written as it is.
  /// @throws LogError
  LogFile(const std::string& directory, LogFormat format, LogKind kind, EarlierRows earlier);
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile();

  template <typename Row>
  void append(const Row& row) {
    append_row(rows_, format_, row);
    ++row_count_;
  }

  struct FlushResult {
    std::uint64_t rows_written = 0;
    std::uint64_t rows_lost = 0;
    int error = 0;  // errno, 0: all was written
    bool made_anew = false;  // somebody had deleted the file
  };

  /// Hands the gathered rows to the kernel. Where it takes only some, what it took of a broken line is cut
  /// off again and the rest is lost. A header that could not be written is tried again before the next rows.
  /// A file that was deleted, its directory perhaps, too, is made anew: rows in it would be lost and nobody told.
  [[nodiscard]] FlushResult flush();

  /// flush(), and Zeek's #close line. Nothing may follow.
  [[nodiscard]] FlushResult close();

  /// True where this file is what `directory` and `format` ask for and its name still leads to it.
  [[nodiscard]] bool is_at(const std::string& directory, LogFormat format) const;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Written {
    std::size_t bytes;
    int error;
  };
  void open_end();
  /// @return errno, 0 where the file is there.
  [[nodiscard]] int try_open();
  [[nodiscard]] bool was_deleted() const;
  [[nodiscard]] int make_anew();
  [[nodiscard]] Written write_lines(const std::string& text);

  const std::string path_;
  const LogKind kind_;
  const LogFormat format_;
  int file_ = -1;
  std::string header_;  // what is still to be written of it
  std::string rows_;
  std::uint64_t row_count_ = 0;
};

/// Makes the directory where only it is missing, not its parents.
/// @throws LogError
void ensure_log_directory(const std::string& directory);

}  // namespace mptap

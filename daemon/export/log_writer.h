// The thread that takes reports from the LogQueue, writes them to the logs and shows them to consumers.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/export/evidence_file.h"
#include "daemon/export/export_options.h"
#include "daemon/export/log_file.h"
#include "daemon/export/log_queue.h"

namespace mptap {

/// Wants to see reports as they come, beside the logs: live lines on a terminal, the tree of `mptap read`.
class ReportConsumer {
 public:
  ReportConsumer() = default;
  ReportConsumer(const ReportConsumer&) = delete;
  ReportConsumer& operator=(const ReportConsumer&) = delete;
  virtual ~ReportConsumer() = default;

  /// Writer thread, in the order of control; must not throw.
  /// @param report  Valid during the call.
  virtual void on_report(const Report& report) = 0;
};

/// Owns the log files and the writer thread, from construction to stop().
///
/// A log that cannot be written, as on a full disk, is told once by the program's own messages, its lost rows
/// are counted (LogCounters::write_errors), and it is tried again with the next rows; the other logs go on.
/// The thread takes no signals.
class LogWriter {
 public:
  /// Makes the directory where only it is missing, opens the logs chosen and starts the thread.
  ///
  /// Rows of an earlier run are kept: Zeek files are renamed (EarlierRows::kSetAside), JSON files are renamed
  /// in mode kFiles and appended to in mode kLive.
  /// @param queue      Outlives the writer.
  /// @param options    An empty directory: no files, only consumers.
  /// @param consumers  Outlive the writer; not null.
  /// @throws LogError  Nothing runs then.
  LogWriter(LogQueue& queue, LogOptions options, std::vector<ReportConsumer*> consumers = {});
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// stop()
  ~LogWriter();

  /// Takes what is in the queue, ends the files and joins the thread; a second call does nothing. Control
  /// must have reported its last. Not from the writer thread.
  void stop();

  /// Opens anew each log whose name leads elsewhere now, as after logrotate, and returns when that is done.
  /// Any thread but the writer; waits for the disk.
  /// @throws LogError  The file that cannot be opened anew stays the old one, with all others.
  void reopen();

  /// Changes directory, format and choice of logs, and returns when that is done. Which events are told is
  /// control's choice, `attempts_per_second` LogQueue's; `queue_rows` stays. Any thread but the writer; waits
  /// for the disk.
  /// @throws LogError  The old files stay.
  void reload(const LogOptions& options);

  /// The sentence about the first row that could not be written, for an exit code; none where all could. Any
  /// thread.
  [[nodiscard]] std::optional<std::string> first_write_error() const;

 private:
  using Files = std::array<std::unique_ptr<LogFile>, kLogKinds>;

  struct Request {
    std::optional<LogOptions> options;  // none: the same as before
    std::optional<std::string> error;
    bool done;
  };

  // Any thread but the writer.
  void request(std::optional<LogOptions> options);

  // Writer thread.
  void run();
  [[nodiscard]] bool serve_request();                     // true once stop() was called
  void finish_request(std::optional<std::string> error);  // under mutex_
  [[nodiscard]] bool write_batch();                       // true where there was something to write
  void write_row(const Report& report);
  void wait();
  void close(LogKind kind);
  void account(LogKind kind, const LogFile::FlushResult& result);
  void account_evidence();
  void tell_error(bool& told, const std::string& sentence);
  void open_files(const LogOptions& options);
  void open_evidence(const LogOptions& options);
  [[nodiscard]] LogFile* file_of(LogKind kind) const { return files_[static_cast<std::size_t>(kind)].get(); }

  LogQueue& queue_;
  const std::vector<ReportConsumer*> consumers_;

  // The writer thread's, once it runs.
  LogOptions options_;
  Files files_;
  std::unique_ptr<EvidenceFile> evidence_;  // where there is a directory
  bool evidence_told_ = false;              // its write error was told
  std::array<bool, kLogKinds> told_{};  // its write error was told

  std::mutex requesting_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable served_;
  Request* request_ = nullptr;  // on the stack of the thread that asks
  std::optional<std::string> first_error_;
  bool stopping_ = false;
  bool ended_ = false;

  std::thread thread_;
};

}  // namespace mptap

#include "daemon/export/log_writer.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstring>
#include <type_traits>
#include <utility>

#include "daemon/export/signals_blocked.h"

namespace mptap {
namespace {

constexpr std::chrono::milliseconds kRest{10};  // a row is on its way to the file within this time
constexpr int kBatchRows = 1'024;

bool is_chosen(const LogOptions& options, LogKind kind) {
  if (options.directory.empty()) return false;
  switch (kind) {
    case LogKind::kSubflow:
      return options.subflows;
    case LogKind::kConnection:
      return options.connections;
    case LogKind::kNotice:
      return options.notices;
    case LogKind::kEvent:
      return !options.events.empty();
  }
  return false;
}

std::size_t index_of(LogKind kind) { return static_cast<std::size_t>(kind); }

}  // namespace

LogWriter::LogWriter(LogQueue& queue, LogOptions options, std::vector<ReportConsumer*> consumers)
    : queue_(queue), consumers_(std::move(consumers)), options_(std::move(options)) {
  open_files(options_);
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "mptap-logs");
}

LogWriter::~LogWriter() { stop(); }

void LogWriter::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogWriter::reopen() { request(std::nullopt); }

void LogWriter::reload(const LogOptions& options) { request(options); }

void LogWriter::request(std::optional<LogOptions> options) {
  const std::lock_guard one_at_a_time(requesting_);
  Request request{std::move(options), std::nullopt, false};
  std::unique_lock lock(mutex_);
  if (ended_) return;
  // cppcheck-suppress danglingLifetime ; the writer lets go of it before it says done
  request_ = &request;
  wake_.notify_one();
  served_.wait(lock, [&request] { return request.done; });
  if (request.error) throw LogError(*request.error);
}

std::optional<std::string> LogWriter::first_write_error() const {
  const std::lock_guard lock(mutex_);
  return first_error_;
}

void LogWriter::run() {
  while (true) {
    const bool stopping = serve_request();  // before the queue: what was reported before stop() is written
    if (write_batch()) continue;
    if (stopping) break;
    wait();
  }
  for (const LogKind kind : kAllLogs) close(kind);

  const std::lock_guard lock(mutex_);
  ended_ = true;
  if (request_ != nullptr) finish_request(std::nullopt);
}

bool LogWriter::serve_request() {
  std::unique_lock lock(mutex_);
  const bool stopping = stopping_;
  if (request_ == nullptr) return stopping;
  LogOptions options = request_->options.value_or(options_);
  lock.unlock();

  std::optional<std::string> error;
  try {
    open_files(options);
    options_ = std::move(options);
  } catch (const LogError& unopened) {
    error = unopened.what();
  }
  lock.lock();
  finish_request(std::move(error));
  return stopping;
}

void LogWriter::finish_request(std::optional<std::string> error) {
  request_->error = std::move(error);
  request_->done = true;
  request_ = nullptr;
  served_.notify_one();
}

void LogWriter::wait() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kRest, [this] { return stopping_ || request_ != nullptr; });
}

bool LogWriter::write_batch() {
  QueuedReport queued;
  int taken = 0;
  for (; taken < kBatchRows && queue_.try_pop(queued); ++taken) {
    for (ReportConsumer* consumer : consumers_) consumer->on_report(queued.report);
    if (queued.to_log) write_row(queued.report);
  }
  for (const LogKind kind : kAllLogs) {
    if (LogFile* file = file_of(kind)) account(kind, file->flush());
  }
  account_evidence();
  return taken > 0;
}

void LogWriter::write_row(const Report& report) {
  std::visit(
      [this]<typename Row>(const Row& row) {
        if constexpr (std::is_same_v<Row, EvidencePacket>) {
          if (evidence_) evidence_->append(row);
        } else if constexpr (!std::is_same_v<Row, std::monostate>) {
          if (LogFile* file = file_of(kLogOf<Row>)) file->append(row);
        }
      },
      report);
}

void LogWriter::open_files(const LogOptions& options) {
  if (!options.directory.empty()) ensure_log_directory(options.directory);
  const EarlierRows earlier = queue_.mode() == RunMode::kLive ? EarlierRows::kKeep : EarlierRows::kSetAside;
  const auto stays = [&](LogKind kind) {
    const LogFile* file = file_of(kind);
    return file != nullptr && is_chosen(options, kind) && file->is_at(options.directory, options.format);
  };
  Files fresh;
  for (const LogKind kind : kAllLogs) {
    if (!is_chosen(options, kind) || stays(kind)) continue;
    fresh[index_of(kind)] = std::make_unique<LogFile>(options.directory, options.format, kind, earlier);
  }
  for (const LogKind kind : kAllLogs) {  // all could be opened: now the old ones may go
    const bool replaced = fresh[index_of(kind)] != nullptr;
    if (!replaced && stays(kind)) continue;
    close(kind);
    files_[index_of(kind)] = std::move(fresh[index_of(kind)]);
    told_[index_of(kind)] = false;
  }
  open_evidence(options);
}

/// A file is made with the first packet: where nothing is noticed there is none.
void LogWriter::open_evidence(const LogOptions& options) {
  account_evidence();
  evidence_.reset();
  if (!options.directory.empty()) evidence_ = std::make_unique<EvidenceFile>(options.directory, options.evidence);
  evidence_told_ = false;
}

void LogWriter::close(LogKind kind) {
  LogFile* file = file_of(kind);
  if (file == nullptr) return;
  account(kind, file->close());
  files_[index_of(kind)].reset();
}

void LogWriter::account(LogKind kind, const LogFile::FlushResult& result) {
  LogCounters::OfLog& counters = queue_.counters().of(kind);
  counters.rows_written.add(result.rows_written);
  counters.write_errors.add(result.rows_lost);
  if (result.made_anew) spdlog::warn("the log {} had been deleted, and is made anew", file_of(kind)->path());
  if (result.error == 0) return;
  tell_error(told_[index_of(kind)],
             fmt::format("cannot write the log {}: {}; rows are lost and counted until it can be written again",
                         file_of(kind)->path(), std::strerror(result.error)));
}

void LogWriter::account_evidence() {
  if (!evidence_) return;
  const EvidenceFile::FlushResult result = evidence_->flush();
  LogCounters::OfLog& counters = queue_.counters().evidence;
  counters.rows_written.add(result.packets_written);
  counters.write_errors.add(result.packets_lost);
  if (result.error.empty()) return;
  tell_error(evidence_told_, fmt::format("cannot write the capture {}; its packets are lost and counted until it can be "
                                         "written again", result.error));
}

void LogWriter::tell_error(bool& told, const std::string& sentence) {
  if (std::exchange(told, true)) return;
  spdlog::error("{}", sentence);
  const std::lock_guard lock(mutex_);
  if (!first_error_) first_error_ = sentence;
}

}  // namespace mptap

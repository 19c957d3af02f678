// What becomes of log rows and notices, counted where metrics can read it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "daemon/export/log_tables.h"
#include "detect/detector_options.h"

namespace mptap {

/// X(field, meaning), for each log. Every row offered to a log that is open is in one of them.
#define MPTAP_LOG_COUNTERS(X)                                         \
  X(rows_written, "rows written to the log")                          \
  X(rows_dropped, "rows lost because the log writer did not keep up") \
  X(write_errors, "rows lost because the log could not be written, as on a full disk")

/// One cell, one writer; readers anywhere.
class LogCounter {
 public:
  void add(std::uint64_t count = 1) noexcept {
    cell_.store(cell_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t read() const noexcept { return cell_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> cell_{0};
};

/// Notices by name. All detectors' stand there from the start, so that they can be seen to be 0.
class NoteCounters {
 public:
  static constexpr std::size_t kNotes = 64;
  static constexpr const char* kOther = "other";

  NoteCounters() {
#define X(name, Options, doc) add(#name, 0);
    MPTAP_DETECTORS(X)
#undef X
    for (const char* stage : {"join_flood_status", "join_flood_end"}) add(stage, 0);
  }

  /// Control thread. Names beyond kNotes count as "other".
  /// @param note  Static storage.
  void add(const char* note, std::uint64_t count = 1) noexcept {
    for (std::size_t i = 0; i < kNotes; ++i) {
      const char* name = notes_[i].name.load(std::memory_order_relaxed);
      if (name == nullptr) {
        name = i + 1 < kNotes ? note : kOther;
        notes_[i].name.store(name, std::memory_order_release);
      }
      if (i + 1 == kNotes || std::strcmp(name, note) == 0) return notes_[i].count.add(count);
    }
  }

  /// Any thread: calls `visit(name, count)` for each name.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const Note& note : notes_) {
      const char* name = note.name.load(std::memory_order_acquire);
      if (name == nullptr) return;
      visit(name, note.count.read());
    }
  }

 private:
  struct Note {
    std::atomic<const char*> name{nullptr};
    LogCounter count;
  };
  std::array<Note, kNotes> notes_;
};

/// `rows_dropped` and `notes` are control's, the others the log writer's.
struct LogCounters {
  struct OfLog {
#define X(name, meaning) LogCounter name;
    MPTAP_LOG_COUNTERS(X)
#undef X
  };
  std::array<OfLog, kLogKinds> logs;
  OfLog evidence;  // packets of the capture
  NoteCounters notes;

  [[nodiscard]] OfLog& of(LogKind kind) { return logs[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const OfLog& of(LogKind kind) const { return logs[static_cast<std::size_t>(kind)]; }
};

}  // namespace mptap

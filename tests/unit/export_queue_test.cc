#include <map>
#include <vector>

#include "daemon/export/attempts_limit.h"
#include "daemon/export/log_queue.h"
#include "tests/unit/catch.h"
#include "tests/unit/export_rows.h"

namespace mptap {
namespace {

constexpr std::uint64_t kStart_ns = 1'700'000'000 * kNsPerSecond;

LogOptions options_with(std::uint32_t queue_rows, std::uint32_t attempts_per_second) {
  LogOptions options;
  options.queue_rows = queue_rows;
  options.attempts_per_second = attempts_per_second;
  return options;
}

struct Queue {
  ControlCounters control;
  LogQueue queue;
  explicit Queue(const LogOptions& options, RunMode mode = RunMode::kLive) : queue(options, mode, control) {}

  std::vector<QueuedReport> pop_all() {
    std::vector<QueuedReport> all;
    for (QueuedReport one; queue.try_pop(one);) all.push_back(std::move(one));
    return all;
  }
  std::uint64_t dropped(LogKind kind) { return queue.counters().of(kind).rows_dropped.read(); }
};

TEST_CASE("a live queue that is full drops and counts by log", "[export][queue]") {
  Queue q(options_with(8, 100));
  for (int i = 0; i < 10; ++i) q.queue.on_report(test::full_connection());
  q.queue.on_report(test::full_notice());
  CHECK(q.queue.size() == 8);
  CHECK(q.dropped(LogKind::kConnection) == 2);
  CHECK(q.dropped(LogKind::kNotice) == 1);
  CHECK(q.dropped(LogKind::kSubflow) == 0);
  CHECK(q.pop_all().size() == 8);

  q.queue.on_report(test::full_notice());
  CHECK(q.pop_all().size() == 1);
}

TEST_CASE("events and attempts leave the last quarter of the queue to the others", "[export][queue]") {
  Queue q(options_with(8, 100));
  for (int i = 0; i < 8; ++i) q.queue.on_report(test::full_event());
  CHECK(q.queue.size() == 6);
  CHECK(q.dropped(LogKind::kEvent) == 2);
  q.queue.on_report(test::attempt_at(kStart_ns));
  CHECK(q.dropped(LogKind::kSubflow) == 1);
  for (int i = 0; i < 2; ++i) q.queue.on_report(test::full_subflow());
  CHECK(q.queue.size() == 8);
  CHECK(q.dropped(LogKind::kSubflow) == 1);
}

TEST_CASE("attempts beyond the limit are counted, others are not limited", "[export][queue]") {
  Queue q(options_with(1'024, 3));
  for (std::uint64_t i = 0; i < 10; ++i) q.queue.on_report(test::attempt_at(kStart_ns));
  for (std::uint64_t i = 0; i < 5; ++i) q.queue.on_report(test::attempt_at(kStart_ns + kNsPerSecond));
  for (int i = 0; i < 10; ++i) q.queue.on_report(test::full_subflow());
  CHECK(q.pop_all().size() == 3 + 3 + 10);
  CHECK(q.control.attempts_not_logged == 7 + 2);
  CHECK(q.dropped(LogKind::kSubflow) == 0);
}

TEST_CASE("live, attempts beyond the limit are left out; from files, consumers get them still",
          "[export][queue]") {
  for (const RunMode mode : {RunMode::kLive, RunMode::kFiles}) {
    Queue q(options_with(64, 1), mode);
    q.queue.on_report(test::attempt_at(kStart_ns));
    q.queue.on_report(test::attempt_at(kStart_ns));
    q.queue.on_report(test::full_event());
    q.queue.on_report(std::monostate{});
    std::vector<bool> to_log;
    for (const QueuedReport& report : q.pop_all()) to_log.push_back(report.to_log);
    CHECK(to_log == (mode == RunMode::kLive ? std::vector{true, true} : std::vector{true, false, true}));
    CHECK(q.control.attempts_not_logged == 1);
  }
}

TEST_CASE("a new limit is obeyed from then on", "[export][queue]") {
  Queue q(options_with(64, 1));
  q.queue.on_report(test::attempt_at(kStart_ns));
  q.queue.on_report(test::attempt_at(kStart_ns));
  q.queue.set_attempts_per_second(2);
  q.queue.on_report(test::attempt_at(kStart_ns));
  CHECK(q.pop_all().size() == 2);
}

constexpr std::size_t kKnownNotes = 28;  // 26 detectors and two stages of join_flood

TEST_CASE("notices are counted by name, all detectors' from 0 on", "[export][queue]") {
  Queue q(options_with(2, 100));
  for (int i = 0; i < 4; ++i) q.queue.on_report(test::full_notice());
  std::map<std::string, std::uint64_t> counts;
  q.queue.counters().notes.for_each([&](const char* name, std::uint64_t count) { counts.emplace(name, count); });
  CHECK(counts.size() == kKnownNotes);
  CHECK(counts.at("join_flood") == 4);
  CHECK(counts.at("join_flood_end") == 0);
  CHECK(counts.at("add_addr_hmac") == 0);
}

TEST_CASE("names of notices beyond the room for them count as other", "[export][queue]") {
  NoteCounters notes;
  std::vector<std::string> names;
  for (int i = 0; i < 80; ++i) names.push_back("note_" + std::to_string(i));
  for (const std::string& name : names) notes.add(name.c_str());
  std::uint64_t sum = 0;
  std::uint64_t other = 0;
  notes.for_each([&](std::string_view name, std::uint64_t count) {
    sum += count;
    if (name == "other") other = count;
  });
  CHECK(sum == 80);
  CHECK(other == 80 - (NoteCounters::kNotes - 1 - kKnownNotes));
}

TEST_CASE("the attempts limit depends on packet time alone", "[export][queue]") {
  struct Row {
    const char* name;
    std::uint32_t per_second;
    std::vector<std::uint64_t> times_ns;
    std::uint64_t admitted;
  };
  constexpr std::uint64_t s = kNsPerSecond;
  const Row rows[] = {
      {"none", 0, {0, s, 2 * s}, 0},
      {"time 0 counts", 2, {0, 0, 0}, 2},
      {"each second anew", 1, {0, s - 1, s, s + 1, 2 * s}, 3},
      {"seconds in any order", 1, {5 * s, s, 3 * s, 5 * s, s, 3 * s}, 3},
      {"going back does not admit again", 1, {300 * s, 0, 300 * s, 0}, 2},
      {"older than all counts against the second in its place", 1, {256 * s, 0}, 1},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    AttemptsLimit limit(row.per_second);
    std::uint64_t admitted = 0;
    for (const std::uint64_t time_ns : row.times_ns) admitted += limit.try_admit(time_ns) ? 1u : 0u;
    CHECK(admitted == row.admitted);
  }
}

}  // namespace
}  // namespace mptap

// Records that control never gets: what it then did not see must not be told as if it had not been.
#include <filesystem>
#include <map>
#include <set>

#include "dataplane/pcap_source.h"
#include "dataplane/worker.h"
#include "tests/support/random.h"
#include "tests/unit/control_run.h"

namespace mptap {
namespace {

using namespace test;  // control_run.h

/// What a worker tells of a capture.
std::vector<Record> records_of(const std::filesystem::path& capture) {
  const auto opened = PcapSource::open({capture.string()});
  REQUIRE(opened.source);
  std::atomic<bool> stop{false};
  RecordRing ring(1u << 16);
  Worker worker(*opened.source, WorkerOptions{}, ring, 1, stop);
  std::vector<Record> records;
  const auto take = [&] {
    for (Record record; ring.try_pop(record);) records.push_back(record);
  };
  while (worker.poll_once() == PollStatus::kBusy) take();
  worker.finish();
  take();
  return records;
}

/// The stretch of records that is lost: [first, end).
struct Loss {
  std::size_t first = 0;
  std::size_t end = 0;
};

void play(const std::vector<Record>& records, const Loss& loss, bool told, ControlRun& run) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i >= loss.first && i < loss.end) {
      if (told && i == loss.first) run.correlator().on_lost(loss.end - loss.first, records[loss.end - 1].time_ns);
      continue;
    }
    run.correlator().advance(records[i].time_ns);
    run.correlator().on_record(0, records[i]);
  }
  run.finish();
}

/// What a notice says of whom. Its cause is left out: of an acceptor whose MPTCP was not seen, `rejected` says less.
std::string words_of(const Notice& notice) {
  std::string words = notice.note;
  if (words == "fallback_burst") return words;  // it counts, and names the latest
  for (const auto& end : {notice.source, notice.destination}) {
    words += ' ';
    for (const std::uint8_t byte : end ? end->address.bytes : decltype(end->address.bytes){}) words += std::to_string(byte) + '.';
    words += std::to_string(end ? end->port : 0);
  }
  return words;
}

std::set<std::string> words_of(const std::vector<Notice>& notices) {
  std::set<std::string> all;
  for (const Notice& notice : notices) all.insert(words_of(notice));
  return all;
}

std::vector<std::filesystem::path> shipped_captures() {
  std::set<std::filesystem::path> captures;
  for (const auto& entry : std::filesystem::directory_iterator(MPTAP_SOURCE_DIR "/tests/captures")) {
    if (std::filesystem::exists(entry.path() / "capture.pcap")) captures.insert(entry.path() / "capture.pcap");
  }
  REQUIRE(captures.size() > 50);
  return {captures.begin(), captures.end()};
}

constexpr int kRounds = 100;  // a capture

TEST_CASE("whatever is lost, nothing is noticed that would not have been with all records", "[gaps]") {
  std::map<std::string, int> false_untold;
  std::uint64_t held = 0;
  std::uint64_t still_told = 0;
  for (const auto& capture : shipped_captures()) {
    INFO(capture.parent_path().filename().string());
    const std::vector<Record> records = records_of(capture);
    if (records.size() < 2) continue;
    ControlRun whole;
    play(records, {}, false, whole);
    const std::set<std::string> truth = words_of(whole.notices);
    testing::Random random(records.size());
    for (int round = 0; round < kRounds; ++round) {
      Loss loss;
      loss.first = random.below(records.size());
      loss.end = std::min(records.size(), loss.first + 1 + (round % 2 == 0 ? 0 : random.below(30)));
      INFO("lost: " << loss.first << " to " << loss.end);
      ControlRun run;
      play(records, loss, true, run);
      held += run.counters.notices_held;
      still_told += run.notices.size();
      for (const Notice& notice : run.notices) {
        INFO(notice.note << " " << notice.cause << ": " << notice.message);
        CHECK(truth.contains(words_of(notice)));
      }
      ControlRun untold;
      play(records, loss, false, untold);
      for (const Notice& notice : untold.notices) false_untold[notice.note] += truth.contains(words_of(notice)) ? 0 : 1;
    }
  }
  CHECK(held > 0);
  CHECK(still_told > 1000);  // what was seen is told still
  // What control says where nobody tells it of the loss, or else this shows nothing.
  for (const char* note : {"unknown_join", "data_ack_beyond", "duplicate_add_addr", "infinite_mapping",
                           "key_change", "token_reuse"}) {
    INFO(note);
    CHECK(false_untold[note] > 0);
  }
}

}  // namespace
}  // namespace mptap

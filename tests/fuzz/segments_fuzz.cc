// Whole subflows: scripts of packets into a worker. Counters add up, and records are well formed and in order; a second
// worker, which never takes the short ways of ordinary segments and of a flood's joins, tells the same.
//
// Input: 4 bytes that choose the worker's options, then a program of Script.
#include <cstring>
#include <memory>
#include <vector>

#include "tests/fuzz/fed_worker.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segment_script.h"

namespace mptap::fuzz {
namespace {

constexpr std::size_t kHead = 4;
constexpr std::size_t kBurst = 16;
// A segment holds 13 options at most; each makes two records, and what else it does few.
constexpr std::size_t kRoomForABurst = 1024;
constexpr std::size_t kNoRoom = 8;
constexpr std::size_t kReserve = 4;

/// Kept from input to input, empty each time: to make them anew would take longer than a run.
struct Rings {
  RecordRing roomy{kRoomForABurst};
  RecordRing other{kRoomForABurst};
  RecordRing narrow{kNoRoom, kReserve};
  PacketShelf shelf{kRoomForABurst};
};

Rings& rings() {
  static Rings kept;
  return kept;
}

/// Packets of a burst, each in memory of exactly its size.
class Packets {
 public:
  void add(const PacketView& packet) {
    auto& bytes = bytes_[burst_.size];
    bytes = std::make_unique<std::uint8_t[]>(packet.captured_bytes);
    std::memcpy(bytes.get(), packet.data, packet.captured_bytes);
    PacketView& own = burst_.packets[burst_.size++];
    own = packet;
    own.data = bytes.get();
  }
  [[nodiscard]] const Burst& burst() const { return burst_; }
  [[nodiscard]] bool is_full() const { return burst_.size == kBurst; }
  void clear() { burst_.size = 0; }

 private:
  Burst burst_;
  std::array<std::unique_ptr<std::uint8_t[]>, kBurst> bytes_;
};

FedOptions read_options(Bytes head) {
  FedOptions options;
  const std::uint8_t bits = head[0];
  options.is_live = (bits & 1) != 0;
  options.nothing_is_lost = (bits & 2) == 0;
  options.keeps_packets = (bits & 4) != 0;
  options.worker.counters_interval_ns = (bits & 8) != 0 ? kNsPerMillisecond * 20 : kNsPerSecond * 10;
  options.worker.table.capacity = 16u << (head[1] & 3);
  options.worker.table.receiver_share = 1u << (head[1] >> 2 & 3);
  options.worker.refused_join_sample = 1u + (head[1] >> 4);
  options.seed = head[2];
  if ((head[3] & 1) != 0) options.worker.records = {(head[3] & 2) != 0, (head[3] & 4) != 0};
  return options;
}

struct Program {
  Bytes steps;
  std::uint64_t start_ns;
};

/// Each burst is followed by `after`.
template <typename After>
void run_script(const Program& program, FedWorker& first, FedWorker* second, After&& after) {
  Script script(program.steps, program.start_ns);
  Packets packets;
  std::array<std::uint8_t, Script::kFrameBytes> frame{};
  PacketView packet;
  Script::Made made{};
  const auto flush = [&] {
    if (packets.burst().size == 0) return;
    first.feed(packets.burst());
    if (second != nullptr) second->feed(packets.burst());
    packets.clear();
    after();
  };
  while (script.next(frame, packet, made)) {
    if (made.has_packet) packets.add(packet);
    if (made.ends_burst || packets.is_full()) flush();
  }
  flush();
}

bool is_same(const std::vector<Record>& all, const std::vector<Record>& more) {
  std::size_t at = 0;
  for (const Record& record : more) {
    if (record.kind == RecordKind::kDss) continue;
    if (at == all.size() || std::memcmp(&all[at], &record, sizeof record) != 0) return false;
    ++at;
  }
  return at == all.size();
}

/// All but those that count records: the second worker makes more.
void expect_same_counts(WorkerTally first, WorkerTally second) {
  for (WorkerTally* tally : {&first, &second}) {
    tally->records_built = tally->records_pushed = tally->ring_fill = 0;
  }
#define X(name, meaning) expect(first.name == second.name, "both ways count the same: " #name);
  MPTAP_WORKER_COUNTERS(X)
  MPTAP_WORKER_GAUGES(X)
#undef X
  expect(first.frames == second.frames && first.options == second.options &&
             first.options_from_acceptor == second.options_from_acceptor && first.option_errors == second.option_errors,
         "both ways count the same frames and options");
}

/// The same packets through the short ways, and through the way of all others.
void run_both_ways(const FedOptions& options, const Program& program) {
  FedOptions long_options = options;
  long_options.worker.records.every_dss = true;
  FedWorker short_way(options, rings().roomy, rings().shelf);
  FedWorker long_way(long_options, rings().other, rings().shelf);
  static std::vector<Record> records;
  static std::vector<Record> more;
  records.clear();
  more.clear();
  run_script(program, short_way, &long_way, [&] {
    short_way.drain(&records);
    long_way.drain(&more);
  });
  if (!options.is_live) {
    short_way.idle();
    long_way.idle();
  }
  short_way.finish(&records);
  long_way.finish(&more);
  expect(is_same(records, more), "both ways tell the same records");
  expect_same_counts(short_way.tally(), long_way.tally());
}

/// One worker, whose records are taken as soon as they are there, or too seldom.
void run_alone(const FedOptions& options, const Program& program) {
  FedWorker worker(options, options.nothing_is_lost ? rings().roomy : rings().narrow, rings().shelf);
  unsigned bursts = 0;
  run_script(program, worker, nullptr, [&] {
    worker.check_sums();
    if (options.nothing_is_lost || ++bursts % 4 == 0) worker.drain(nullptr);
  });
  worker.finish(nullptr);
}

void run(Bytes input) {
  if (input.size() < kHead) return;
  FedOptions options = read_options(input);
  const RecordChoice& records = options.worker.records;
  if (!options.is_live && !options.nothing_is_lost) options.is_live = true;  // a file's worker would wait for room
  const bool compares = options.nothing_is_lost && !options.keeps_packets && !records.every_dss && !records.every_option;
  const bool is_early = (input[3] & 8) == 0;
  const Program program{input.subspan(kHead), is_early ? kNsPerMillisecond : 1'700'000'000 * kNsPerSecond};
  if (compares) {
    run_both_ways(options, program);
  } else {
    run_alone(options, program);
  }
}

}  // namespace
}  // namespace mptap::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mptap::fuzz::run({data, size});
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  mptap::fuzz::Dice dice(seed);
  return mptap::fuzz::mutate_script(dice, data, size, max_size, mptap::fuzz::kHead);
}

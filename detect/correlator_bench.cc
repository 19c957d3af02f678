// Records a second of control's core: connections from their SYN to their end, joins with both HMACs, counters, a flood.
#include "detect/correlator.h"

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

#include "tests/bench/micro/record_stream.h"
#include "tests/bench/micro/verdict.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

/// Takes reports and counts the notices among them: of honest connections there is none.
class Sink final : public ReportSink {
 public:
  void on_report(Report&& report) override {
    benchmark::DoNotOptimize(report);
    if (std::holds_alternative<Notice>(report)) ++notices;
  }
  std::size_t notices = 0;
};

/// A correlator fed as control feeds it, from one worker.
struct Run {
  DetectorOptions detectors;
  NoticeOptions notices;
  ControlCounters counters;
  Sink sink;
  Correlator correlator;

  explicit Run(const CorrelatorOptions& options = {}) : correlator(options, detectors, notices, 1, 77, sink, counters) {}

  void take(const Record& record) {
    correlator.advance(record.time_ns);
    correlator.on_record(0, record);
  }
};

void per_second(benchmark::State& state, const char* what, double in_all) {
  state.counters[what] = benchmark::Counter(in_all, benchmark::Counter::kIsRate);
}

/// Whole connections: handshake, first data, counters, end. A new correlator for each round of them.
void connections_from_syn_to_end(benchmark::State& state) {
  constexpr std::uint32_t kConnections = 4'096;
  constexpr std::uint32_t kAlive = 1'024;  // at once
  RecordStream stream;
  for (std::uint32_t number = 0; number < kConnections + kAlive; ++number) {
    if (number < kConnections) stream.establish(number);
    if (number >= kAlive) stream.end(number - kAlive);
  }
  std::size_t right = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto run = std::make_unique<Run>();
    state.ResumeTiming();
    for (const Record& record : stream.records()) run->take(record);
    state.PauseTiming();
    const bool all = run->counters.connections_established == kConnections && run->counters.connections_closed == kConnections;
    right += all && run->sink.notices == 0 ? 1 : 0;
    run.reset();
    state.ResumeTiming();
  }
  const auto rounds = static_cast<std::size_t>(state.iterations());
  per_second(state, "connections", static_cast<double>(rounds * kConnections));
  close(state, stream.records().size(), right == rounds, "a connection was not established and closed, or a notice raised");
}
BENCHMARK(connections_from_syn_to_end)->Unit(benchmark::kMillisecond);

/// Connections that stay, and what is sent of them again and again. The latest number of them is kept, for all
/// benchmarks of that number.
struct Live {
  explicit Live(std::uint32_t count_) : count(count_) {
    RecordStream stream;
    for (std::uint32_t number = 0; number < count; ++number) stream.establish(number);
    for (const Record& record : stream.records()) run.take(record);
    now_ns = stream.records().back().time_ns;
  }
  [[nodiscard]] bool whole() const { return run.counters.connections_established == count && run.sink.notices == 0; }

  /// Numbers of some of them in random order, none twice.
  [[nodiscard]] std::vector<std::uint32_t> draw() const {
    constexpr std::uint32_t kMost = 16'384;
    testing::Random random(5);
    std::vector<std::uint32_t> numbers(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto other = static_cast<std::uint32_t>(random.below(i + 1));
      numbers[i] = numbers[other];
      numbers[other] = i;
    }
    numbers.resize(std::min(count, kMost));
    return numbers;
  }

  /// Shows records as if they came now, in slots that were given to others meanwhile where `renewed`.
  void show(std::vector<Record>& records, bool renewed) {
    for (Record& record : records) {
      record.time_ns = now_ns += RecordStream::kStepNs;
      if (renewed) ++record.generation;
      run.take(record);
    }
  }

  static Live& of(std::int64_t count) {
    static std::unique_ptr<Live> latest;
    if (!latest || latest->count != count) {
      latest.reset();
      latest = std::make_unique<Live>(static_cast<std::uint32_t>(count));
    }
    return *latest;
  }

  const std::uint32_t count;
  Run run;
  std::uint64_t now_ns = 0;
};

/// Each item is a join, from its SYN to its end, proved by two HMACs.
void joins_with_hmacs(benchmark::State& state) {
  Live& live = Live::of(state.range(0));
  const std::vector<std::uint32_t> numbers = live.draw();
  RecordStream stream;
  for (const std::uint32_t number : numbers) {
    stream.join(number);
    stream.end_join(number);
  }
  const std::uint64_t valid_before = live.run.counters.hmac_valid;
  for (auto _ : state) live.show(stream.records(), true);
  const std::uint64_t joins = numbers.size() * static_cast<std::uint64_t>(state.iterations());
  const bool right = live.whole() && live.run.counters.hmac_valid - valid_before == 2 * joins;
  close(state, numbers.size(), right, "an HMAC was not proved, or a notice raised");
}

/// Each item is a counter record.
void counters_of_live(benchmark::State& state) {
  Live& live = Live::of(state.range(0));
  RecordStream stream;
  for (const std::uint32_t number : live.draw()) stream.count(number);
  const std::uint64_t stale_before = live.run.counters.records_stale;
  for (auto _ : state) live.show(stream.records(), false);
  const bool right = live.whole() && live.run.counters.records_stale == stale_before;
  close(state, stream.records().size(), right, "a record was stale, or a notice raised");
}

/// All benchmarks of one number of connections stand together, so that they are established once.
[[maybe_unused]] const bool registered = [] {
  for (const std::int64_t count : {1'000, 100'000}) {
    benchmark::RegisterBenchmark("joins_with_hmacs", joins_with_hmacs)->Arg(count)->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("counters_of_live", counters_of_live)->Arg(count)->Unit(benchmark::kMillisecond);
  }
  return true;
}();

/// Joins with unknown tokens that nobody answers, all to one receiver: each item is one, of two records.
void join_flood(benchmark::State& state) {
  constexpr std::uint32_t kJoins = 16'384;
  Run run;
  RecordStream stream;
  for (std::uint32_t number = 0; number < kJoins; ++number) stream.stray_join(number);
  std::uint64_t now_ns = RecordStream::kStartNs;
  for (auto _ : state) {
    for (Record& record : stream.records()) {
      record.time_ns = now_ns += RecordStream::kStepNs;
      ++record.generation;
      run.take(record);
    }
  }
  const std::uint64_t joins = kJoins * static_cast<std::uint64_t>(state.iterations());
  close(state, kJoins, run.counters.joins_attempted == joins && run.sink.notices != 0, "joins went uncounted, or the flood unnoticed");
}
BENCHMARK(join_flood)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace mptap::bench

// What control does in a second: the daemon's control loop, detectors and logs on records made beforehand.
//
//   control_rate LOAD COUNT LIVE DIRECTORY
//
//   records      COUNT periodic counters of LIVE connections in no order, both directions one behind the other
//   mix          COUNT records: of LIVE connections counters, and one in ten belongs to a connection that comes, is joined
//                and goes
//   connections  COUNT connections, each from its SYN to its end, LIVE of them at a time
//   joins        COUNT joins into LIVE connections, each from its SYN to its end, both HMACs right
//
// DIRECTORY gets the logs of the default configuration. The budget of proofs a second is lifted, for packet time goes
// by the bench's own step. Prints one line: work records wall_seconds control_seconds rows_written rows_dropped
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "dataplane/seeded_hash.h"
#include "tests/bench/control_bench.h"
#include "tests/bench/record_load.h"

namespace {

using namespace mptap;
using namespace mptap::bench;
using Path = RecordLoad::Path;

/// Slots of initial subflows have even numbers, those of joins odd ones.
Path initial_of(std::uint64_t number, std::uint64_t place, std::uint16_t generation = 1) {
  return {number, static_cast<std::uint32_t>(place * 2), generation, false};
}
Path join_of(std::uint64_t number, std::uint64_t place, std::uint16_t generation = 1) {
  return {number, static_cast<std::uint32_t>(place * 2 + 1), generation, true};
}

struct Arguments {
  std::string load;
  std::uint64_t count = 0;
  std::uint64_t live = 0;
  std::string directory;
};

[[noreturn]] void fail(const std::string& sentence) {
  std::fprintf(stderr, "control_rate: %s\n", sentence.c_str());
  std::exit(1);
}

class Bench {
 public:
  Bench(const Config& config, const Arguments& arguments, std::uint64_t step_ns)
      : arguments_(arguments), load_(step_ns), control_(config, RunMode::kLive) {}

  void open(const Path& path, const Pair& pair) {
    control_.push(load_.opened_capable(path));
    control_.push(load_.syn_ack_capable(path, pair));
    control_.push(load_.capable_ack(path, pair));
  }
  void begin_data(const Path& path, const Pair& pair) {
    control_.push(load_.first_dss(path, pair, true));
    control_.push(load_.first_dss(path, pair, false));
  }
  void count(const Path& path, const Pair& pair, std::uint64_t bytes, bool last = false) {
    control_.push(load_.counters(path, pair, true, bytes, last));
    control_.push(load_.counters(path, pair, false, bytes, last));
  }
  void close(const Path& path, const Pair& pair) {
    for (const bool from_opener : {true, false}) control_.push(load_.data_fin(path, from_opener));
    for (const bool from_opener : {true, false}) control_.push(load_.fin(path, from_opener));
    count(path, pair, 3'000, true);
    control_.push(load_.closed(path));
  }
  void join(const Path& path, const Join& join) {
    control_.push(load_.opened_join(path, join));
    control_.push(load_.syn_ack_join(path, join));
    control_.push(load_.join_ack(path, join));
  }
  void end_join(const Path& path, const Pair& pair) {
    for (const bool from_opener : {true, false}) control_.push(load_.fin(path, from_opener));
    count(path, pair, 0, true);
    control_.push(load_.closed(path));
  }

  /// LIVE connections that last.
  void open_live() {
    for (std::uint64_t i = 0; i < arguments_.live; ++i) pairs_.push_back(derive_pair(i));
    for (std::uint64_t i = 0; i < arguments_.live; ++i) {
      open(initial_of(i, i), pairs_[i]);
      begin_data(initial_of(i, i), pairs_[i]);
    }
    control_.drain();
  }

  Spent records() {
    open_live();
    return control_.measure([this] {
      for (std::uint64_t i = 0; i < arguments_.count / 2; ++i) count_one_of_all(i);
    });
  }

  Spent mix() {
    open_live();
    constexpr std::uint64_t kLife = 12 + 3 + 5;  // records of one that comes, is joined and goes
    std::vector<Pair> pairs;
    std::vector<Join> joins;
    for (std::uint64_t i = 0; i < arguments_.count / (kLife * 10) + 1; ++i) {
      pairs.push_back(derive_pair(arguments_.live + i));
      joins.push_back(derive_join(pairs.back(), static_cast<std::uint32_t>(i)));
    }
    return control_.measure([&] {
      const std::uint64_t end = control_.pushed() + arguments_.count;
      for (std::uint64_t i = 0, lives = 0; control_.pushed() < end; ++i) {
        count_one_of_all(i);
        if (i % (kLife * 9 / 2) != 0) continue;
        const std::uint64_t place = arguments_.live + lives % kPlaces;
        const auto generation = static_cast<std::uint16_t>(1 + lives / kPlaces);
        const std::uint64_t number = arguments_.live + lives;
        const Pair& pair = pairs[lives % pairs.size()];
        const Path first = initial_of(number, place, generation);
        const Path second = join_of(number, place, generation);
        open(first, pair);
        begin_data(first, pair);
        join(second, joins[lives % joins.size()]);
        end_join(second, pair);
        close(first, pair);
        ++lives;
      }
    });
  }

  Spent connections() {
    std::vector<Pair> pairs;
    for (std::uint64_t i = 0; i < arguments_.count; ++i) pairs.push_back(derive_pair(i));
    return control_.measure([&] {
      // Connection i opens while connection i - LIVE ends.
      for (std::uint64_t i = 0; i < arguments_.count + arguments_.live; ++i) {
        const std::uint64_t place = i % (arguments_.live + 1);
        const auto generation = static_cast<std::uint16_t>(1 + i / (arguments_.live + 1));
        if (i < arguments_.count) {
          open(initial_of(i, place, generation), pairs[i]);
          begin_data(initial_of(i, place, generation), pairs[i]);
        }
        if (i < arguments_.live) continue;
        const std::uint64_t old = i - arguments_.live;
        close(initial_of(old, old % (arguments_.live + 1), static_cast<std::uint16_t>(1 + old / (arguments_.live + 1))), pairs[old]);
      }
    });
  }

  Spent joins() {
    open_live();
    std::vector<Join> joins;
    for (std::uint64_t i = 0; i < arguments_.count; ++i) {
      joins.push_back(derive_join(pairs_[mix64(i) % arguments_.live], static_cast<std::uint32_t>(i)));
    }
    return control_.measure([&] {
      for (std::uint64_t i = 0; i < arguments_.count; ++i) {
        const std::uint64_t at = mix64(i) % arguments_.live;
        const Path path = join_of(at, i % kPlaces, static_cast<std::uint16_t>(1 + i / kPlaces));
        join(path, joins[i]);
        if (i < kPlaces / 2) continue;
        const std::uint64_t old = i - kPlaces / 2;
        const std::uint64_t old_at = mix64(old) % arguments_.live;
        end_join(join_of(old_at, old % kPlaces, static_cast<std::uint16_t>(1 + old / kPlaces)), pairs_[old_at]);
      }
    });
  }

  ControlBench& control() { return control_; }

 private:
  static constexpr std::uint64_t kPlaces = 4'096;  // slots that those who come and go take in turn

  /// The next two counters: connections have their turn in no order, each with more bytes than the time before.
  void count_one_of_all(std::uint64_t i) {
    const std::uint64_t at = mix64(i) % arguments_.live;
    count(initial_of(at, at), pairs_[at], 100 + i);
  }

  const Arguments& arguments_;
  RecordLoad load_;
  ControlBench control_;
  std::vector<Pair> pairs_;
};

void expect(std::uint64_t found, std::uint64_t wanted, const char* what) {
  if (found != wanted) fail(std::string(what) + ": " + std::to_string(found) + " instead of " + std::to_string(wanted));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: control_rate records|mix|connections|joins COUNT LIVE DIRECTORY\n");
    return 2;
  }
  const Arguments arguments{argv[1], std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10), argv[4]};
  Config config;
  config.runtime.logs.directory = arguments.directory;
  config.startup.correlator.max_connections = static_cast<std::uint32_t>(arguments.live + 1'000'000);
  config.startup.correlator.crypto_per_second = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t kStepNs = 170;
  Bench bench(config, arguments, kStepNs);
  Spent spent;
  std::uint64_t work = arguments.count;
  if (arguments.load == "records") {
    spent = bench.records();
  } else if (arguments.load == "mix") {
    spent = bench.mix();
  } else if (arguments.load == "connections") {
    spent = bench.connections();
    expect(bench.control().counters().connections_established, arguments.count, "connections established");
    expect(bench.control().counters().connections_closed, arguments.count, "connections closed");
  } else if (arguments.load == "joins") {
    spent = bench.joins();
    expect(bench.control().counters().hmac_valid, arguments.count * 2, "HMACs that are right");
  } else {
    fail("no load '" + arguments.load + "'");
  }
  ControlBench& control = bench.control();
  expect(control.counters().records_stale, 0, "records of no subflow");
  expect(control.counters().hmac_invalid, 0, "HMACs that are wrong");
  const std::uint64_t records = control.pushed();
  std::printf("%llu %llu %.6f %.6f ", static_cast<unsigned long long>(work), static_cast<unsigned long long>(records), spent.wall_s,
              spent.control_s);
  std::fflush(stdout);
  if (arguments.load == "records" || arguments.load == "mix") {
    std::printf("%llu %llu\n", static_cast<unsigned long long>(control.rows_written()),
                static_cast<unsigned long long>(control.rows_dropped()));
    std::fflush(stdout);
    std::_Exit(0);  // what is open at the end is not what is measured
  }
  control.finish();
  std::printf("%llu %llu\n", static_cast<unsigned long long>(control.rows_written()),
              static_cast<unsigned long long>(control.rows_dropped()));
  return 0;
}

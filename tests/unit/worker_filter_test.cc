// A worker with a filter: what is left out is counted, is in no record, and time goes on all the same.
#include <functional>
#include <string>

#include "tests/unit/worker_run.h"

namespace mptap::test {
namespace {

/// Passes what a test says; counts how often it is asked.
class Choice final : public PacketFilter {
 public:
  explicit Choice(std::function<bool(const PacketView&)> passes) : passes_(std::move(passes)) {}
  [[nodiscard]] std::uint64_t pick_passing(const Burst& burst) const noexcept override {
    ++asked;
    std::uint64_t passing = 0;
    for (std::size_t i = 0; i < burst.size; ++i) passing |= std::uint64_t{passes_(burst.packets[i])} << i;
    return passing;
  }
  mutable std::size_t asked = 0;

 private:
  const std::function<bool(const PacketView&)> passes_;
};

bool is_ip(const PacketView& packet) { return packet.data[12] == 0x08; }
/// By the opener's port of Ends, in either direction.
std::function<bool(const PacketView&)> has_port(std::uint16_t port) {
  return [port](const PacketView& packet) {
    const auto at = [&packet](std::size_t i) { return packet.data[i] << 8 | packet.data[i + 1]; };
    return at(34) == port || at(36) == port;
  };
}

/// What, when and of which slot: "opened 1 0, syn_ack 11 0".
std::string told(const std::vector<Record>& records) {
  std::string text;
  for (const Record& record : records) {
    text += (text.empty() ? "" : ", ") + std::string(word_of(record.kind)) + " " +
            std::to_string((record.time_ns - kStartNs) / kMs) + " " + std::to_string(record.slot);
  }
  return text;
}

TEST_CASE("what the filter leaves out is counted and nothing else", "[filter]") {
  const Choice none([](const PacketView&) { return false; });
  WorkerRun run(small_options(), 1, false, &none);
  std::uint64_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    bytes += run.send(i, From::kOpener, kSynFlag, kOpenerIsn, 0, ts::encode_mp_capable({.version = 1})).size();
  }
  CHECK(run.finish().empty());
  const WorkerTally tally = run.tally();
  CHECK(tally.rx_packets == 100);
  CHECK(tally.filtered_out == 100);
  CHECK(tally.rx_bytes == bytes);
  CHECK(tally.tcp_segments == 0);
  CHECK(tally.subflows_opened == 0);
  CHECK(tally.polls_empty < tally.polls);  // a worker that leaves all out is not idle
}

TEST_CASE("an empty burst asks no filter", "[filter]") {
  const Choice all([](const PacketView&) { return true; });
  WorkerRun run(small_options(), 1, false, &all);
  (void)run.take();
  CHECK(all.asked == 0);
  run.tick(0);
  (void)run.take();
  CHECK(all.asked == 1);
  CHECK(run.tally().filtered_out == 0);
  CHECK(run.tally().not_ip == 1);
}

/// One packet of each of three flows, and that again for what follows it; calls `show` with time, port and packet.
void play(const std::function<void(double ms, std::uint16_t port, int packet)>& show) {
  for (int packet = 0; packet < 4; ++packet) {
    for (std::uint16_t port = 40'000; port < 40'003; ++port) show(100.0 * packet + port - 40'000, port, packet);
  }
}

void show(WorkerRun& run, double ms, std::uint16_t port, int packet) {
  run.ends.opener.port = port;
  switch (packet) {
    case 0: run.syn_join(ms); break;
    case 1: run.syn_ack_join(ms); break;
    case 2: run.ack_join(ms); break;
    default: run.send(ms, From::kAcceptor, kRstAck, kAcceptorIsn + 1, kOpenerIsn + 1);
  }
}

TEST_CASE("of several flows the worker tells what it would tell of those that pass alone", "[filter]") {
  const Choice choice(has_port(40'001));
  for (const std::size_t limit : {std::size_t{1}, std::size_t{5}, Burst::kCapacity}) {
    INFO(limit);
    WorkerRun filtered(small_options(), 1, false, &choice);
    WorkerRun alone;
    filtered.source_.burst_limit = alone.source_.burst_limit = limit;
    play([&](double ms, std::uint16_t port, int packet) {
      show(filtered, ms, port, packet);
      if (port == 40'001) show(alone, ms, port, packet);
    });
    const std::string expected = told(alone.finish());
    CHECK(expected.starts_with("opened 1 0, syn_ack 101 0, join_ack 201 0, reset 301 0, "));
    CHECK(told(filtered.finish()) == expected);
    CHECK(filtered.tally().filtered_out == 8);
    CHECK(filtered.tally().tcp_segments == 4);
  }
}

TEST_CASE("time never goes back, also to before what was left out", "[filter]") {
  const Choice ip(is_ip);
  for (const std::size_t limit : {std::size_t{1}, Burst::kCapacity}) {
    WorkerRun run(small_options(), 1, false, &ip);
    run.source_.burst_limit = limit;
    run.tick(50);
    run.syn_join(20);
    CHECK(told(run.take()) == "opened 50 0");
  }
}

TEST_CASE("subflows time out while everything is left out", "[filter]") {
  const Choice ip(is_ip);
  WorkerRun run(small_options(), 1, false, &ip);
  run.syn_join(0);
  CHECK(words_of(run.take()) == "opened");
  run.tick(74'000);
  CHECK(run.take().empty());
  run.tick(80'000);
  CHECK(words_of(run.take()) == "closed");
  CHECK(run.tally().filtered_out == 2);
  CHECK(run.tally().subflows == 0);
}

TEST_CASE("what is left out makes nothing of its burst later than it is", "[filter]") {
  const Choice ip(is_ip);
  WorkerRun run(small_options(), 1, false, &ip);
  run.syn_join(0);
  run.tick(500);
  run.syn_ack_join(1'000);
  run.tick(90'000);  // beyond what an unanswered SYN is given
  const auto records = run.take();
  CHECK(told(records).starts_with("opened 0 0, syn_ack 1000 0, "));
  CHECK(words_of(records).ends_with("closed"));
}

TEST_CASE("a worker that leaves full bursts out shows its counters as ever", "[filter]") {
  const Choice none([](const PacketView&) { return false; });
  WorkerRun run(small_options(), 1, true, &none);
  for (std::size_t i = 0; i < Worker::kBurstsShown * Burst::kCapacity; ++i) run.tick(0);
  (void)run.take();
  CHECK(run.tally().filtered_out == Worker::kBurstsShown * Burst::kCapacity);
  CHECK(run.tally().polls == Worker::kBurstsShown);
}

}  // namespace
}  // namespace mptap::test

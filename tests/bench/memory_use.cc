// Resident bytes of live subflows and connections, as the difference that making them makes.
//
//   memory_use control COUNT      COUNT connections of two subflows each, whose join is proven, as control keeps them
//   memory_use worker COUNT       COUNT confirmed subflows with data in one worker's table, through the worker itself
//   memory_use sizes              the sizes of what both are made of
//
// Prints: count bytes bytes_each; or one line a type.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/seeded_hash.h"
#include "dataplane/subflow_slot.h"
#include "tests/bench/control_bench.h"
#include "tests/bench/record_load.h"
#include "tests/support/mptcp_encode.h"
#include "tests/support/packet_builder.h"

namespace {

using namespace mptap;
using namespace mptap::bench;

std::uint64_t resident_bytes() {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "r"), std::fclose);
  unsigned long long all = 0;
  unsigned long long resident = 0;
  if (!file || std::fscanf(file.get(), "%llu %llu", &all, &resident) != 2) std::exit(1);
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void print(std::uint64_t count, std::uint64_t bytes) {
  std::printf("%llu %llu %.1f\n", static_cast<unsigned long long>(count), static_cast<unsigned long long>(bytes),
              static_cast<double>(bytes) / static_cast<double>(count));
}

/// Each has a handshake, data both ways, a proven join, and was counted once.
void make_connections(ControlBench& control, RecordLoad& load, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t i = from; i < to; ++i) {
    const Pair pair = derive_pair(i);
    const Join join = derive_join(pair, 7);
    const RecordLoad::Path first{i, static_cast<std::uint32_t>(i * 2), 1, false};
    const RecordLoad::Path second{i, static_cast<std::uint32_t>(i * 2 + 1), 1, true};
    for (const Record& record :
         {load.opened_capable(first), load.syn_ack_capable(first, pair), load.capable_ack(first, pair),
          load.first_dss(first, pair, true), load.first_dss(first, pair, false), load.opened_join(second, join),
          load.syn_ack_join(second, join), load.join_ack(second, join), load.counters(first, pair, true, 100, false),
          load.counters(first, pair, false, 100, false), load.counters(second, pair, true, 0, false),
          load.counters(second, pair, false, 0, false)}) {
      control.push(record);
    }
  }
  control.drain();
}

int measure_control(std::uint64_t count) {
  Config config;
  config.startup.correlator.max_connections = static_cast<std::uint32_t>(count + 200'000);
  config.startup.correlator.crypto_per_second = ~std::uint32_t{0};
  ControlBench control(config, RunMode::kLive);
  RecordLoad load(170);
  // What has one size whatever comes, as rings and the tables of what was last seen, is full then.
  constexpr std::uint64_t kFirst = 100'000;
  make_connections(control, load, 0, kFirst);
  const std::uint64_t before = resident_bytes();
  make_connections(control, load, kFirst, kFirst + count);
  const std::uint64_t after = resident_bytes();
  if (control.counters().connections != count + kFirst || control.counters().hmac_valid != (count + kFirst) * 2) {
    std::fprintf(stderr, "memory_use: not all connections were made and proven\n");
    return 1;
  }
  print(count, after - before);
  std::fflush(stdout);
  std::_Exit(0);
}

/// SYN and SYN/ACK with MP_CAPABLE and a first DSS, of ever other clients.
class Handshakes final : public PacketSource {
 public:
  explicit Handshakes(std::uint64_t count) : left_(count * kSegments) {
    namespace ts = mptap::testing;
    const ts::Endpoint client = ts::endpoint("10.0.0.1", 40000);
    const ts::Endpoint server = ts::endpoint("12.0.0.1", 443);
    const auto from_client = ts::PacketBuilder().ethernet().ip(client.address, server.address).tcp(client.port, server.port);
    const auto from_server = ts::PacketBuilder().ethernet().ip(server.address, client.address).tcp(server.port, client.port);
    segments_[0] = ts::PacketBuilder(from_client).seq(1).flags(0x02).option(ts::encode_mp_capable({.version = 1})).build();
    segments_[1] = ts::PacketBuilder(from_server).seq(1).ack(2).flags(0x12)
                       .option(ts::encode_mp_capable({.version = 1, .sender_key = 1})).build();
    segments_[2] = ts::PacketBuilder(from_client).seq(2).ack(2).flags(0x10)
                       .option(ts::encode_dss({.data_ack = 7, .mapping = ts::DssMapping{.dsn = 9, .ssn = 1, .data_len = 4}}))
                       .payload("four").build();
  }
  ReceiveStatus receive(Burst& burst) noexcept override {
    burst.size = 0;
    while (burst.size < Burst::kCapacity && left_ > 0) {
      auto& bytes = frames_[burst.size];
      const std::uint64_t step = kSegments - 1 - (left_-- - 1) % kSegments;
      const bool is_answer = step == 1;
      const auto& frame = segments_[step];
      bytes.assign(frame.begin(), frame.end());
      constexpr std::size_t kSource = 14 + 12;
      std::uint8_t* client = &bytes[is_answer ? kSource + 4 : kSource];
      client[1] = static_cast<std::uint8_t>(number_ >> 16);
      client[2] = static_cast<std::uint8_t>(number_ >> 8);
      client[3] = static_cast<std::uint8_t>(number_);
      if (step == kSegments - 1) ++number_;
      PacketView& packet = burst.packets[burst.size++];
      packet = PacketView{};
      packet.data = bytes.data();
      packet.captured_bytes = packet.wire_bytes = static_cast<std::uint32_t>(bytes.size());
      packet.time_ns = now_ns_ += 100;
    }
    return ReceiveStatus::kMore;
  }
  [[nodiscard]] bool is_live() const override { return false; }  // else an idle poll takes the time of the wall
  [[nodiscard]] bool empty() const { return left_ == 0; }
  static constexpr std::uint64_t kSegments = 3;

 private:
  std::uint64_t left_;
  std::uint64_t number_ = 0;
  std::uint64_t now_ns_ = 1'700'000'000 * kNsPerSecond;
  std::array<std::vector<std::uint8_t>, kSegments> segments_;
  std::array<std::vector<std::uint8_t>, Burst::kCapacity> frames_;
};

int measure_worker(std::uint64_t count) {
  WorkerOptions options;
  options.table.capacity = static_cast<std::uint32_t>(count);
  Handshakes source(count);
  RecordRing ring(options.ring_capacity, options.overflow_capacity);
  const std::atomic<bool> stop{false};
  Record record;
  const std::uint64_t before = resident_bytes();
  Worker worker(source, options, ring, 1, stop);
  while (!source.empty()) {
    (void)worker.poll_once();
    while (ring.try_pop(record)) {
    }
  }
  (void)worker.poll_once();  // idle: shows its counters
  const std::uint64_t after = resident_bytes();
  const WorkerTally tally = worker.counters();
  if (tally.with_mptcp != count * Handshakes::kSegments || tally.subflows != count || tally.subflows_unanswered != 0) {
    std::fprintf(stderr, "memory_use: of %llu subflows %llu are live, %llu unanswered\n", static_cast<unsigned long long>(count),
                 static_cast<unsigned long long>(tally.subflows), static_cast<unsigned long long>(tally.subflows_unanswered));
    return 1;
  }
  print(count, after - before);
  return 0;
}

int print_sizes() {
#define SIZE(type) std::printf("%s %zu\n", #type, sizeof(type))
  SIZE(SubflowSlot);
  SIZE(Record);
  SIZE(Connection);
  SIZE(Host);
  SIZE(KnownAddress);
  SIZE(Subflow);
  SIZE(QueuedReport);
#undef SIZE
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (what == "sizes") return print_sizes();
  if (what == "control" && count > 0) return measure_control(count);
  if (what == "worker" && count > 0) return measure_worker(count);
  std::fprintf(stderr, "usage: memory_use control|worker COUNT, or sizes\n");
  return 2;
}

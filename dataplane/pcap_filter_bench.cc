// What a filter costs a worker: packets a second without one, with one that passes all, and with one that passes none.
#include "dataplane/pcap_filter.h"

#include <atomic>
#include <string>

#include "dataplane/worker.h"
#include "tests/bench/micro/frames.h"
#include "tests/bench/micro/verdict.h"
#include "tests/support/mptcp_encode.h"

namespace mptap::bench {
namespace {

testing::Bytes plain_segment(std::uint32_t number) {
  return testing::PacketBuilder().ethernet().ipv4(v4_of(number), "192.0.2.1")
      .tcp(static_cast<std::uint16_t>(1024 + number), 443).ack(number)
      .option(testing::encode_nop(2)).option(testing::encode_timestamps(number, number))
      .payload(testing::Bytes(64, 0x55)).build();
}

/// Full bursts of the same frames over and over.
class Again final : public PacketSource {
 public:
  explicit Again(const Frames& frames) : frames_(frames) {}
  ReceiveStatus receive(Burst& burst) noexcept override {
    for (PacketView& packet : burst.packets) packet = frames_.views()[next_++ % Frames::kCount];
    burst.size = Burst::kCapacity;
    return ReceiveStatus::kMore;
  }
  [[nodiscard]] bool is_live() const override { return true; }

 private:
  const Frames& frames_;
  std::size_t next_ = 0;
};

void filter_worker(benchmark::State& state, const std::string& expression, bool passes) {
  const PcapFilter::Compiled compiled = PcapFilter::compile(expression, kPortLinks);
  const Frames frames(plain_segment);
  Again source(frames);
  RecordRing ring(1'024);
  const std::atomic<bool> stop{false};
  WorkerOptions options;
  options.table.capacity = 1'024;
  Worker worker(source, options, ring, 1, stop, nullptr, expression.empty() ? nullptr : compiled.filter.get());
  for (auto _ : state) (void)worker.poll_once();
  for (unsigned i = 0; i < Worker::kBurstsShown; ++i) (void)worker.poll_once();  // until counters are shown
  const WorkerTally tally = worker.counters();
  const std::uint64_t seen = passes ? tally.tcp_segments : tally.filtered_out;
  close(state, Burst::kCapacity, seen == tally.rx_packets && seen != 0, "a filter passed what it should not, or the other way");
}
BENCHMARK_CAPTURE(filter_worker, none, "", true);
BENCHMARK_CAPTURE(filter_worker, tcp, "tcp", true);
BENCHMARK_CAPTURE(filter_worker, net_and_port, "net 10.0.0.0/8 and not port 22", true);
BENCHMARK_CAPTURE(filter_worker, ten_nets,
                  "net 10.128.0.0/16 or net 10.129.0.0/16 or net 10.130.0.0/16 or net 10.131.0.0/16 or net 10.132.0.0/16 or "
                  "net 10.133.0.0/16 or net 10.134.0.0/16 or net 10.135.0.0/16 or net 10.136.0.0/16 or net 192.0.2.0/24",
                  true);
BENCHMARK_CAPTURE(filter_worker, all_out, "not net 10.0.0.0/8", false);

}  // namespace
}  // namespace mptap::bench

// Packets a second through the whole worker, from frames in memory to records: where to see what a change of one part is
// worth. tests/bench measures it behind a device.
#include "dataplane/worker.h"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <vector>

#include "tests/bench/micro/frames.h"
#include "tests/bench/micro/verdict.h"
#include "tests/support/mptcp_encode.h"
#include "tests/support/random.h"

namespace mptap::bench {
namespace {

using testing::Bytes;
using testing::PacketBuilder;

constexpr std::uint32_t kPayload = 64;
constexpr std::uint32_t kOpenerIsn = 1'000;
constexpr std::uint32_t kAcceptorIsn = 2'000;
constexpr std::uint64_t kDsn = 0x1122334455667788;
constexpr std::uint64_t kStartNs = 1'700'000'000 * kNsPerSecond;
constexpr std::uint64_t kBurstNs = 6'400;  // 10 million packets a second

constexpr std::size_t kWarmUpBursts = 4'096;

// Where fields stand in frames of Ethernet, IPv4 without options and TCP, whose options begin with timestamps.
constexpr std::size_t kIpId = 14 + 4;
constexpr std::size_t kIpSource = 14 + 12;
constexpr std::size_t kSeq = 14 + 20 + 4;
constexpr std::size_t kDssOption = 14 + 20 + 20 + 12;
constexpr std::size_t kDsnField = kDssOption + 8;  // kind, length, flags, 4 bytes of data ACK
constexpr std::size_t kSsnField = kDsnField + 8;

template <typename T>
void put(std::uint8_t* at, T value) {
  for (std::size_t i = sizeof value; i-- > 0; value = static_cast<T>(value >> 4 >> 4)) at[i] = static_cast<std::uint8_t>(value);
}

/// Frames over and over in random order, each time brought to what its sender would send next.
class Replay final : public PacketSource {
 public:
  using Renew = std::function<void(std::uint8_t* frame, std::uint32_t number, std::uint32_t round)>;

  /// @param renew  Changes a frame for its next round; part of what is measured.
  Replay(Frames& frames, Renew renew) : frames_(frames), renew_(std::move(renew)), order_(frames.views().size()) {
    std::iota(order_.begin(), order_.end(), 0u);
    testing::Random random(4);
    for (std::size_t i = order_.size() - 1; i > 0; --i) std::swap(order_[i], order_[random.below(i + 1)]);
  }

  ReceiveStatus receive(Burst& burst) noexcept override {
    now_ns_ += kBurstNs;
    for (PacketView& packet : burst.packets) {
      if (next_ == order_.size()) {
        next_ = 0;
        ++round_;
      }
      const std::uint32_t number = order_[next_++];
      renew_(frames_.at(number), number, round_);
      packet = frames_.views()[number];
      packet.time_ns = now_ns_;
    }
    burst.size = Burst::kCapacity;
    return ReceiveStatus::kMore;
  }
  [[nodiscard]] bool is_live() const override { return true; }

 private:
  Frames& frames_;
  const Renew renew_;
  std::vector<std::uint32_t> order_;
  std::size_t next_ = 0;
  std::uint32_t round_ = 0;
  std::uint64_t now_ns_ = kStartNs;
};

/// What opens the subflows, once.
class Once final : public PacketSource {
 public:
  explicit Once(const Frames& frames) : frames_(frames) {}
  ReceiveStatus receive(Burst& burst) noexcept override {
    burst.size = 0;
    while (burst.size < Burst::kCapacity && next_ < frames_.views().size()) {
      burst.packets[burst.size] = frames_.views()[next_++];
      burst.packets[burst.size++].time_ns = kStartNs;
    }
    return ReceiveStatus::kMore;
  }
  [[nodiscard]] bool is_live() const override { return true; }
  [[nodiscard]] bool empty() const { return next_ == frames_.views().size(); }

 private:
  const Frames& frames_;
  std::size_t next_ = 0;
};

/// One source behind the other, for one worker.
struct Chain final : PacketSource {
  PacketSource* current = nullptr;
  ReceiveStatus receive(Burst& burst) noexcept override { return current->receive(burst); }
  [[nodiscard]] bool is_live() const override { return true; }
};

PacketBuilder segment(std::uint32_t number, bool from_opener, std::uint32_t seq) {
  PacketBuilder at = PacketBuilder().ethernet();
  const std::string opener = v4_of(number);
  const auto port = static_cast<std::uint16_t>(1024 + number % 60'000);
  if (from_opener)
    at.ipv4(opener, "192.0.2.1").tcp(port, 443);
  else
    at.ipv4("192.0.2.1", opener).tcp(443, port);
  return at.seq(seq).option(testing::encode_nop(2)).option(testing::encode_timestamps(number, number));
}

/// The SYN, SYN/ACK and third ACK of subflow `frame` / 3.
Bytes handshake(std::uint32_t frame) {
  const std::uint32_t number = frame / 3;
  switch (frame % 3) {
    case 0: return segment(number, true, kOpenerIsn).flags(testing::kSyn).option(testing::encode_mp_capable({.version = 1})).build();
    case 1:
      return segment(number, false, kAcceptorIsn).flags(testing::kSyn).ack(kOpenerIsn + 1)
          .option(testing::encode_mp_capable({.version = 1, .sender_key = number})).build();
    default:
      return segment(number, true, kOpenerIsn + 1).ack(kAcceptorIsn + 1)
          .option(testing::encode_mp_capable({.version = 1, .sender_key = ~std::uint64_t{number}, .receiver_key = number})).build();
  }
}

Bytes dss_segment(std::uint32_t number) {
  return segment(number, true, kOpenerIsn + 1).ack(kAcceptorIsn + 1)
      .option(testing::encode_dss({.data_ack = 1, .mapping = testing::DssMapping{kDsn, 1, kPayload, {}}, .dsn8 = true}))
      .payload(Bytes(kPayload, 0x55)).build();
}
Bytes plain_segment(std::uint32_t number) {
  return segment(number + 1, true, kOpenerIsn + 1).ack(kAcceptorIsn + 1).payload(Bytes(kPayload, 0x55)).build();
}
Bytes join_syn(std::uint32_t number) {
  return segment(number, true, kOpenerIsn).flags(testing::kSyn).option(testing::encode_mp_join_syn(1, number, number)).build();
}

void renew_segment(std::uint8_t* frame, std::uint32_t, std::uint32_t round) {
  put(frame + kIpId, static_cast<std::uint16_t>(round));
  put(frame + kSeq, kOpenerIsn + 1 + round * kPayload);
}
void renew_dss(std::uint8_t* frame, std::uint32_t number, std::uint32_t round) {
  renew_segment(frame, number, round);
  put(frame + kDsnField, kDsn + std::uint64_t{round} * kPayload);
  put(frame + kSsnField, 1 + round * kPayload);
}
/// Each from another address: 16 million SYNs until one returns.
void renew_syn(std::uint8_t* frame, std::uint32_t number, std::uint32_t round) {
  put(frame + kIpSource, 0x20000000u | ((round * Frames::kCount + number) & 0xffffffu));
}

/// A live worker whose records the same thread takes. Subflows are opened in front.
struct Run {
  Chain source;
  RecordRing ring{65'536};
  std::atomic<bool> stop{false};
  std::unique_ptr<Worker> worker;
  std::uint64_t records = 0;

  explicit Run(std::uint32_t subflows) {
    WorkerOptions options;
    worker = std::make_unique<Worker>(source, options, ring, 1, stop);
    const Frames frames(handshake, std::size_t{subflows} * 3);
    Once once(frames);
    source.current = &once;
    while (!once.empty()) poll();
  }
  void poll() {
    (void)worker->poll_once();
    for (Record record; ring.try_pop(record);) ++records;
  }
};

enum class Expected { kNothing, kDss, kJoins };

void run_worker(benchmark::State& state, Bytes (*build)(std::uint32_t), const Replay::Renew& renew, Expected expected) {
  const auto subflows = static_cast<std::uint32_t>(state.range(0));
  Run run(subflows);
  Frames frames(build, expected == Expected::kDss ? subflows : Frames::kCount);
  Replay replay(frames, renew);
  run.source.current = &replay;
  // Until all memory was touched once: the kernel's page faults cost more than the packets do.
  for (std::size_t i = 0; i < kWarmUpBursts + 2 * frames.views().size() / Burst::kCapacity; ++i) run.poll();
  const WorkerTally before = run.worker->counters();
  const std::uint64_t records_before = run.records;
  for (auto _ : state) run.poll();
  const WorkerTally after = run.worker->counters();
  const std::uint64_t packets = after.rx_packets - before.rx_packets;
  const std::uint64_t with_mptcp = after.with_mptcp - before.with_mptcp;
  const bool flood = expected == Expected::kJoins;
  const bool known = (after.subflows == subflows || flood) && after.tcp_segments - before.tcp_segments == packets;
  const bool plain = after.copies + after.strangers + after.out_of_sequence == 0;
  const bool seen = with_mptcp == (expected == Expected::kNothing ? 0 : packets);
  const bool told = !flood || run.records - records_before >= packets;
  close(state, Burst::kCapacity, known && plain && seen && told, "segments were not taken for what they are");
}
BENCHMARK_CAPTURE(run_worker, plain, plain_segment, renew_segment, Expected::kNothing)->Arg(1);
BENCHMARK_CAPTURE(run_worker, dss, dss_segment, renew_dss, Expected::kDss)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(run_worker, join_syns, join_syn, renew_syn, Expected::kJoins)->Arg(1'000);

}  // namespace
}  // namespace mptap::bench

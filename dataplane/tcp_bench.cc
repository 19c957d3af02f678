// TCP headers and option lists a second, by what the list holds.
#include "dataplane/tcp.h"

#include <algorithm>
#include <vector>

#include "tests/bench/micro/verdict.h"
#include "tests/support/bytes.h"
#include "tests/support/mptcp_encode.h"
#include "tests/support/packet_builder.h"

namespace mptap::bench {
namespace {

using testing::Bytes;

constexpr std::size_t kLists = 1024;

Bytes operator+(Bytes head, const Bytes& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

Bytes timestamps(std::uint32_t number) { return testing::encode_nop(2) + testing::encode_timestamps(number, number); }
Bytes none(std::uint32_t) { return {}; }
Bytes dss(std::uint32_t number) {
  return timestamps(number) + testing::encode_dss({.data_ack = number, .mapping = testing::DssMapping{number, 1, 1400, {}}, .dsn8 = true});
}
/// As a receiver of data that came out of order sends it.
Bytes sack_and_dss(std::uint32_t number) {
  Bytes sack{1, 1, 5, 10};
  return timestamps(number) + sack + Bytes(8, static_cast<std::uint8_t>(number)) + testing::encode_dss({.data_ack = number});
}
Bytes plain_syn(std::uint32_t number) {
  return testing::encode_mss(1460) + testing::encode_sack_permitted() + testing::encode_timestamps(number, 0) +
         testing::encode_nop() + testing::encode_window_scale(7);
}
Bytes capable_syn(std::uint32_t number) { return plain_syn(number) + testing::encode_mp_capable({.version = 1}); }
Bytes join_syn(std::uint32_t number) { return plain_syn(number) + testing::encode_mp_join_syn(1, number, ~number); }
Bytes all_nops(std::uint32_t) { return testing::encode_nop(40); }

/// Option lists as they stand behind a TCP header.
class Lists {
 public:
  explicit Lists(Bytes (*list)(std::uint32_t)) {
    for (std::uint32_t number = 0; number < kLists; ++number) {
      segments_.push_back(testing::PacketBuilder().tcp(40000, 80).ack(number).option(list(number)).build());
      views_.emplace_back(segments_.back());
    }
  }
  /// Header and options.
  [[nodiscard]] const std::vector<mptap::Bytes>& segments() const { return views_; }

 private:
  std::vector<Bytes> segments_;
  std::vector<mptap::Bytes> views_;
};

void scan_options(benchmark::State& state, Bytes (*list)(std::uint32_t), std::size_t expected) {
  const Lists lists(list);
  std::vector<mptap::Bytes> options;
  for (const mptap::Bytes segment : lists.segments()) options.push_back(segment.subspan(20));
  std::size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (const mptap::Bytes bytes : options) {
      OptionScan scan;
      scan_tcp_options(bytes, scan);
      found += scan.count;
      benchmark::DoNotOptimize(scan);
    }
  }
  close(state, options.size(), found == expected * options.size(), "not as many MPTCP options as there are");
}
BENCHMARK_CAPTURE(scan_options, none, none, 0);
BENCHMARK_CAPTURE(scan_options, timestamps, timestamps, 0);
BENCHMARK_CAPTURE(scan_options, timestamps_dss, dss, 1);
BENCHMARK_CAPTURE(scan_options, timestamps_sack_dss, sack_and_dss, 1);
BENCHMARK_CAPTURE(scan_options, plain_syn, plain_syn, 0);
BENCHMARK_CAPTURE(scan_options, capable_syn, capable_syn, 1);
BENCHMARK_CAPTURE(scan_options, join_syn, join_syn, 1);
BENCHMARK_CAPTURE(scan_options, all_nops, all_nops, 0);

void parse_tcp_header(benchmark::State& state) {
  const Lists lists(timestamps);
  std::size_t parsed = 0;
  for (auto _ : state) {
    parsed = 0;
    for (const mptap::Bytes bytes : lists.segments()) {
      TcpSegment segment;
      parsed += parse_tcp(bytes, static_cast<std::uint32_t>(bytes.size()), segment) == TcpStatus::kOk ? 1 : 0;
      benchmark::DoNotOptimize(segment);
    }
  }
  close(state, lists.segments().size(), parsed == lists.segments().size(), "a header was refused");
}
BENCHMARK(parse_tcp_header);

}  // namespace
}  // namespace mptap::bench

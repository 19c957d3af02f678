// MPTCP options decoded a second, by subtype and step.
#include "dataplane/mptcp_option.h"

#include <array>
#include <vector>

#include "tests/bench/micro/verdict.h"
#include "tests/support/mptcp_encode.h"

namespace mptap::bench {
namespace {

using testing::Bytes;

constexpr std::size_t kOptions = 1024;

Bytes capable_syn(std::uint32_t) { return testing::encode_mp_capable({.version = 1}); }
Bytes capable_syn_ack(std::uint32_t number) { return testing::encode_mp_capable({.version = 1, .sender_key = number}); }
Bytes capable_ack(std::uint32_t number) {
  return testing::encode_mp_capable({.version = 1, .sender_key = number, .receiver_key = ~number});
}
Bytes join_syn(std::uint32_t number) { return testing::encode_mp_join_syn(1, number, ~number); }
Bytes join_syn_ack(std::uint32_t number) { return testing::encode_mp_join_synack(1, number, ~number); }
Bytes join_ack(std::uint32_t number) {
  std::array<std::uint8_t, 20> hmac{};
  hmac.fill(static_cast<std::uint8_t>(number));
  return testing::encode_mp_join_ack(hmac);
}
Bytes dss_ack(std::uint32_t number) { return testing::encode_dss({.data_ack = number}); }
Bytes dss_data(std::uint32_t number) {
  return testing::encode_dss({.data_ack = number, .mapping = testing::DssMapping{number, number, 1400, {}}, .dsn8 = true});
}
Bytes add_addr(std::uint32_t number) {
  return testing::encode_add_addr(
      {.address_id = 2, .address = testing::IpAddress::parse("192.0.2.1"), .port = std::uint16_t{443}, .addr_hmac = number});
}
Bytes remove_addr(std::uint32_t) { return testing::encode_remove_addr(std::array<std::uint8_t, 3>{1, 2, 3}); }
Bytes fast_close(std::uint32_t number) { return testing::encode_mp_fastclose(number); }
Bytes too_short(std::uint32_t) { return testing::encode_mptcp_raw(0, 1, Bytes(5, 0)); }

void decode_options(benchmark::State& state, Bytes (*make)(std::uint32_t), int tcp_flags, OptionError expected = OptionError::kOk) {
  std::vector<Bytes> options;
  for (std::uint32_t number = 0; number < kOptions; ++number) options.push_back(make(number));
  std::size_t right = 0;
  for (auto _ : state) {
    right = 0;
    for (const Bytes& bytes : options) {
      MptcpOption option;
      right += decode_mptcp_option(bytes, static_cast<std::uint8_t>(tcp_flags), option) == expected ? 1 : 0;
      benchmark::DoNotOptimize(option);
    }
  }
  close(state, options.size(), right == options.size(), "an option was decoded to another verdict");
}
constexpr int kSyn = tcp_flag::kSyn;
constexpr int kAck = tcp_flag::kAck;
BENCHMARK_CAPTURE(decode_options, capable_syn, capable_syn, kSyn);
BENCHMARK_CAPTURE(decode_options, capable_syn_ack, capable_syn_ack, kSyn | kAck);
BENCHMARK_CAPTURE(decode_options, capable_ack, capable_ack, kAck);
BENCHMARK_CAPTURE(decode_options, join_syn, join_syn, kSyn);
BENCHMARK_CAPTURE(decode_options, join_syn_ack, join_syn_ack, kSyn | kAck);
BENCHMARK_CAPTURE(decode_options, join_ack, join_ack, kAck);
BENCHMARK_CAPTURE(decode_options, dss_ack, dss_ack, kAck);
BENCHMARK_CAPTURE(decode_options, dss_data, dss_data, kAck);
BENCHMARK_CAPTURE(decode_options, add_addr, add_addr, kAck);
BENCHMARK_CAPTURE(decode_options, remove_addr, remove_addr, kAck);
BENCHMARK_CAPTURE(decode_options, fast_close, fast_close, kAck);
BENCHMARK_CAPTURE(decode_options, malformed, too_short, kAck, OptionError::kLength);

}  // namespace
}  // namespace mptap::bench

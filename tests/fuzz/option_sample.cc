// mptap-option-sample COUNT SEED CAPTURE: writes segments with one MPTCP option each, such as the mutator of the fuzz
// targets makes, for tests/oracle/run to hold what our decoder says of them against what tshark says. The same seed always
// gives the same capture.
//
// Exit codes: 0; 1 where the capture cannot be written; 2 for wrong arguments.
#include <charconv>
#include <cstdio>
#include <exception>
#include <string>

#include "tests/fuzz/option_mutation.h"
#include "tests/fuzz/plain_mutate.h"
#include "tests/support/capture_writer.h"
#include "tests/support/packet_builder.h"

namespace {

namespace ts = mptap::testing;
using mptap::fuzz::Dice;

constexpr std::size_t kRoom = 1 + mptap::fuzz::kLongestOption;

/// A segment's flags, and an option of 3..40 bytes whose length byte is true.
struct Sample {
  std::uint8_t tcp_flags;
  ts::Bytes option;
};

Sample next_sample(Dice& dice) {
  ts::Bytes bytes(kRoom);
  std::size_t size = 1 + mptap::fuzz::make_option(dice, &bytes[1], bytes[0]);
  for (std::size_t i = dice.below(3); i > 0; --i) {
    size = mptap::fuzz::mutate_flags_and_option(bytes.data(), size, kRoom, static_cast<unsigned>(dice.next()));
  }
  bytes.resize(size < 4 ? 4 : size);
  bytes[1] = 30;
  bytes[2] = static_cast<std::uint8_t>(bytes.size() - 1);
  return {static_cast<std::uint8_t>(bytes[0] & 0x1f), ts::Bytes(bytes.begin() + 1, bytes.end())};
}

void write_samples(std::uint64_t count, std::uint64_t seed, const std::string& path) {
  Dice dice(seed);
  mptap::fuzz::seed_plain_mutation(seed);
  ts::CaptureWriter capture(path, {});
  for (std::uint64_t i = 0; i < count; ++i) {
    const Sample sample = next_sample(dice);
    // Each on a flow of its own: tshark reads options by what it has seen of their connection.
    const auto port = static_cast<std::uint16_t>(1024 + i % 60'000);
    ts::PacketBuilder frame = ts::PacketBuilder().ethernet().ipv4("192.0.2.1", "198.51.100.2").tcp(port, 80);
    frame.seq(1).ack(1).flags(sample.tcp_flags).option(sample.option);
    capture.write(static_cast<std::int64_t>(i + 1) * 1'000'000, frame.build());
  }
  capture.close();
}

bool read_number(const char* text, std::uint64_t& out) {
  const std::string whole = text;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), out);
  return error == std::errc() && end == whole.data() + whole.size();
}

}  // namespace

int main(int argc, char** argv) try {
  std::uint64_t count = 0;
  std::uint64_t seed = 0;
  if (argc != 4 || !read_number(argv[1], count) || !read_number(argv[2], seed)) {
    std::fputs("usage: mptap-option-sample COUNT SEED CAPTURE\n", stderr);
    return 2;
  }
  write_samples(count, seed, argv[3]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "mptap-option-sample: %s\n", error.what());
  return 1;
}

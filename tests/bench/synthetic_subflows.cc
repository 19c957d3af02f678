#include "tests/bench/synthetic_subflows.h"

#include <time.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "tests/bench/wire.h"

namespace mptap::bench {
namespace {

constexpr std::uint16_t kPayloadBytes = 1380;
constexpr std::size_t kIp = 14;
constexpr std::size_t kTcp = kIp + 20;
constexpr std::size_t kTimestamps = kTcp + 20;
constexpr std::size_t kDss = kTimestamps + 12;

/// What all segments have in common.
void write_frame(std::uint8_t* frame) {
  std::memset(frame, 0, SyntheticSubflows::kFrameBytes);
  store16(frame + 12, 0x0800);
  frame[kIp] = 0x45;
  store16(frame + kIp + 2, static_cast<std::uint16_t>(20 + 20 + 40 + kPayloadBytes));
  store16(frame + kIp + 6, 0x4000);
  frame[kIp + 8] = 64;
  frame[kIp + 9] = 6;
  frame[kTcp + 12] = 15 << 4;
  frame[kTcp + 13] = 0x18;  // PSH, ACK
  store16(frame + kTcp + 14, 502);
  constexpr std::uint8_t kNopNopTimestamps[]{1, 1, 8, 10};
  std::memcpy(frame + kTimestamps, kNopNopTimestamps, sizeof kNopNopTimestamps);
  constexpr std::uint8_t kOption[]{30, 26, 0x20, 0x0f};  // DSS with 8-byte data ACK and DSN
  std::memcpy(frame + kDss, kOption, sizeof kOption);
  store16(frame + kDss + 24, kPayloadBytes);
  frame[kDss + 26] = frame[kDss + 27] = 1;
}

std::uint64_t read_clock_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

SyntheticSubflows::SyntheticSubflows(std::uint32_t subflows)
    : subflows_(subflows), bits_(static_cast<unsigned>(std::bit_width(std::max(subflows, 4u) - 1))) {
  for (auto& frame : frames_) write_frame(frame.data());
}

/// A permutation of the numbers of bits_ bits, another one each round: slots lie in the order of the first
/// round, and a table that is walked in order costs less than one that is not.
std::uint32_t SyntheticSubflows::shuffle(std::uint32_t number) const noexcept {
  const std::uint32_t mask = (1u << bits_) - 1;
  const unsigned half = (bits_ + 1) / 2;
  std::uint32_t x = (number + static_cast<std::uint32_t>(round_) * 0x85ebca6bu) & mask;
  for (const std::uint32_t odd : {0x9e3779b1u, 0x7feb352du, 0x846ca68bu}) {
    x = (x * odd + static_cast<std::uint32_t>(round_)) & mask;
    x ^= x >> half;
  }
  return x;
}

void SyntheticSubflows::write_segment(std::uint8_t* frame, std::uint32_t subflow) const noexcept {
  const bool back = (round_ & 1) != 0;
  const std::uint64_t turns = round_ / 2;
  const auto sent = static_cast<std::uint32_t>(turns * kPayloadBytes);
  const std::uint64_t seed = (subflow + 1) * 0x9e3779b97f4a7c15u;
  const std::uint32_t client = 0x0a000001u + subflow;
  constexpr std::uint32_t kServer = 0xc6120001u;
  const auto ports = static_cast<std::uint32_t>(32'768 + (seed >> 50)) << 16 | 443;
  store16(frame + kIp + 4, static_cast<std::uint16_t>(seed + round_));
  store32(frame + kIp + 12, back ? kServer : client);
  store32(frame + kIp + 16, back ? client : kServer);
  store32(frame + kTcp, back ? ports << 16 | ports >> 16 : ports);
  const auto opener_seq = static_cast<std::uint32_t>(seed >> 8) + sent;
  const auto acceptor_seq = static_cast<std::uint32_t>(seed >> 24) + sent;
  store32(frame + kTcp + 4, back ? acceptor_seq : opener_seq);
  store32(frame + kTcp + 8, back ? opener_seq + kPayloadBytes : acceptor_seq);
  const auto now = static_cast<std::uint32_t>(round_ * 10);
  store32(frame + kTimestamps + 4, now + static_cast<std::uint32_t>(seed >> 3));
  store32(frame + kTimestamps + 8, now + static_cast<std::uint32_t>(seed >> 5));
  const std::uint64_t opener_dsn = seed + turns * kPayloadBytes;
  const std::uint64_t acceptor_dsn = (seed ^ 0x5555555555555555u) + turns * kPayloadBytes;
  store64(frame + kDss + 4, back ? opener_dsn + kPayloadBytes : acceptor_dsn);
  store64(frame + kDss + 12, back ? acceptor_dsn : opener_dsn);
  store32(frame + kDss + 20, 1 + sent);
}

ReceiveStatus SyntheticSubflows::receive(Burst& burst) noexcept {
  const std::uint64_t now_ns = read_clock_ns();
  for (std::size_t i = 0; i < Burst::kCapacity; ++i) {
    std::uint8_t* const frame = frames_[i].data();
    std::uint32_t subflow = shuffle(next_++);
    while (subflow >= subflows_) subflow = shuffle(next_++);
    write_segment(frame, subflow);
    PacketView& packet = burst.packets[i];
    packet.data = frame;
    packet.captured_bytes = kFrameBytes;
    packet.wire_bytes = static_cast<std::uint32_t>(kFrameBytes) + kPayloadBytes;
    packet.time_ns = now_ns;
    if (++shown_ < subflows_) continue;
    shown_ = next_ = 0;
    ++round_;
  }
  burst.size = Burst::kCapacity;
  return ReceiveStatus::kMore;
}

}  // namespace mptap::bench

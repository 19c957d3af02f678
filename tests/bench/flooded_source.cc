#include "tests/bench/flooded_source.h"

#include <algorithm>

namespace mptap::bench {
namespace {

std::uint64_t read_clock_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t to_ns(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

}  // namespace

FloodedSource::FloodedSource(const std::string& capture, PacketSource& flood, double opening_seconds,
                             double flood_seconds)
    : flood_(flood), opening_ns_(to_ns(opening_seconds)), flood_ns_(to_ns(flood_seconds)) {
  std::string error;
  const auto file = PcapFile::open(capture, 0, error);
  if (!file) throw std::runtime_error(error);
  std::uint64_t first_ns = 0;
  while (file->try_advance()) {
    const PacketView& packet = file->packet();
    if (honest_.empty()) first_ns = packet.time_ns;
    honest_.push_back({packet.time_ns - first_ns, bytes_.size(), packet.captured_bytes, packet.wire_bytes});
    bytes_.insert(bytes_.end(), packet.data, packet.data + packet.captured_bytes);
  }
  if (honest_.empty() || honest_.back().due_ns <= opening_ns_)
    throw std::runtime_error(capture + ": nothing is after the opening");
  // The last twentieth of the flood has no honest packet: what was late must still be right.
  const double stretch =
      0.95 * flood_seconds * 1e9 / static_cast<double>(honest_.back().due_ns - opening_ns_);
  for (Honest& packet : honest_) {
    if (packet.due_ns <= opening_ns_) continue;
    packet.due_ns =
        opening_ns_ + static_cast<std::uint64_t>(static_cast<double>(packet.due_ns - opening_ns_) * stretch);
  }
}

void FloodedSource::enter_phase(std::uint64_t elapsed_ns) noexcept {
  const Phase phase = elapsed_ns < opening_ns_                                         ? Phase::kOpening
                      : elapsed_ns < opening_ns_ + flood_ns_ || next_ < honest_.size() ? Phase::kFlood
                                                                                       : Phase::kEnded;
  if (phase != phase_.load(std::memory_order_relaxed)) phase_.store(phase, std::memory_order_release);
}

ReceiveStatus FloodedSource::receive(Burst& burst) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (!started_) start_ = now;
  started_ = true;
  const auto elapsed_ns = static_cast<std::uint64_t>((now - start_).count());
  enter_phase(elapsed_ns);
  burst.size = 0;
  if (phase_.load(std::memory_order_relaxed) == Phase::kFlood) flood_.receive(burst);
  time_ns_ = std::max(time_ns_, burst.size != 0 ? burst.packets[0].time_ns : read_clock_ns());
  for (std::size_t taken = 0;
       taken < kMostHonest && next_ < honest_.size() && honest_[next_].due_ns <= elapsed_ns; ++taken) {
    const std::size_t place =
        burst.size < Burst::kCapacity ? burst.size++ : Burst::kCapacity - kMostHonest + taken;
    const Honest& honest = honest_[next_++];
    PacketView& packet = burst.packets[place];
    packet.data = &bytes_[honest.offset];
    packet.captured_bytes = honest.captured_bytes;
    packet.wire_bytes = honest.wire_bytes;
    packet.time_ns = time_ns_;
  }
  return ReceiveStatus::kMore;
}

}  // namespace mptap::bench

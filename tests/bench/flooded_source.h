// Honest traffic of a capture, alone at first and then amid a flood.
#pragma once

#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/packet_source.h"
#include "dataplane/pcap_file.h"

namespace mptap::bench {

/// Plays a capture in its own time while nothing else is there, then stretched over the flood. A packet of
/// the capture that is due takes the place of one of the flood's.
///
/// The worker's thread; phase() any thread.
class FloodedSource final : public PacketSource {
 public:
  enum class Phase : std::uint8_t { kOpening, kFlood, kEnded };

  /// @param flood            Outlives this.
  /// @param opening_seconds  Of the capture: what is before the flood.
  /// @param flood_seconds    What the rest of the capture is stretched to.
  /// @throws std::runtime_error  The capture cannot be read.
  FloodedSource(const std::string& capture, PacketSource& flood, double opening_seconds,
                double flood_seconds);

  ReceiveStatus receive(Burst& burst) noexcept override;
  [[nodiscard]] bool is_live() const override { return true; }

  [[nodiscard]] Phase phase() const { return phase_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t honest_packets() const { return honest_.size(); }

 private:
  static constexpr std::size_t kMostHonest = 16;  // of a burst

  struct Honest {
    std::uint64_t due_ns;  // since the start
    std::size_t offset;    // in bytes_
    std::uint32_t captured_bytes;
    std::uint32_t wire_bytes;
  };

  void enter_phase(std::uint64_t elapsed_ns) noexcept;

  PacketSource& flood_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Honest> honest_;
  std::size_t next_ = 0;
  const std::uint64_t opening_ns_;
  const std::uint64_t flood_ns_;
  std::chrono::steady_clock::time_point start_{};
  bool started_ = false;
  std::uint64_t time_ns_ = 0;
  std::atomic<Phase> phase_{Phase::kOpening};
};

}  // namespace mptap::bench

// Plays a capture first, as if it were live, and then hands over to another source.
#pragma once

#include <time.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "dataplane/packet_source.h"
#include "dataplane/pcap_source.h"

namespace mptap::bench {

/// The handshakes that are to be known before anything is measured, at a pace that control can follow.
///
/// The worker's thread; has_opened() any thread.
class OpeningSource final : public PacketSource {
 public:
  /// @param source  Outlives this; asked once the capture is at its end.
  /// @throws std::runtime_error  The capture cannot be read.
  OpeningSource(const std::string& capture, PacketSource& source, std::uint64_t packets_per_second)
      : source_(source) {
    PcapSource::Opened opened = PcapSource::open({capture});
    if (!opened.source) throw std::runtime_error(opened.error);
    capture_ = std::move(opened.source);
    burst_ns_ = kNsPerSecond * Burst::kCapacity / packets_per_second;
  }

  ReceiveStatus receive(Burst& burst) noexcept override {
    if (!capture_) return source_.receive(burst);
    const std::uint64_t now_ns = std::max(read_clock_ns(), last_ns_);
    burst.size = 0;
    if (now_ns < next_ns_) return ReceiveStatus::kMore;
    next_ns_ = now_ns + burst_ns_;
    const ReceiveStatus status = capture_->receive(burst);
    for (std::size_t i = 0; i < burst.size; ++i) burst.packets[i].time_ns = now_ns;
    last_ns_ = now_ns;
    if (status == ReceiveStatus::kMore) return status;
    capture_.reset();
    opened_.store(true, std::memory_order_release);
    return ReceiveStatus::kMore;
  }
  /// Bursts of the capture hold nothing of the source's.
  void release(std::uint64_t dropped) noexcept override { source_.release(dropped); }
  [[nodiscard]] bool is_live() const override { return true; }
  [[nodiscard]] bool has_opened() const { return opened_.load(std::memory_order_acquire); }

 private:
  static constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

  static std::uint64_t read_clock_ns() noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
  }

  PacketSource& source_;
  std::unique_ptr<PcapSource> capture_;
  std::uint64_t burst_ns_ = 0;
  std::uint64_t next_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::atomic<bool> opened_{false};
};

}  // namespace mptap::bench

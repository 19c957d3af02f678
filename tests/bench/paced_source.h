// A source that delivers no more than so many packets a second.
#pragma once

#include <chrono>
#include <cstdint>

#include "dataplane/packet_source.h"

namespace mptap::bench {

/// Holds back whole bursts. The worker's thread.
class PacedSource final : public PacketSource {
 public:
  PacedSource(PacketSource& source, std::uint64_t packets_per_second)
      : source_(source), packet_ns_(1e9 / static_cast<double>(packets_per_second)) {}

  ReceiveStatus receive(Burst& burst) noexcept override {
    burst.size = 0;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return ReceiveStatus::kMore;
    const ReceiveStatus status = source_.receive(burst);
    if (next_ + std::chrono::milliseconds(1) < now)
      next_ = now;  // what was missed for longer is not caught up
    next_ +=
        std::chrono::nanoseconds(static_cast<std::int64_t>(packet_ns_ * static_cast<double>(burst.size)));
    return status;
  }
  void release(std::uint64_t dropped) noexcept override { source_.release(dropped); }
  [[nodiscard]] bool is_live() const override { return source_.is_live(); }

 private:
  PacketSource& source_;
  const double packet_ns_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace mptap::bench

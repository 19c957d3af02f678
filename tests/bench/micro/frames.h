// Frames of the packet builder in memory like that of packet buffers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/packet_source.h"
#include "tests/support/packet_builder.h"

namespace mptap::bench {

/// As many frames as a ring of a card may hold, one behind the other, each on cache lines of its own.
class Frames {
 public:
  static constexpr std::size_t kCount = 1024;

  /// @param build  Makes the frame of a number; deterministic.
  explicit Frames(const std::function<testing::Bytes(std::uint32_t)>& build, std::size_t count = kCount) {
    std::vector<std::pair<std::size_t, std::size_t>> places;  // offset and size
    for (std::uint32_t number = 0; number < count; ++number) {
      const testing::Bytes frame = build(number);
      places.emplace_back(memory_.size(), frame.size());
      memory_.insert(memory_.end(), frame.begin(), frame.end());
      memory_.resize((memory_.size() + kLine - 1) / kLine * kLine);
    }
    for (const auto& [offset, size] : places) {
      PacketView view;
      view.data = memory_.data() + offset;
      view.captured_bytes = view.wire_bytes = static_cast<std::uint32_t>(size);
      views_.push_back(view);
    }
  }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  [[nodiscard]] const std::vector<PacketView>& views() const { return views_; }
  /// The bytes of a frame, to be changed.
  [[nodiscard]] std::uint8_t* at(std::size_t number) { return memory_.data() + (views_[number].data - memory_.data()); }

 private:
  static constexpr std::size_t kLine = 64;
  std::vector<std::uint8_t> memory_;
  std::vector<PacketView> views_;
};

/// 10.x.y.z of a number below 2^24.
inline std::string v4_of(std::uint32_t number) {
  return "10." + std::to_string(number >> 16 & 255) + "." + std::to_string(number >> 8 & 255) + "." + std::to_string(number & 255);
}

}  // namespace mptap::bench

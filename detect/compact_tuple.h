// The two ends of a subflow in 12 bytes, for a million objects.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "dataplane/types.h"

namespace mptap {

/// A FourTuple: two IPv4 addresses stand in 8 bytes, others in a block of their own whose pointer takes that place.
/// Pointers to user memory leave the highest 16 bits zero; pairs of IPv4 addresses for which that holds too (an acceptor in
/// 0.0.0.0/16) get a block like IPv6. One thread; copies are deep.
class CompactTuple {
 public:
  CompactTuple() = default;
  CompactTuple(const FourTuple& tuple) { set(tuple); }  // NOLINT(google-explicit-constructor): the same value
  CompactTuple(const CompactTuple& other) : CompactTuple(static_cast<FourTuple>(other)) {}
  CompactTuple(CompactTuple&& other) noexcept
      : addresses_(std::exchange(other.addresses_, {})), ports_(std::exchange(other.ports_, {})) {}
  CompactTuple& operator=(CompactTuple other) noexcept {
    std::swap(addresses_, other.addresses_);
    std::swap(ports_, other.ports_);
    return *this;
  }
  ~CompactTuple() {
    if (is_apart()) delete apart();
  }

  operator FourTuple() const { return {opener(), acceptor()}; }  // NOLINT(google-explicit-constructor): the same value
  [[nodiscard]] Endpoint opener() const { return {address(0), ports_[0]}; }
  [[nodiscard]] Endpoint acceptor() const { return {address(1), ports_[1]}; }
  friend bool operator==(const CompactTuple& a, const CompactTuple& b) {
    return static_cast<FourTuple>(a) == static_cast<FourTuple>(b);
  }

 private:
  using Apart = std::array<IpAddress, 2>;

  [[nodiscard]] bool is_set() const { return (addresses_[0] | addresses_[1]) != 0; }
  [[nodiscard]] bool is_apart() const { return is_set() && addresses_[1] >> 16 == 0; }
  [[nodiscard]] Apart* apart() const {
    return std::bit_cast<Apart*>(std::uint64_t{addresses_[1]} << 32 | addresses_[0]);
  }

  [[nodiscard]] IpAddress address(std::size_t end) const {
    if (!is_set()) return {};
    if (is_apart()) return (*apart())[end];
    const std::uint32_t wire = __builtin_bswap32(addresses_[end]);
    return IpAddress::from_v4(reinterpret_cast<const std::uint8_t*>(&wire));
  }

  void set(const FourTuple& tuple) {
    ports_ = {tuple.opener.port, tuple.acceptor.port};
    const Apart both{tuple.opener.address, tuple.acceptor.address};
    if (both == Apart{}) return;
    if (both[0].is_v4() && both[1].is_v4()) {
      for (std::size_t end = 0; end < 2; ++end) {
        std::memcpy(&addresses_[end], &both[end].bytes[12], sizeof addresses_[end]);
        addresses_[end] = __builtin_bswap32(addresses_[end]);
      }
      if (addresses_[1] >> 16 != 0) return;
    }
    const auto pointer = std::bit_cast<std::uint64_t>(std::make_unique<Apart>(both).release());
    addresses_ = {static_cast<std::uint32_t>(pointer), static_cast<std::uint32_t>(pointer >> 32)};
  }

  std::array<std::uint32_t, 2> addresses_{};  // host order; [0] the opener's; or the halves of a pointer, low first
  std::array<std::uint16_t, 2> ports_{};
};
static_assert(sizeof(CompactTuple) == 12);

}  // namespace mptap

// A bounded reader of big-endian wire bytes: the only way the dataplane reads a packet.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace mptap {

using Bytes = std::span<const std::uint8_t>;

/// Reads big-endian numbers at fixed offsets of a header whose size the caller has checked once.
/// Offsets beyond the span are a programming error: has() is the check for what the wire says.
/// Any thread; no allocation, no throw.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : bytes_(bytes) {}

  /// True where `count` bytes stand at `offset`; never adds to an untrusted length.
  [[nodiscard]] bool has(std::size_t offset, std::size_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }
  [[nodiscard]] std::uint8_t u8(std::size_t offset) const { return bytes_[offset]; }
  [[nodiscard]] std::uint16_t u16(std::size_t offset) const { return __builtin_bswap16(load<std::uint16_t>(offset)); }
  [[nodiscard]] std::uint32_t u32(std::size_t offset) const { return __builtin_bswap32(load<std::uint32_t>(offset)); }
  [[nodiscard]] std::uint64_t u64(std::size_t offset) const { return __builtin_bswap64(load<std::uint64_t>(offset)); }
  [[nodiscard]] const std::uint8_t* at(std::size_t offset) const { return bytes_.data() + offset; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// What follows `offset`; empty where the span ends before it.
  [[nodiscard]] Bytes from(std::size_t offset) const {
    return offset <= bytes_.size() ? bytes_.subspan(offset) : Bytes{};
  }

 private:
  static_assert(std::endian::native == std::endian::little, "DPDK's x86 and ARM targets");

  template <typename T>
  [[nodiscard]] T load(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  Bytes bytes_;
};

}  // namespace mptap

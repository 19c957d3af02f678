#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mptap::testing {

using Bytes = std::vector<std::uint8_t>;

/// Appends integers in network byte order (most significant byte first) to a growing buffer.
///
/// Every call returns the writer, so that a header reads as one chain. `take` moves the buffer out and
/// leaves the writer empty. Throws only what std::vector throws.
class ByteWriter {
 public:
  ByteWriter& u8(std::uint64_t value) { return big_endian(value, 1); }
  ByteWriter& u16(std::uint64_t value) { return big_endian(value, 2); }
  ByteWriter& u24(std::uint64_t value) { return big_endian(value, 3); }
  ByteWriter& u32(std::uint64_t value) { return big_endian(value, 4); }
  ByteWriter& u48(std::uint64_t value) { return big_endian(value, 6); }
  ByteWriter& u64(std::uint64_t value) { return big_endian(value, 8); }
  ByteWriter& append(std::span<const std::uint8_t> bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& zeros(std::size_t count) {
    buffer_.resize(buffer_.size() + count, 0);
    return *this;
  }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }
  [[nodiscard]] Bytes take() { return std::move(buffer_); }

 private:
  ByteWriter& big_endian(std::uint64_t value, int octets) {
    for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
      buffer_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    return *this;
  }

  Bytes buffer_;
};

/// Overwrites two bytes at `offset` with `value`, most significant byte first.
inline void store_u16(Bytes& bytes, std::size_t offset, std::uint16_t value) {
  bytes.at(offset) = static_cast<std::uint8_t>(value >> 8);
  bytes.at(offset + 1) = static_cast<std::uint8_t>(value);
}

/// The Internet checksum: ones' complement of the ones' complement sum of 16-bit words.
///
/// Pieces may be added one after the other; each but the last must have an even number of bytes.
/// Source: RFC 1071.
class InternetChecksum {
 public:
  InternetChecksum& add(std::span<const std::uint8_t> bytes) {
    std::size_t i = 0;
    for (; i + 1 < bytes.size(); i += 2) {
      sum_ += (static_cast<std::uint64_t>(bytes[i]) << 8) | bytes[i + 1];
    }
    if (i < bytes.size()) sum_ += static_cast<std::uint64_t>(bytes[i]) << 8;
    return *this;
  }
  InternetChecksum& add_u16(std::uint64_t word) {
    sum_ += word & 0xffff;
    return *this;
  }
  InternetChecksum& add_u32(std::uint64_t word) { return add_u16(word >> 16).add_u16(word); }
  InternetChecksum& add_u64(std::uint64_t word) { return add_u32(word >> 32).add_u32(word); }
  [[nodiscard]] std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace mptap::testing

// Wire bytes in a heap buffer of exactly their size: a sanitizer sees every read beyond it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/cursor.h"

namespace mptap::test {

using Octets = std::vector<std::uint8_t>;

class ExactBytes {
 public:
  explicit ExactBytes(std::span<const std::uint8_t> from)
      : size_(from.size()), data_(std::make_unique<std::uint8_t[]>(from.size())) {
    std::copy(from.begin(), from.end(), data_.get());
  }
  [[nodiscard]] Bytes view() const { return {data_.get(), size_}; }
  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<std::uint8_t[]> data_;
};

/// "1e040101" as bytes; spaces are allowed.
inline Octets octets_of(std::string_view hex) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Octets octets;
  std::string_view::size_type used = 0;
  unsigned high = 0;
  for (const char c : hex) {
    if (c == ' ') continue;
    if (used++ % 2 == 0) {
      high = digit(c);
    } else {
      octets.push_back(static_cast<std::uint8_t>(high << 4 | digit(c)));
    }
  }
  return octets;
}

/// Several pieces as one.
inline Octets joined(std::initializer_list<Octets> pieces) {
  Octets all;
  for (const Octets& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

}  // namespace mptap::test

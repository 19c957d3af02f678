// A TCP option list read in the plainest way: what the dataplane's quick scanner is held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mptap::reference {

struct OptionAt {
  std::size_t offset;
  std::size_t length;
  friend bool operator==(const OptionAt&, const OptionAt&) = default;
};

struct OptionList {
  std::vector<OptionAt> mptcp;      // kind 30, in order
  bool has_timestamps = false;      // kind 8
  bool broken = false;              // not walkable to its end
};

/// Source: RFC 9293 section 3.2: kind 0 ends the list, kind 1 is one byte, any other has a length byte that counts both.
/// An MPTCP option has a subtype (RFC 8684 section 3), so at least 3 bytes.
[[nodiscard]] OptionList read_option_list(std::span<const std::uint8_t> options);

}  // namespace mptap::reference

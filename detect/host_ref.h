// Names one host of one connection.
#pragma once

#include "detect/refs.h"

namespace mptap {

struct HostRef {
  ConnectionRef connection;
  Role role = Role::kResponder;
  friend bool operator==(const HostRef&, const HostRef&) = default;
};

/// The same in 4 bytes, for tables that a connection leaves before its place is used again. There are at most 2^24 places.
class PackedHostRef {
 public:
  PackedHostRef() = default;
  explicit PackedHostRef(const HostRef& host)
      : index_and_role_(host.connection.index << 1 | static_cast<std::uint32_t>(host.role)) {}

  [[nodiscard]] bool is_set() const { return index_and_role_ != kUnset; }
  [[nodiscard]] std::uint32_t index() const { return index_and_role_ >> 1; }
  [[nodiscard]] Role role() const { return static_cast<Role>(index_and_role_ & 1); }
  friend bool operator==(const PackedHostRef&, const PackedHostRef&) = default;

 private:
  static constexpr std::uint32_t kUnset = 0xffffffff;
  std::uint32_t index_and_role_ = kUnset;
};

}  // namespace mptap

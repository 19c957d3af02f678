// Names one host of one connection.
#pragma once

#include "detect/connection.h"

namespace mptap {

struct HostRef {
  ConnectionRef connection;
  Role role = Role::kResponder;
  friend bool operator==(const HostRef&, const HostRef&) = default;
};

/// The same in 8 bytes, for tables. Connections have at most 2^24 places.
class PackedHostRef {
 public:
  PackedHostRef() = default;
  explicit PackedHostRef(const HostRef& host)
      : index_and_role_(host.connection.index << 1 | static_cast<std::uint32_t>(host.role)), serial_(host.connection.serial) {}

  [[nodiscard]] bool is_set() const { return index_and_role_ != kUnset; }
  [[nodiscard]] HostRef unpack() const {
    return {{index_and_role_ >> 1, serial_}, static_cast<Role>(index_and_role_ & 1)};
  }
  friend bool operator==(const PackedHostRef&, const PackedHostRef&) = default;

 private:
  static constexpr std::uint32_t kUnset = 0xffffffff;
  std::uint32_t index_and_role_ = kUnset;
  std::uint32_t serial_ = 0;
};

}  // namespace mptap

// Names of roles, subflows and connections, by which control's tables point at each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/record.h"

namespace mptap {

enum class Role : std::uint8_t { kInitiator = 0, kResponder = 1 };
constexpr Role other(Role role) { return role == Role::kInitiator ? Role::kResponder : Role::kInitiator; }

/// Names a subflow in control: worker and slot; the generation guards against reuse.
struct SubflowRef {
  std::uint16_t worker = 0;
  std::uint16_t generation = 0;
  std::uint32_t slot = Record::kNoSlot;
  friend bool operator==(const SubflowRef&, const SubflowRef&) = default;
};

/// The same of a subflow that is known to live: 64 workers have at most 2^24 slots each.
class SubflowHandle {
 public:
  SubflowHandle() = default;
  explicit SubflowHandle(const SubflowRef& ref) : packed_(std::uint32_t{ref.worker} << kSlotBits | ref.slot) {}

  [[nodiscard]] bool is_set() const { return packed_ != kUnset; }
  [[nodiscard]] std::size_t worker() const { return packed_ >> kSlotBits; }
  [[nodiscard]] std::uint32_t slot() const { return packed_ & ((1u << kSlotBits) - 1); }
  [[nodiscard]] SubflowRef with(std::uint16_t generation) const {
    if (!is_set()) return {};
    return {static_cast<std::uint16_t>(worker()), generation, slot()};
  }
  friend bool operator==(const SubflowHandle&, const SubflowHandle&) = default;

 private:
  static constexpr unsigned kSlotBits = 24;
  static constexpr std::uint32_t kUnset = 0xffffffff;
  std::uint32_t packed_ = kUnset;
};

/// Names a connection in the table; `serial` guards against reuse.
struct ConnectionRef {
  std::uint32_t index = 0xffffffff;
  std::uint32_t serial = 0;
  friend bool operator==(const ConnectionRef&, const ConnectionRef&) = default;
  [[nodiscard]] bool is_set() const { return index != 0xffffffff; }
};

}  // namespace mptap

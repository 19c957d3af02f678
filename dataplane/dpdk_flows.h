// Flows that one card drops by itself, through rte_flow.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/types.h"

struct rte_flow;

namespace mptap {

/// One thread; each call may take milliseconds.
class DpdkFlows {
 public:
  /// A flow's two directions, as the driver knows them.
  struct Dropped {
    std::array<rte_flow*, 2> rules{};
  };

  /// @param device  Started; DPDK's port number.
  explicit DpdkFlows(std::uint16_t device) : device_(device) {}

  /// Has both directions dropped and counted.
  ///
  /// @param why  Gets the driver's words where it refuses.
  /// @return None where the card refuses either direction, or does not count. It may have dropped some of one until it refused
  ///         the other.
  [[nodiscard]] std::optional<Dropped> drop(const FourTuple& flow, std::string& why) const;

  /// Packets dropped since drop(). None where the card does not say.
  [[nodiscard]] std::optional<std::uint64_t> count(const Dropped& dropped) const;

  /// @param dropped  Loses the rules that the card gives up.
  /// @return False where it keeps one: to be tried again.
  bool withdraw(Dropped& dropped) const;

 private:
  std::uint16_t device_;
};

}  // namespace mptap

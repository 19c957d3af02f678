// Flows that one card drops by itself, through rte_flow.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

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

  /// Whether card and driver take such a rule, says the driver.
  [[nodiscard]] bool takes(const FourTuple& flow) const;

  /// Has both directions dropped and counted. None where the card refuses either, or does not count: nothing is dropped then.
  [[nodiscard]] std::optional<Dropped> drop(const FourTuple& flow) const;

  /// Packets dropped since drop(). None where the card does not say.
  [[nodiscard]] std::optional<std::uint64_t> count(const Dropped& dropped) const;

  /// False where the card keeps a rule: it goes with the device.
  bool withdraw(const Dropped& dropped) const;

 private:
  std::uint16_t device_;
};

}  // namespace mptap

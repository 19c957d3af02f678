// What the kernel driver of a PCI card means to DPDK.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace mptap {

enum class CardFate : std::uint8_t {
  kKernelOnly,    // DPDK cannot have it: another driver's, or none
  kGiven,         // given to DPDK, behind an IOMMU where there is one
  kGivenByUio,    // given to DPDK by a driver that knows no IOMMU
  kShared,        // DPDK's driver works beside the kernel's, which keeps its interface
};

/// @param driver  Its name in sysfs; empty: none.
/// Source: DPDK 22.11, "Linux drivers" of the getting started guide.
[[nodiscard]] inline CardFate fate_under(std::string_view driver) {
  constexpr std::array<std::string_view, 2> kUio = {"uio_pci_generic", "igb_uio"};
  constexpr std::array<std::string_view, 3> kBoth = {"mlx4_core", "mlx5_core", "mana"};
  if (driver == "vfio-pci") return CardFate::kGiven;
  if (std::ranges::find(kUio, driver) != kUio.end()) return CardFate::kGivenByUio;
  return std::ranges::find(kBoth, driver) != kBoth.end() ? CardFate::kShared : CardFate::kKernelOnly;
}

}  // namespace mptap

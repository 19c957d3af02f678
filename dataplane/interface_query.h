// What the kernel tells anyone of a network interface: flags, merging of segments, queues, hash. No privilege, no DPDK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mptap {

/// The flags of an interface (IFF_UP, IFF_PROMISC, ...; netdevice(7)); 0 where there is none of that name.
/// Any thread; an ioctl.
[[nodiscard]] int read_interface_flags(const std::string& interface);

/// Whether an interface is up and its driver sees a link; false where there is none of that name.
/// Any thread; an ioctl or two.
[[nodiscard]] bool read_link(const std::string& interface);

/// Brings an interface up or takes it down. @return Whether the kernel did so: it wants CAP_NET_ADMIN of the thread.
/// Any thread; two ioctls.
[[nodiscard]] bool set_interface_up(const std::string& interface, bool up);

/// The MTU of an interface in bytes, Ethernet's header not counted; nothing where there is none of that name.
/// Any thread; an ioctl.
[[nodiscard]] std::optional<std::uint32_t> read_mtu(const std::string& interface);

/// Offloads that hand several segments over as one, with the TCP options of the first only.
struct SegmentMerging {
  bool gro = false;           // by the kernel
  bool lro = false;           // by the card or its driver
  bool gro_hw = false;        // by the card, `rx-gro-hw`
  bool gro_hw_fixed = false;  // and its driver lets nobody change that, as virtio's does

  [[nodiscard]] bool any() const { return gro || lro || gro_hw; }
};

/// @return Nothing where the kernel does not answer. Any thread; a few ioctls.
[[nodiscard]] std::optional<SegmentMerging> read_merging(const std::string& interface);

/// Those that are on, as words: "GRO and LRO".
[[nodiscard]] std::string format_merging(const SegmentMerging& merging);

/// The command that switches off those that are on and can be: "ethtool -K eth1 gro off lro off"; empty where none can.
[[nodiscard]] std::string format_merging_off(const SegmentMerging& merging, const std::string& interface);

/// The receive queues of an interface (ethtool -l): combined ones and those for receiving only.
struct ReceiveQueues {
  std::uint32_t now = 0;
  std::uint32_t most = 0;
};

/// @return Nothing where its driver does not tell. Any thread; an ioctl.
[[nodiscard]] std::optional<ReceiveQueues> read_receive_queues(const std::string& interface);

/// How a card spreads flows over its queues (ethtool -x).
struct ReceiveHash {
  bool toeplitz = false;
  std::vector<std::uint8_t> key;  // empty where its driver does not tell
};

/// @return Nothing where the card has no hash, or its driver does not tell. Any thread; two ioctls.
[[nodiscard]] std::optional<ReceiveHash> read_receive_hash(const std::string& interface);

}  // namespace mptap

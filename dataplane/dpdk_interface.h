// What Linux knows of an interface that a port reads, besides DPDK: is it there, may we, what did it count.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/port_options.h"

namespace mptap {

/// Checks an interface port before DPDK is asked, so that the sentence can say what is wrong.
///
/// @param port           Its `interface` is set.
/// @param locked_bytes   Memory that its rings will lock.
/// @param warnings       Gets one sentence each: the interface is down; it merges segments (GRO, LRO).
/// @return Empty, or one sentence: no such interface (with those there are), no permission, no leave to lock
/// memory. Any thread.
[[nodiscard]] std::string check_interface(const PortOptions& port, std::uint64_t locked_bytes,
                                          std::vector<std::string>& warnings);

/// Counters of an interface, since the watch began.
struct InterfaceCounters {
  bool present = false;  // false once the interface is gone
  bool up = false;
  std::uint64_t rx_packets = 0;  // what the interface received
  std::uint64_t tx_packets =
      0;  // what the host sent by it (or mirrored to it), which a packet socket sees too
  std::uint64_t ring_packets =
      0;  // packets that reached the rings of our packet sockets, dropped ones included
  std::uint64_t ring_drops = 0;  // of these, dropped because a ring was full
};

/// Holds an interface promiscuous as long as it lives, and reads its counters.
class InterfaceWatch {
 public:
  /// @param interface    Must exist.
  /// @param promiscuous  Asked for by a socket of our own: the kernel takes it back with the process, however
  /// it ends.
  /// @param warnings     Gets a sentence where the interface would not become promiscuous.
  InterfaceWatch(std::string interface, bool promiscuous, std::vector<std::string>& warnings);
  InterfaceWatch(const InterfaceWatch&) = delete;
  InterfaceWatch& operator=(const InterfaceWatch&) = delete;
  ~InterfaceWatch();

  /// Whether someone had set it so before: then it must stay so.
  [[nodiscard]] bool was_promiscuous() const { return was_promiscuous_; }

  /// Finds the packet sockets that DPDK opened on the interface: its driver does not tell what the kernel
  /// dropped.
  void adopt_packet_sockets();

  /// Inline: takes what comes in only, not what this host sends by the interface, or it would go on to the partner, too.
  /// After adopt_packet_sockets(); af_packet only.
  void ignore_outgoing() noexcept;

  /// After the interface was down: the kernel answers the first attempt to send with that, and DPDK leaves what it wanted to send
  /// in the ring until it sends again. Takes the answer, and has the kernel send what waits. af_packet only; any thread.
  void resume_sending() noexcept;

  /// Counts from now on: what was lost before the sensor looks is no loss of its own.
  /// Main thread, before anyone reads.
  void start_counting();

  /// Any thread; a few file reads.
  [[nodiscard]] InterfaceCounters read();

 private:
  [[nodiscard]] std::uint64_t read_counter(const char* name) const;

  std::string interface_;
  bool was_promiscuous_ = false;
  int promiscuous_socket_ = -1;
  std::uint64_t rx_before_ = 0;
  std::uint64_t tx_before_ = 0;
  std::mutex mutex_;  // the kernel clears a socket's counters when they are read
  std::vector<int> sockets_;
  std::uint64_t ring_packets_ = 0;
  std::uint64_t ring_drops_ = 0;
};

}  // namespace mptap

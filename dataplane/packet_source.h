// Where packets come from: a NIC queue or a capture file, behind one virtual call a burst.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace mptap {

/// What the first byte of a frame is (the numbers of the pcap link types are the source's business).
enum class LinkType : std::uint8_t { kEthernet, kSll, kSll2, kRawIp };

/// One frame as a source delivers it. The bytes stay valid until the next call of release() or receive().
struct PacketView {
  const std::uint8_t* data = nullptr;
  std::uint32_t captured_bytes = 0;  // what `data` holds
  std::uint32_t wire_bytes = 0;      // what the frame had on the wire; at least captured_bytes
  std::uint64_t time_ns = 0;         // since the epoch
  std::uint16_t port = 0;            // index of the port or file that delivered it
  LinkType link = LinkType::kEthernet;
  bool is_inline = false;            // it goes on, unless release() says otherwise
  std::uint8_t place = 0;            // in the burst as it was delivered
};

/// As many packets as one call delivers.
struct Burst {
  static constexpr std::size_t kCapacity = 64;
  std::array<PacketView, kCapacity> packets;
  std::size_t size = 0;
};

enum class ReceiveStatus : std::uint8_t {
  kMore,      // a burst, perhaps an empty one
  kFinished,  // a file's last packet was delivered before
  kFailed,    // the file broke off or could not be read: see error()
};

/// A stream of packets for one worker.
/// One worker thread calls receive(); error() may be called once it has returned kFailed.
class PacketSource {
 public:
  PacketSource() = default;
  PacketSource(const PacketSource&) = delete;
  PacketSource& operator=(const PacketSource&) = delete;
  virtual ~PacketSource() = default;

  /// Fills `burst` with up to Burst::kCapacity packets and never waits for them.
  ///
  /// @param burst  Overwritten; its size is 0 where nothing is there.
  /// @return kMore also for a burst that precedes the end or the failure: it is told at the next call.
  /// The views die at the next call. No allocation once the largest packet was seen, no throw.
  virtual ReceiveStatus receive(Burst& burst) noexcept = 0;

  /// Changes bytes of a packet that goes on.
  ///
  /// @param place  In the burst as it was delivered.
  /// @param at     Where in the packet the bytes stand, of which there are so many.
  /// @return False where it cannot be changed; nothing was then.
  virtual bool overwrite(std::uint8_t place, std::uint32_t at, std::span<const std::uint8_t> bytes) noexcept {
    (void)place, (void)at, (void)bytes;
    return false;
  }

  /// Ends the life of the views of the last burst before the next receive(): what came in on a port of a pair goes on.
  ///
  /// @param dropped  Bit i: packet i of the burst, as it was delivered, goes nowhere.
  virtual void release(std::uint64_t dropped) noexcept { (void)dropped; }

  /// One sentence that names the file or port, the place and what to do; empty where nothing failed.
  [[nodiscard]] virtual std::string error() const { return {}; }

  /// True where packets arrive when they like (a worker then drops rather than waits).
  [[nodiscard]] virtual bool is_live() const = 0;

  /// Of live sources: when the last receive() looked, packets or not; never goes back. 0: the worker asks the clock.
  [[nodiscard]] virtual std::uint64_t time_ns() const noexcept { return 0; }
};

}  // namespace mptap

#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "tests/support/capture_writer.h"
#include "tests/support/packet_builder.h"
#include "tests/support/random.h"
#include "tests/support/truth.h"

namespace mptap::testing {

enum class Encapsulation { kNone, kVlan, kQinq, kMpls, kGre, kErspan2, kErspan3, kVxlan, kGtpu, kIpip };

/// Whose segments the tap sees.
enum class TapHears { kBoth, kOpener, kAcceptor };

/// What stands around every packet that the tap sees, and what the tap does to packets.
struct TapOptions {
  LinkType link = LinkType::kEthernet;
  Encapsulation encapsulation = Encapsulation::kNone;
  double miss = 0;       // probability that the tap does not capture a frame that may be missed
  double reorder = 0;    // probability that a frame that may be delayed is captured up to 2 ms late
  TapHears hears = TapHears::kBoth;
  double duplicate = 0;  // probability that a frame is captured twice, 2 us apart, as spans do
  std::uint32_t keep_payload_bytes = UINT32_MAX;  // frames are cut behind so many bytes of payload
};

enum class FrameKind { kTcp, kNotIp, kNotTcp, kFragment, kMalformed };

/// What the tap is told about a frame besides its bytes.
struct FrameNote {
  FrameKind kind = FrameKind::kTcp;
  SubflowTruth* subflow = nullptr;  // counted there if set
  bool from_orig = true;
  std::uint32_t payload_bytes = 0;  // of TCP, or of what else may be cut
  bool may_be_missed = false;
  bool may_be_delayed = false;
  unsigned malformed_options = 0;
};

/// The point on the network from which a capture is taken: what passes here is what there is to know.
///
/// Frames may be shown out of order; they wait in a heap until release_before() or finish() writes
/// them in order of time. Counts in Truth are made here, so they are of captured frames.
class Tap {
 public:
  /// `writer` and `truth` must outlive the tap.
  Tap(FrameSink& writer, Truth& truth, const TapOptions& options, Random random);

  /// A builder with link layer, tags and outer headers in place: the IP packet comes next.
  ///
  /// @param toward_acceptor  Direction, for MAC addresses and outer addresses.
  /// @param ethertype_only   Leave out tunnels that can carry IP only (for ARP and the like).
  [[nodiscard]] PacketBuilder new_frame(bool toward_acceptor, bool ethertype_only = false) const;

  /// A frame passes at `time_ns` (nanoseconds since 1970).
  void see(std::int64_t time_ns, Bytes frame, const FrameNote& note);

  /// Writes what passed before `time_ns`. Nothing earlier may be shown afterwards.
  void release_before(std::int64_t time_ns);

  /// Writes the rest.
  void finish();

  /// While blind, frames pass unseen: for captures that start late.
  void set_blind(bool blind) { blind_ = blind; }

  /// Adds this to the time of frames shown from now on: for paths of different delay.
  void set_delay(std::int64_t delay_ns) { delay_ns_ = delay_ns; }

  /// Adds this to the time of the next frame only: it is captured behind its successors.
  void delay_next(std::int64_t delay_ns) { delay_next_ns_ = delay_ns; }

  /// The tap's clock is stepped: frames that pass at `at_ns` or later carry a time that is so much later, or earlier.
  /// Frames are written in the order in which they pass. Steps are given in order.
  void step_clock(std::int64_t at_ns, std::int64_t by_ns) { steps_.push_back({at_ns, by_ns}); }

  /// Replaces TapOptions::duplicate: 1 is a span port that mirrors both directions of every frame.
  void set_duplicate(double probability) { options_.duplicate = probability; }

  /// Frames captured so far, waiting ones included.
  [[nodiscard]] std::uint64_t captured() const { return captured_; }

 private:
  struct Sighting {
    std::int64_t time_ns;
    std::uint64_t order;
    Bytes frame;
    std::uint32_t wire_bytes;
    bool operator>(const Sighting& other) const {
      return time_ns != other.time_ns ? time_ns > other.time_ns : order > other.order;
    }
  };

  struct ClockStep {
    std::int64_t at_ns;
    std::int64_t by_ns;
  };

  void capture(std::int64_t time_ns, Bytes frame, const FrameNote& note);
  [[nodiscard]] std::int64_t clock_of(std::int64_t time_ns) const;

  FrameSink& writer_;
  Truth& truth_;
  TapOptions options_;
  Random random_;
  bool blind_ = false;
  std::int64_t delay_ns_ = 0;
  std::int64_t delay_next_ns_ = 0;
  std::uint64_t captured_ = 0;
  std::vector<ClockStep> steps_;
  std::priority_queue<Sighting, std::vector<Sighting>, std::greater<>> waiting_;
};

}  // namespace mptap::testing

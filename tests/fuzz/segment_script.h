// Packets of a few flows, made as a short program of bytes says: what the target `segments` mutates.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/cursor.h"
#include "dataplane/packet_source.h"
#include "tests/fuzz/dice.h"

namespace mptap::fuzz {

/// A step of the program, of kBytes bytes.
struct Step {
  static constexpr std::size_t kBytes = 8;

  enum class Verb : std::uint8_t {
    kSyn,         // MP_CAPABLE, MP_JOIN or nothing, under the flow's number or another
    kAnswer,      // SYN/ACK
    kThirdAck,    // with the option of a third ACK or first data
    kData,        // with DSS, mostly as is right
    kAck,         // the same without payload
    kSignal,      // ADD_ADDR and the like
    kFin,
    kReset,
    kRepeat,      // the frame before, again
    kTamper,      // the frame before with other bytes
    kRawOptions,  // options of any bytes: `amount` of those that follow
    kWait,        // no packet: time goes on by much, or goes back
    kStranger,    // numbers of another subflow on the flow's addresses
    kOther,       // no TCP segment
    kCount
  };

  Verb verb;
  std::uint8_t flow;      // below Script::kFlows
  bool from_acceptor;
  bool ends_burst;
  std::uint8_t time;      // before it, see Script::pass_time()
  std::uint8_t bits;      // what they mean is the verb's
  std::uint8_t choice;
  std::uint8_t extra;
  std::uint16_t amount;
};

/// Runs the program, a packet at a time. The same bytes always make the same packets.
class Script {
 public:
  static constexpr std::size_t kFlows = 8;
  static constexpr std::size_t kMostSteps = 256;
  static constexpr std::size_t kFrameBytes = 192;  // headers and all options fit; of payload little is captured

  /// @param start_ns  When the first packet comes. Early in the epoch's first second a worker has little to forget yet, and
  ///                  is quick.
  Script(Bytes program, std::uint64_t start_ns) : program_(program), now_ns_(start_ns) {}

  struct Made {
    bool has_packet;
    bool ends_burst;
  };

  /// Takes one step.
  ///
  /// @param frame   Room for the packet; `packet` points there.
  /// @param packet  Set where the step makes one.
  /// @return Whether there was a step; false at the end of the program.
  bool next(std::array<std::uint8_t, kFrameBytes>& frame, PacketView& packet, Made& made);

 private:
  /// One end of a flow: what it has sent.
  struct End {
    std::uint32_t seq;
    std::uint32_t ssn;
    std::uint64_t dsn;
  };
  struct Flow {
    std::array<End, 2> end;  // the opener's, the acceptor's
    std::uint16_t ip_id;
    std::uint32_t clock;     // of its timestamps
  };
  struct Segment {
    std::uint32_t seq;
    std::uint32_t ack;
    std::uint8_t flags;
    std::uint16_t payload_bytes;
    std::array<std::uint8_t, 40> options;
    std::size_t option_bytes;
  };

  static std::array<Flow, kFlows> begin();
  bool read(Step& step);
  void pass_time(const Step& step);
  Segment segment_of(const Step& step);
  void make_data(const Step& step, bool with_payload, Segment& out);
  void make_syn(const Step& step, Segment& out) const;
  void make_answer(const Step& step, Segment& out) const;
  void make_third_ack(const Step& step, Segment& out) const;
  static void add_timestamps(std::uint32_t clock, Segment& out);
  std::size_t write(const Step& step, const Segment& segment, std::uint8_t* frame);
  void make_other(const Step& step, std::uint8_t* frame, PacketView& packet) const;

  Bytes program_;
  std::size_t at_ = 0;
  std::size_t steps_ = 0;
  std::uint64_t now_ns_;
  std::array<Flow, kFlows> flows_ = begin();
  std::array<std::uint8_t, kFrameBytes> last_{};
  std::uint32_t last_captured_ = 0;
  std::uint32_t last_wire_ = 0;
};

/// Changes a program behind its first `head` bytes step by step: steps come, go, change and change places, and whole
/// handshakes are put in.
/// @return Its new size.
std::size_t mutate_script(Dice& dice, std::uint8_t* data, std::size_t size, std::size_t max_size, std::size_t head);

}  // namespace mptap::fuzz

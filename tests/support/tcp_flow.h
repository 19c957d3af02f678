#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "tests/support/packet_builder.h"
#include "tests/support/random.h"
#include "tests/support/tap.h"

namespace mptap::testing {

/// The two ends of one TCP flow: who sent its SYN, and the peer.
enum class End : std::uint8_t { kOpener = 0, kAcceptor = 1 };

inline End peer_of(End end) { return end == End::kOpener ? End::kAcceptor : End::kOpener; }

/// What becomes of a segment on its way.
enum class Fate { kArrives, kLostAfterTap, kLostBeforeTap };

struct TcpFlowSpec {
  Endpoint opener;  // as the tap sees it, behind any address translation
  Endpoint acceptor;
  bool timestamps = true;  // RFC 7323, left out where options need the room
  std::uint16_t mss_bytes = 1460;
  std::optional<std::uint32_t> isn{};      // of both ends; drawn where absent
  std::optional<std::uint32_t> ts_base{};  // of both ends' timestamps, at time 0; drawn where absent
};

/// The same flow seen a second time, on the other side of an address translator.
struct SecondView {
  Endpoint opener;
  Endpoint acceptor;
  SubflowTruth* truth = nullptr;
  std::int64_t delay_ns = 300'000;
};

/// What one send() put on the wire; enough to send it again.
struct SentSegment {
  End from = End::kOpener;
  std::uint32_t seq = 0;
  std::uint8_t flags = 0;
  Bytes options{};
  Bytes payload{};
};

/// One TCP flow as a tap sees it: keeps both ends' sequence numbers and shows segments to the tap.
///
/// It follows orders and knows no timers: who sends what, when, and what gets lost is the caller's.
class TcpFlow {
 public:
  /// `tap` must outlive the flow. `truth` may be nullptr: then nothing is counted per flow.
  TcpFlow(Tap& tap, Random random, const TcpFlowSpec& spec, SubflowTruth* truth);

  /// Sends the next segment of one end.
  ///
  /// @param time_ns  When it passes the tap.
  /// @param flags    TCP flags. A SYN gets MSS, SACK-permitted, window scale (and timestamps) by itself.
  /// @param options  Whole TCP options after the automatic ones.
  /// @param ordinary True for what the tap may miss or see late; false for what the truth depends on.
  SentSegment send(std::int64_t time_ns, End from, std::uint8_t flags, const Bytes& options = {},
                   const Bytes& payload = {}, bool ordinary = false, Fate fate = Fate::kArrives);

  /// Sends a segment again: same numbers and options, new IP identification, timestamps and ACK.
  void send_again(std::int64_t time_ns, const SentSegment& segment);

  /// After losses: the peer of `from` now has all that `from` sent.
  void fill_holes(End from);
  [[nodiscard]] bool has_hole(End from) const { return hole_[index(from)]; }

  /// The relative number of the next byte that `from` will send: 1 for the first byte of data.
  [[nodiscard]] std::uint32_t next_ssn(End from) const { return next_[index(from)] - isn_[index(from)]; }

  [[nodiscard]] const TcpFlowSpec& spec() const { return spec_; }
  [[nodiscard]] SubflowTruth* truth() const { return truth_; }
  void set_truth(SubflowTruth* truth) { truth_ = truth; }
  void set_second_view(const SecondView& view) { second_view_ = view; }
  /// The TTL or hop limit of segments that an end sends.
  void set_ttl(End from, std::uint8_t ttl) { ttl_[index(from)] = ttl; }
  /// Marks the next segment as holding this many malformed kind 30 options.
  void set_malformed_options(unsigned count) { malformed_options_ = count; }

 private:
  static std::size_t index(End end) { return static_cast<std::size_t>(end); }
  void show(std::int64_t time_ns, const SentSegment& segment, bool ordinary);
  Bytes build(std::int64_t time_ns, const SentSegment& segment, const Endpoint& opener,
              const Endpoint& acceptor);
  Bytes automatic_options(std::int64_t time_ns, const SentSegment& segment);

  Tap& tap_;
  TcpFlowSpec spec_;
  SubflowTruth* truth_;
  std::optional<SecondView> second_view_{};
  unsigned malformed_options_ = 0;
  std::uint32_t flow_label_;
  // By End.
  std::array<std::uint32_t, 2> isn_{};
  std::array<std::uint32_t, 2> next_{};      // next sequence number to send
  std::array<std::uint32_t, 2> received_{};  // next expected from the peer
  std::array<bool, 2> hole_{};               // something that this end sent is missing
  std::array<std::uint16_t, 2> ip_id_{};
  std::array<std::uint32_t, 2> ts_base_{};
  std::array<std::uint32_t, 2> ts_last_{};  // last value that the peer saw
  std::array<std::uint8_t, 2> ttl_{64, 57};
};

}  // namespace mptap::testing

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tests/support/mptcp_crypto.h"
#include "tests/support/mptcp_encode.h"
#include "tests/support/random.h"
#include "tests/support/tap.h"
#include "tests/support/tcp_flow.h"
#include "tests/support/truth.h"

namespace mptap::testing {

/// The two hosts of an MPTCP connection: who sent the MP_CAPABLE SYN, and the peer.
enum class Side : std::uint8_t { kInitiator = 0, kResponder = 1 };

inline Side peer_of(Side side) { return side == Side::kInitiator ? Side::kResponder : Side::kInitiator; }

/// Whether DSNs and data ACKs take 4 bytes, 8, or either by chance.
enum class DssForm { kShort, kLong, kMixed };

struct DialogueSpec {
  int version = 1;
  Endpoint initiator;
  Endpoint responder;
  std::optional<Key> initiator_key{};  // drawn where absent
  std::optional<Key> responder_key{};
  std::optional<std::uint32_t> isn{};       // of every subflow; drawn where absent
  std::optional<std::uint32_t> ts_base{};   // of every subflow's timestamps
  std::optional<std::uint64_t> first_dsn{}; // of both sides' data, where nobody sees the handshake: else the keys tell
  bool checksums = false;  // DSS checksums, announced by flag A
  bool no_join_to_initial = false;  // the responder's flag C (v1)
  bool timestamps = true;
  DssForm dss_form = DssForm::kMixed;
  std::int64_t start_ns = 0;
  std::int64_t rtt_ns = 20'000'000;
  double loss = 0;  // probability that the network loses a segment
  std::size_t segment_bytes = 1380;
  std::size_t segments_per_mapping = 1;  // above 1 as segmentation offload does: the DSS is repeated
};

/// How the keys of the handshake's last part differ from those before.
enum class KeyFault { kNone, kInitiatorKeyInAck, kResponderKeyInAck, kInitiatorKeyInData };

enum class JoinOutcome { kCompleted, kUnanswered, kDenied, kRefused, kHalfOpen };

struct JoinSpec {
  Side opener = Side::kInitiator;
  Endpoint from;  // as the tap sees it
  Endpoint to;
  std::uint8_t from_id = 1;  // address IDs, of the opener and of the acceptor
  std::uint8_t to_id = 0;
  bool backup = false;
  JoinOutcome outcome = JoinOutcome::kCompleted;
  std::uint8_t refusal_reason = 1;  // of the MP_TCPRST (v1)
  std::optional<Token> token{};     // instead of the acceptor's
  bool wrong_synack_hmac = false;
  bool wrong_ack_hmac = false;
};

struct AddressSpec {
  Side from = Side::kResponder;
  std::uint8_t address_id = 1;
  IpAddress address;
  std::optional<std::uint16_t> port{};
  bool echoed = true;  // v1
  AddrHmacForm hmac_form = AddrHmacForm::kLast8of32;
};

/// Two hosts that speak MPTCP over any number of subflows, with their own clock.
///
/// Each call is one step of the conversation: it shows the tap every packet of that step and moves the
/// clock on. Steps of several dialogues may be interleaved in any order, as the tap sorts by time.
/// Subflows are named by index, 0 being the initial one. The truth is kept as the steps happen.
/// Source: RFC 6824 (v0), RFC 8684 (v1).
class MptcpDialogue {
 public:
  /// `tap` and `truth` must outlive the dialogue.
  MptcpDialogue(Tap& tap, Truth& truth, Random random, const DialogueSpec& spec);

  // Clock.
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }
  void wait(std::int64_t ns) { now_ns_ += ns; }
  void wait_until(std::int64_t time_ns) { now_ns_ = std::max(now_ns_, time_ns); }

  // Establishment.
  void open(KeyFault fault = KeyFault::kNone);
  /// @return the subflow's index.
  std::size_t join(const JoinSpec& spec);

  // Data. An empty `over` means every subflow that can carry data.
  void send(Side from, std::size_t bytes, const std::vector<std::size_t>& over = {});
  /// Sends the last mapping of `from` once more, over this subflow.
  void reinject(Side from, std::size_t over);
  void send_data_fin(Side from);

  // Signals, each on one subflow.
  void add_address(const AddressSpec& spec, std::size_t over = 0);
  void remove_addresses(Side from, const std::vector<std::uint8_t>& address_ids, std::size_t over = 0);
  void set_priority(Side from, bool backup, std::size_t over,
                    std::optional<std::uint8_t> address_id = std::nullopt);
  void fail(Side from, std::size_t over);
  /// Any options on a pure ACK.
  void signal(Side from, const Bytes& options, std::size_t over = 0);

  // Ends.
  /// DATA_FIN both ways, then FIN on every subflow.
  void close(Side first = Side::kInitiator);
  void close_subflow(std::size_t subflow, Side first);
  /// MP_FASTCLOSE on the first live subflow (an ACK in v0, a RST in v1), RST on the others.
  void fastclose(Side from);
  /// RST, with MP_TCPRST in v1.
  void reset_subflow(std::size_t subflow, Side from, std::uint8_t reason);

  [[nodiscard]] Key key(Side side) const { return keys_[index(side)]; }
  [[nodiscard]] Token token(Side side) const { return derive_token(spec_.version, key(side)); }
  [[nodiscard]] const DialogueSpec& spec() const { return spec_; }
  ConnectionTruth& truth() { return connection_; }
  TcpFlow& flow(std::size_t subflow) { return subflows_.at(subflow).flow; }
  /// The initial subflow is also seen under other addresses. Call before open().
  void set_second_view(const SecondView& view) { second_view_ = view; }
  /// What happens between the SYN/ACK of the initial subflow and its third ACK. Call before open().
  void set_before_third_ack(std::function<void()> play) { before_third_ack_ = std::move(play); }
  /// The DSN of the next byte that `side` will send.
  [[nodiscard]] std::uint64_t next_dsn(Side side) const { return data_next_[index(side)]; }

 private:
  struct Subflow {
    TcpFlow flow;
    Side opener;
    bool live = true;
  };
  struct SentMapping {
    std::uint64_t dsn = 0;
    Bytes payload{};
  };

  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
  static End end_of(const Subflow& subflow, Side side) {
    return subflow.opener == side ? End::kOpener : End::kAcceptor;
  }
  void turn();  // half a round trip
  void gap();   // serialization
  Subflow& add_subflow(Side opener, const Endpoint& from, const Endpoint& to, SubflowTruth* truth);

  /// Sends until it arrives; the tap may see any copy.
  SentSegment send_surely(TcpFlow& flow, End from, std::uint8_t flags, const Bytes& options);
  void send_third_ack(TcpFlow& flow, const SentSegment& synack, const Bytes& options);
  SubflowTruth& place_join(const JoinSpec& spec);
  void exchange_join(Subflow& subflow, const JoinSpec& spec);

  /// One mapping in one or more segments; lost ones wait for recover().
  void send_mapping(Subflow& subflow, Side from, std::uint64_t dsn, const Bytes& payload);
  void recover();
  void acknowledge(Subflow& subflow, Side receiver);
  [[nodiscard]] Bytes mapping_option(const Subflow& subflow, Side from, std::uint64_t dsn,
                                     const Bytes& payload);
  [[nodiscard]] Bytes data_ack_option(Side from);
  [[nodiscard]] bool long_form();
  [[nodiscard]] std::vector<std::size_t> live_subflows() const;

  Tap& tap_;
  Truth& all_truth_;
  Random random_;
  DialogueSpec spec_;
  ConnectionTruth& connection_;
  std::int64_t now_ns_;
  std::array<Key, 2> keys_{};
  std::deque<Subflow> subflows_;
  std::optional<SecondView> second_view_{};
  std::function<void()> before_third_ack_{};
  KeyFault key_fault_ = KeyFault::kNone;
  bool established_by_data_ = false;  // v1: the peer has proof that the third ACK's keys arrived
  std::size_t next_turn_ = 0;         // round robin over subflows
  // By Side.
  std::array<std::uint64_t, 2> data_next_{};      // next DSN to send
  std::array<std::uint64_t, 2> data_received_{};  // next DSN expected from the peer
  std::array<SentMapping, 2> last_mapping_{};
  std::array<bool, 2> data_fin_sent_{};
  struct Lost {
    Subflow* subflow;
    SentSegment segment;
  };
  std::vector<Lost> lost_;
};

}  // namespace mptap::testing

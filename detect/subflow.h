// What control knows of a subflow. Control thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/record.h"
#include "dataplane/types.h"
#include "detect/compact_tuple.h"
#include "detect/on_demand.h"
#include "detect/refs.h"
#include "detect/reports.h"
#include "detect/told.h"

namespace mptap {

/// What a subflow has until its handshake is settled, and what few subflows have.
struct SubflowExtra {
  std::optional<Key> opener_key;               // v0 SYN; or an ACK that came before its SYN/ACK
  std::optional<Key> acceptor_key;             // of such an ACK
  std::uint64_t early_ack_ns = 0;              // an ACK with keys came before its SYN/ACK; 0: not
  std::uint64_t ended_ns = 0;                  // see `ended`
  std::vector<Record> early_addresses;         // ADD_ADDRs before its connection was known; at most kMaxEarly
  std::array<std::uint8_t, 8> synack_hmac{};
  std::array<std::uint8_t, 20> ack_hmac{};
  bool stays = false;                          // something of what follows is set
  std::array<std::uint64_t, 2> dsn{};          // where keys do not tell: a 64-bit DSN of what each end sends; [0] the opener; 0: none
  std::array<std::uint64_t, 2> prio_ns{};      // of the latest MP_PRIO that set `low_priority`
  std::vector<PriorityChange> priority_changes;
  std::uint64_t removed_ns = 0;                // when an address of it was removed; 0: not
  const char* address_form = "";               // which form of the HMAC its latest ADD_ADDR had, where it is valid
  std::uint32_t bad_address_mark = 0;          // of the last ADD_ADDR with a wrong HMAC
  AddressId removed_id;                        // its ID
  std::optional<std::uint8_t> reset_reason;    // of MP_TCPRST
  std::array<std::uint32_t, 2> payload_high{}; // the high halves of what is counted, and times far from the start
  std::array<std::uint32_t, 2> mapped_high{};
  std::uint64_t syn_ack_ns = 0;
  std::uint64_t third_ack_ns = 0;
  std::array<std::uint64_t, 2> reported_ns{};  // since something acknowledged had not been mapped
};

/// What MP_CAPABLE told of a subflow.
struct CapableParts {
  std::uint16_t data_len;  // of the first data, where MP_CAPABLE maps it
  std::uint8_t syn_flags;  // of the SYN
};

/// What a subflow's counters said last, of one direction.
struct SubflowCounts {
  std::uint64_t payload_bytes = 0;
  std::uint64_t mapped_bytes = 0;
  std::uint32_t segments = 0;
};

/// A line and a half of the cache: there may be millions. What few have, or what is large in few only, stands in `extra`.
///
/// Of what has two ends, [0] is the opener's, or what it sends.
class Subflow {
 public:
  static constexpr std::size_t kMaxEarly = 8;

  std::uint64_t start_ns = 0;
  OnDemand<SubflowExtra> extra;
  CompactTuple tuple;

 private:
  std::uint32_t syn_ack_after_ = 0;            // since start_ns, plus 1 ns; 0: none; kApart: see `extra`
  std::uint32_t third_ack_after_ = 0;
  std::uint32_t connection_ = ConnectionRef{}.index;

 public:
  std::uint32_t place = 0;                     // in the connection's `subflows`; a twin's: the serial of its connection

  union {
    Token token{};                             // joins
    CapableParts capable;                      // others
  };
  union {
    std::uint32_t opener_nonce = 0;            // joins
    std::uint32_t opener_isn;                  // others, once answered
  };
  union {
    std::uint32_t acceptor_nonce = 0;
    std::uint32_t acceptor_isn;
  };

 private:
  std::array<std::uint32_t, 2> payload_low_{};
  std::array<std::uint32_t, 2> mapped_low_{};
  std::array<std::uint32_t, 2> segments_{};
  SubflowHandle handle_;
  std::uint16_t generation_ = 0;
  AddressId opener_id_;
  AddressId acceptor_id_;

 public:
  mutable Told told;                           // detectors'
  SubflowState state : 3 = SubflowState::kAttempted;
  Offer offer : 2 = Offer::kNone;              // of the SYN, or of the SYN/ACK where the SYN was not seen
  MatchedBy matched_by : 3 = MatchedBy::kNone;
  std::uint8_t version : 4 = 0;
  CloseCause ended : 4 = CloseCause::kNone;    // it ended while it waited
  Fallback fallback : 4 = Fallback::kNone;
  Unverified unverified : 3 = Unverified::kNone;
  Role opener_role : 1 = Role::kInitiator;
  Proof hmac_synack : 2 = Proof::kUnverified;
  Proof hmac_ack : 2 = Proof::kUnverified;
  Proof address_proof : 2 = Proof::kUnverified;  // of its latest ADD_ADDR
  bool in_use : 1 = false;
  bool syn_seen : 1 = false;
  bool midstream : 1 = false;
  bool twin : 1 = false;                       // the same subflow as another, seen under another 4-tuple
  bool waiting : 1 = false;                    // an answered join that waits for its handshake
  bool backup : 1 = false;
  bool has_ack_hmac : 1 = false;
  bool completed : 1 = false;                  // its completion was told
  bool syn_repeated : 1 = false;               // round trips cannot be told
  bool nat : 1 = false;                        // see SubflowReport

 private:
  std::uint8_t first_dss_ : 2 = 0;
  std::uint8_t low_priority_ : 2 = 0;
  std::uint8_t unplaced_ : 2 = 0;
  bool has_opener_id_ : 1 = false;
  bool has_acceptor_id_ : 1 = false;

 public:
  Subflow() = default;
  explicit Subflow(const SubflowRef& self) : handle_(self), generation_(self.generation), in_use(true) {}

  [[nodiscard]] SubflowRef self() const { return handle_.with(generation_); }
  [[nodiscard]] SubflowHandle handle() const { return handle_; }

  [[nodiscard]] Role role_of(bool from_opener) const { return from_opener ? opener_role : other(opener_role); }

  [[nodiscard]] std::optional<AddressId> opener_id() const { return has_opener_id_ ? std::optional(opener_id_) : std::nullopt; }
  [[nodiscard]] std::optional<AddressId> acceptor_id() const {
    return has_acceptor_id_ ? std::optional(acceptor_id_) : std::nullopt;
  }
  void set_opener_id(AddressId id) {
    opener_id_ = id;
    has_opener_id_ = true;
  }
  void set_acceptor_id(AddressId id) {
    acceptor_id_ = id;
    has_acceptor_id_ = true;
  }

  /// When its SYN/ACK was seen; 0: not.
  [[nodiscard]] std::uint64_t syn_ack_ns() const { return time_of(syn_ack_after_, extra.read().syn_ack_ns); }
  void set_syn_ack_ns(std::uint64_t time_ns) {
    if (!try_shorten(time_ns, syn_ack_after_)) make_rare().syn_ack_ns = time_ns;
  }
  [[nodiscard]] std::uint64_t third_ack_ns() const { return time_of(third_ack_after_, extra.read().third_ack_ns); }
  void set_third_ack_ns(std::uint64_t time_ns) {
    if (!try_shorten(time_ns, third_ack_after_)) make_rare().third_ack_ns = time_ns;
  }

  [[nodiscard]] bool has_connection() const { return connection_ != ConnectionRef{}.index; }
  [[nodiscard]] std::uint32_t connection_index() const { return connection_; }
  void set_connection(const ConnectionRef& ref) { connection_ = ref.index; }

  /// The same subflow as another, which counts: the connection may end before this does.
  void become_twin(const ConnectionRef& ref) {
    twin = true;
    connection_ = ref.index;
    place = ref.serial;
  }

  [[nodiscard]] SubflowCounts counts(std::size_t end) const {
    const SubflowExtra& rare = extra.read();
    return {std::uint64_t{rare.payload_high[end]} << 32 | payload_low_[end],
            std::uint64_t{rare.mapped_high[end]} << 32 | mapped_low_[end], segments_[end]};
  }
  void set_counts(std::size_t end, const SubflowCounts& counts) {
    payload_low_[end] = static_cast<std::uint32_t>(counts.payload_bytes);
    mapped_low_[end] = static_cast<std::uint32_t>(counts.mapped_bytes);
    segments_[end] = counts.segments;
    if ((counts.payload_bytes | counts.mapped_bytes) >> 32 == 0 && !extra.is_made()) return;
    SubflowExtra& rare = make_rare();
    rare.payload_high[end] = static_cast<std::uint32_t>(counts.payload_bytes >> 32);
    rare.mapped_high[end] = static_cast<std::uint32_t>(counts.mapped_bytes >> 32);
  }
  [[nodiscard]] std::uint32_t segments(std::size_t end) const { return segments_[end]; }

  [[nodiscard]] bool first_dss(std::size_t end) const { return (first_dss_ >> end & 1) != 0; }
  void set_first_dss(std::size_t end) { first_dss_ = (first_dss_ | 1u << end) & 3; }
  [[nodiscard]] bool low_priority(std::size_t end) const { return (low_priority_ >> end & 1) != 0; }  // by MP_PRIO
  void set_low_priority(std::size_t end, bool value) {
    low_priority_ = ((low_priority_ & ~(1u << end)) | static_cast<unsigned>(value) << end) & 3;
  }
  [[nodiscard]] bool unplaced(std::size_t end) const { return (unplaced_ >> end & 1) != 0; }  // see Host
  void set_unplaced(std::size_t end, bool value) {
    unplaced_ = ((unplaced_ & ~(1u << end)) | static_cast<unsigned>(value) << end) & 3;
  }

  [[nodiscard]] std::uint8_t syn_flags() const {
    return offer == Offer::kJoin ? static_cast<std::uint8_t>(backup) : capable.syn_flags;
  }
  [[nodiscard]] std::uint16_t capable_data_len() const { return offer == Offer::kJoin ? std::uint16_t{0} : capable.data_len; }

  /// Of `extra` what stays.
  [[nodiscard]] SubflowExtra& make_rare() {
    SubflowExtra& rare = extra.make();
    rare.stays = true;
    return rare;
  }

  /// The handshake needs nothing of `extra` any more, which holds no key.
  void settle() {
    if (ended == CloseCause::kNone && !extra.read().stays && extra.read().early_addresses.empty()) extra.drop();
  }

 private:
  static constexpr std::uint32_t kApart = 0xffffffff;

  [[nodiscard]] std::uint64_t time_of(std::uint32_t after, std::uint64_t apart) const {
    if (after == 0) return 0;
    return after == kApart ? apart : start_ns + after - 1;
  }
  bool try_shorten(std::uint64_t time_ns, std::uint32_t& after) const {
    const bool fits = time_ns == 0 || time_ns - start_ns < kApart - 1;
    after = time_ns == 0 ? 0 : fits ? static_cast<std::uint32_t>(time_ns - start_ns + 1) : kApart;
    return fits;
  }
};
static_assert(sizeof(Subflow) == 96);

}  // namespace mptap

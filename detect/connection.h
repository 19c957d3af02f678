// What control knows of a connection, its two hosts and its subflows. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/record.h"
#include "dataplane/types.h"
#include "detect/reports.h"
#include "detect/told.h"

namespace mptap {

enum class Role : std::uint8_t { kInitiator = 0, kResponder = 1 };
constexpr Role other(Role role) { return role == Role::kInitiator ? Role::kResponder : Role::kInitiator; }

/// An address of one host, named by its ID (RFC 8684 section 3.4.1).
struct KnownAddress {
  AddressId id;
  IpAddress address;
  std::uint16_t port = 0;      // 0: not advertised with one
  bool advertised = false;     // by ADD_ADDR; otherwise seen in use
  bool removed = false;        // by REMOVE_ADDR: the ID may be used again
  bool used = false;           // by a subflow
  std::uint64_t removed_ns = 0;
};

/// How an ADD_ADDR relates to what its host said before.
enum class AddressChange : std::uint8_t {
  kNew,
  kPortChanged,  // allowed
  kRepeated,     // the same address and port again
  kConflict,     // another address on an ID that was not removed
};

/// One side of a connection.
struct Host {
  std::optional<Key> key;
  std::optional<Key> other_key;  // one that contradicts `key` (see kKeyChanged): either may be the true one
  std::optional<Token> other_token;
  bool key_confirmed = false;    // said twice, or the first data's number agrees: what it disproves is wrong
  std::optional<Token> token;   // from the key, or learned from a join that matched by address
  std::vector<KnownAddress> addresses;
  std::optional<Dsn> idsn;      // from the key
  std::optional<std::uint64_t> noted_dsn;  // by which it is found without a key
  std::uint64_t dsn_high = 0;   // highest DSN seen mapped, plus 1; 0: none
  std::uint64_t acked_high = 0; // highest data ACK of the peer for it; 0: none
  bool missed = false;          // the tap missed some of its payload
  std::uint32_t unplaced = 0;   // subflows whose mappings were all too short to tell where in the data they belong
  bool idsn_checked = false;    // its first mapping was compared with `idsn`
  std::optional<std::uint8_t> capable_flags;  // of its MP_CAPABLE in the handshake

  [[nodiscard]] const KnownAddress* find(AddressId id) const;
  [[nodiscard]] bool knows(const IpAddress& address) const;

  /// An address seen in use by a subflow; an ID that is known keeps its address (NAT changes what is seen).
  void note_used(AddressId id, const IpAddress& address);

  /// An ADD_ADDR of this host.
  /// @param previous  Set on kConflict: the address that had this ID.
  AddressChange advertise(AddressId id, const IpAddress& address, std::uint16_t port, IpAddress& previous);

  void remove(AddressId id, std::uint64_t time_ns);

  /// Address IDs that are advertised or in use.
  [[nodiscard]] std::size_t live_ids() const;
};

/// Names a subflow in control: worker and slot; the generation guards against reuse.
struct SubflowRef {
  std::uint16_t worker = 0;
  std::uint16_t generation = 0;
  std::uint32_t slot = Record::kNoSlot;
  friend bool operator==(const SubflowRef&, const SubflowRef&) = default;
};

/// Names a connection in the table; `serial` guards against reuse.
struct ConnectionRef {
  std::uint32_t index = 0xffffffff;
  std::uint32_t serial = 0;
  friend bool operator==(const ConnectionRef&, const ConnectionRef&) = default;
  [[nodiscard]] bool is_set() const { return index != 0xffffffff; }
};

struct Connection {
  ConnectionRef self;
  std::uint64_t mp_id = 0;
  std::uint64_t start_ns = 0;
  std::uint64_t idle_since_ns = 0;             // when its last subflow so far ended
  std::optional<std::uint8_t> version;
  FourTuple tuple;                             // of the initial subflow
  std::array<Host, 2> hosts;                   // by Role
  std::vector<SubflowRef> subflows;            // living ones, in no order
  SubflowRef initial;                          // the subflow that made it, as long as it lives
  std::uint32_t subflow_count = 0;             // all that ever belonged to it, but for joins that came to nothing
  std::array<DirectionReport, 2> ended;        // summed over ended subflows, by Role
  std::array<std::uint64_t, 2> mapped{};       // mapped bytes of all subflows as last reported, by Role
  std::array<std::uint64_t, 2> most_mapped{};  // by one subflow that has ended, by Role
  bool partial = false;
  bool checksums = false;
  bool dss_seen = false;
  bool data_mapped = false;                    // a mapping of at least one byte was seen
  bool fast_close = false;
  std::array<bool, 2> data_fin{};              // by Role
  std::array<bool, 2> key_changed{};           // by Role: a notice was raised
  CloseCause last_close = CloseCause::kNone;
  std::uint64_t confirmed_ns = 0;              // the earliest sign that the third ACK was sent; 0: none
  std::uint64_t handshake_rtt_ns = 0;          // of the initial subflow; 0: not known
  bool handshake_seen = false;                 // SYN and SYN/ACK of the initial subflow
  bool one_sided = false;                      // of some subflow only one direction was seen
  bool fail_seen = false;                      // MP_FAIL
  bool nat = false;
  bool shed = false;                           // a proof about it was not computed, for the budget was spent
  bool in_doubt = false;                       // something was wrong by keys that nothing has confirmed yet
  Fallback fallback = Fallback::kNone;
  std::optional<std::uint8_t> reset_reason;
  mutable Told told;                           // detectors'

  [[nodiscard]] bool keys_are_sure() const { return hosts[0].key_confirmed && hosts[1].key_confirmed; }
  [[nodiscard]] bool no_join_to_initial(Role role) const {
    return version == 1 && (host(role).capable_flags.value_or(0) & CapableOption::kNoJoinInitial) != 0;
  }
  [[nodiscard]] Host& host(Role role) { return hosts[static_cast<std::size_t>(role)]; }
  [[nodiscard]] const Host& host(Role role) const { return hosts[static_cast<std::size_t>(role)]; }
  /// Notes that of one more join nothing came.
  void uncount_join() {
    if (subflow_count != 0) --subflow_count;
  }

  /// Whether everything that this host mapped was seen, as far as anything tells.
  [[nodiscard]] bool sight_is_full(Role sender) const;

  /// Whether a host advertised an address that no subflow seen has used: others may use it, unseen.
  [[nodiscard]] bool may_have_other_paths() const;

  [[nodiscard]] bool has_both_keys() const { return hosts[0].key.has_value() && hosts[1].key.has_value(); }
};

struct Subflow {
  bool in_use = false;
  SubflowRef self;
  FourTuple tuple;
  std::uint64_t start_ns = 0;
  SubflowState state = SubflowState::kAttempted;
  bool syn_seen = false;
  bool midstream = false;
  bool twin = false;                           // the same subflow as another, seen under another 4-tuple
  bool waiting = false;                        // an answered join that waits for its handshake
  Offer offer = Offer::kNone;                  // of the SYN, or of the SYN/ACK where the SYN was not seen
  std::uint8_t version = 0;
  std::uint8_t syn_flags = 0;                  // MP_CAPABLE flags of the SYN
  bool backup = false;
  std::optional<Key> opener_key;               // v0 SYN; or an ACK that came before its SYN/ACK
  std::optional<Key> acceptor_key;             // of such an ACK
  Token token;                                 // joins
  std::uint32_t opener_nonce = 0;
  std::uint32_t acceptor_nonce = 0;
  std::uint32_t opener_isn = 0;
  std::uint32_t acceptor_isn = 0;
  std::array<std::uint8_t, 8> synack_hmac{};
  std::array<std::uint8_t, 20> ack_hmac{};
  bool has_ack_hmac = false;
  bool completed = false;                      // its completion was told
  std::uint64_t early_ack_ns = 0;              // an ACK with keys came before its SYN/ACK; 0: not
  Proof address_proof = Proof::kUnverified;    // of its latest ADD_ADDR
  const char* address_form = "";               // which form of the HMAC that had, where it is valid
  CloseCause ended = CloseCause::kNone;        // it ended while it waited
  std::uint64_t ended_ns = 0;
  std::optional<AddressId> opener_id;
  std::optional<AddressId> acceptor_id;
  ConnectionRef connection;
  std::uint32_t place = 0;                     // in the connection's `subflows`
  Role opener_role = Role::kInitiator;
  MatchedBy matched_by = MatchedBy::kNone;
  Proof hmac_synack = Proof::kUnverified;
  Proof hmac_ack = Proof::kUnverified;
  std::array<CountersBody, 2> counters{};      // [0] from the opener
  std::array<bool, 2> first_dss{};             // [0] from the opener
  std::array<std::uint64_t, 2> dsn{};          // a 64-bit DSN of what each end sends; [0] the opener; 0: none
  std::vector<Record> early_addresses;         // ADD_ADDRs before its connection was known; at most kMaxEarly
  std::uint64_t syn_ack_ns = 0;                // when its SYN/ACK was seen; 0: not
  std::uint64_t third_ack_ns = 0;
  bool syn_repeated = false;                   // round trips cannot be told
  Unverified unverified = Unverified::kNone;
  Fallback fallback = Fallback::kNone;
  std::optional<std::uint8_t> reset_reason;
  std::array<bool, 2> low_priority{};          // by MP_PRIO; [0] by the opener
  std::array<std::uint64_t, 2> prio_ns{};      // of the latest such MP_PRIO
  std::vector<PriorityChange> priority_changes;
  bool nat = false;                            // see SubflowReport
  std::uint64_t removed_ns = 0;                // when an address of it was removed; 0: not
  AddressId removed_id;                        // its ID
  std::array<std::uint64_t, 2> counters_ns{};  // of the latest counters; [0] the opener's
  std::array<bool, 2> unplaced{};              // see Host; [0] the opener's
  std::uint16_t capable_data_len = 0;          // of the first data, where MP_CAPABLE maps it
  std::uint32_t bad_address_mark = 0;          // of the last ADD_ADDR with a wrong HMAC
  mutable Told told;                           // detectors'

  static constexpr std::size_t kMaxEarly = 8;

  [[nodiscard]] Role role_of(bool from_opener) const { return from_opener ? opener_role : other(opener_role); }
};

}  // namespace mptap

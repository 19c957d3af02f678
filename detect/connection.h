// What control knows of a connection, its two hosts and its subflows. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/record.h"
#include "dataplane/types.h"
#include "detect/address_list.h"
#include "detect/compact_tuple.h"
#include "detect/crypto.h"
#include "detect/on_demand.h"
#include "detect/reports.h"
#include "detect/small_list.h"
#include "detect/told.h"

namespace mptap {

enum class Role : std::uint8_t { kInitiator = 0, kResponder = 1 };
constexpr Role other(Role role) { return role == Role::kInitiator ? Role::kResponder : Role::kInitiator; }

/// How an ADD_ADDR relates to what its host said before.
enum class AddressChange : std::uint8_t {
  kNew,
  kPortChanged,  // allowed
  kRepeated,     // the same address and port again
  kConflict,     // another address on an ID that was not removed
};

/// What few hosts have.
struct HostExtra {
  std::optional<Key> other_key;  // one that contradicts `key` (see kKeyChanged): either may be the true one
  std::optional<Token> other_token;
  std::optional<std::uint64_t> noted_dsn;  // by which it is found without a key
};

/// One side of a connection.
class Host {
 public:
  std::uint64_t dsn_high = 0;   // highest DSN seen mapped, plus 1; 0: none
  std::uint64_t acked_high = 0; // highest data ACK of the peer for it; 0: none
  AddressList addresses;

 private:
  Key key_;
  Dsn idsn_;
  Token token_;
  std::uint16_t unplaced_ = 0;

 public:
  std::uint8_t capable_flags = 0;   // of its MP_CAPABLE in the handshake
  bool key_confirmed : 1 = false;   // said twice, or the first data's number agrees: what it disproves is wrong
  bool missed : 1 = false;          // the tap missed some of its payload
  bool idsn_checked : 1 = false;    // its first mapping was compared with `idsn`

 private:
  bool has_key_ : 1 = false;
  bool has_idsn_ : 1 = false;
  bool has_token_ : 1 = false;

 public:
  [[nodiscard]] bool has_key() const { return has_key_; }
  [[nodiscard]] std::optional<Key> key() const { return has_key_ ? std::optional(key_) : std::nullopt; }
  void set_key(Key key) {
    key_ = key;
    has_key_ = true;
  }
  void forget_key() {
    wipe(&key_, sizeof key_);
    has_key_ = false;
  }

  /// From the key.
  [[nodiscard]] std::optional<Dsn> idsn() const { return has_idsn_ ? std::optional(idsn_) : std::nullopt; }
  void set_idsn(Dsn idsn) {
    idsn_ = idsn;
    has_idsn_ = true;
  }
  void reset_idsn() { has_idsn_ = false; }

  /// From the key, or learned from a join that matched by address.
  [[nodiscard]] std::optional<Token> token() const { return has_token_ ? std::optional(token_) : std::nullopt; }
  void set_token(Token token) {
    token_ = token;
    has_token_ = true;
  }
  void reset_token() { has_token_ = false; }

  /// Whether subflows have mappings that were all too short to tell where in the data they belong.
  [[nodiscard]] bool has_unplaced() const { return unplaced_ != 0; }
  /// One more, or one less. Where there are as many as can be counted, some stay for good.
  void count_unplaced(bool more) {
    if (unplaced_ != kManyUnplaced) unplaced_ = static_cast<std::uint16_t>(more ? unplaced_ + 1 : unplaced_ - 1);
  }

  [[nodiscard]] std::optional<KnownAddress> find(AddressId id) const;
  [[nodiscard]] bool knows(const IpAddress& address) const;

  /// An address seen in use by a subflow; an ID that is known keeps its address (NAT changes what is seen).
  void note_used(AddressId id, const IpAddress& address);

  /// An ADD_ADDR of this host.
  /// @param previous  Set on kConflict: the address that had this ID.
  AddressChange advertise(AddressId id, const IpAddress& address, std::uint16_t port, IpAddress& previous);

  void remove(AddressId id, std::uint64_t time_ns);

  /// Whether it advertised an address that no subflow seen has used.
  [[nodiscard]] bool has_unused_address() const;

  /// Address IDs that are advertised or in use.
  [[nodiscard]] std::size_t live_ids() const;

 private:
  static constexpr std::uint16_t kManyUnplaced = 0xffff;
};
static_assert(sizeof(Host) == 56);

/// Names a subflow in control: worker and slot; the generation guards against reuse.
struct SubflowRef {
  std::uint16_t worker = 0;
  std::uint16_t generation = 0;
  std::uint32_t slot = Record::kNoSlot;
  friend bool operator==(const SubflowRef&, const SubflowRef&) = default;
};

/// The same of a subflow that is known to live: 64 workers have at most 2^24 slots each.
class SubflowHandle {
 public:
  SubflowHandle() = default;
  explicit SubflowHandle(const SubflowRef& ref) : packed_(std::uint32_t{ref.worker} << kSlotBits | ref.slot) {}

  [[nodiscard]] bool is_set() const { return packed_ != kUnset; }
  [[nodiscard]] std::size_t worker() const { return packed_ >> kSlotBits; }
  [[nodiscard]] std::uint32_t slot() const { return packed_ & ((1u << kSlotBits) - 1); }
  [[nodiscard]] SubflowRef with(std::uint16_t generation) const {
    if (!is_set()) return {};
    return {static_cast<std::uint16_t>(worker()), generation, slot()};
  }
  friend bool operator==(const SubflowHandle&, const SubflowHandle&) = default;

 private:
  static constexpr unsigned kSlotBits = 24;
  static constexpr std::uint32_t kUnset = 0xffffffff;
  std::uint32_t packed_ = kUnset;
};

/// Names a connection in the table; `serial` guards against reuse.
struct ConnectionRef {
  std::uint32_t index = 0xffffffff;
  std::uint32_t serial = 0;
  friend bool operator==(const ConnectionRef&, const ConnectionRef&) = default;
  [[nodiscard]] bool is_set() const { return index != 0xffffffff; }
};

/// Summed over subflows that have ended, by Role.
struct EndedSums {
  std::array<DirectionReport, 2> all;
  std::array<std::uint64_t, 2> most_mapped{};  // by one of them
};

/// What a connection has once a subflow has ended, what few have, and what is large in few only.
struct ConnectionExtra {
  std::array<HostExtra, 2> hosts;              // by Role
  EndedSums ended;
  std::uint64_t idle_since_ns = 0;             // when its last subflow so far ended
  std::uint64_t confirmed_ns = 0;
  std::uint64_t handshake_rtt_ns = 0;
  std::array<std::uint32_t, 2> mapped_high{};
};

/// There may be a million: what few have stands in `extra`. See decision 15.
class Connection {
 public:
  ConnectionRef self;
  std::uint64_t mp_id = 0;
  std::uint64_t start_ns = 0;
  std::array<Host, 2> hosts;                   // by Role
  OnDemand<ConnectionExtra> extra;
  CompactTuple tuple;                          // of the initial subflow
  SmallList<SubflowHandle> subflows;           // living ones, in no order
  SubflowHandle initial;                       // the subflow that made it, as long as it lives
  std::uint32_t subflow_count = 0;             // all that ever belonged to it, but for joins that came to nothing

 private:
  std::array<std::uint32_t, 2> mapped_low_{};
  std::uint32_t confirmed_after_ = 0;          // since start_ns, plus 1 ns; 0: not; kApart: see `extra`
  std::uint32_t handshake_rtt_ = 0;            // kApart: see `extra`
  std::uint8_t version_ = kNoVersion;
  std::uint8_t reset_reason_ = 0;

 public:
  mutable Told told;                           // detectors'
  CloseCause last_close : 4 = CloseCause::kNone;
  Fallback fallback : 4 = Fallback::kNone;
  bool partial : 1 = false;
  bool checksums : 1 = false;
  bool dss_seen : 1 = false;
  bool data_mapped : 1 = false;                // a mapping of at least one byte was seen
  bool fast_close : 1 = false;
  bool handshake_seen : 1 = false;             // SYN and SYN/ACK of the initial subflow
  bool one_sided : 1 = false;                  // of some subflow only one direction was seen
  bool fail_seen : 1 = false;                  // MP_FAIL
  bool nat : 1 = false;
  bool shed : 1 = false;                       // a proof about it was not computed, for the budget was spent
  bool in_doubt : 1 = false;                   // something was wrong by keys that nothing has confirmed yet

 private:
  bool has_reset_reason_ : 1 = false;
  std::uint8_t data_fin_ : 2 = 0;              // by Role
  std::uint8_t key_changed_ : 2 = 0;

 public:
  [[nodiscard]] std::optional<std::uint8_t> version() const {
    return version_ == kNoVersion ? std::nullopt : std::optional(version_);
  }
  void set_version(std::uint8_t version) { version_ = version; }

  [[nodiscard]] std::optional<std::uint8_t> reset_reason() const {
    return has_reset_reason_ ? std::optional(reset_reason_) : std::nullopt;
  }
  void set_reset_reason(const std::optional<std::uint8_t>& reason) {
    has_reset_reason_ = reason.has_value();
    reset_reason_ = reason.value_or(0);
  }

  [[nodiscard]] bool data_fin(Role role) const { return (data_fin_ >> static_cast<unsigned>(role) & 1) != 0; }
  void set_data_fin(Role role) { data_fin_ = (data_fin_ | 1u << static_cast<unsigned>(role)) & 3; }

  /// Of that role's key, a notice was raised.
  [[nodiscard]] bool key_changed(Role role) const { return (key_changed_ >> static_cast<unsigned>(role) & 1) != 0; }
  void set_key_changed(Role role) { key_changed_ = (key_changed_ | 1u << static_cast<unsigned>(role)) & 3; }

  /// The earliest sign that the third ACK was sent; 0: none.
  [[nodiscard]] std::uint64_t confirmed_ns() const {
    if (confirmed_after_ == 0) return 0;
    return confirmed_after_ == kApart ? extra.read().confirmed_ns : start_ns + confirmed_after_ - 1;
  }
  void set_confirmed_ns(std::uint64_t time_ns) {
    const bool fits = time_ns == 0 || time_ns - start_ns < kApart - 1;
    confirmed_after_ = time_ns == 0 ? 0 : fits ? static_cast<std::uint32_t>(time_ns - start_ns + 1) : kApart;
    if (!fits) extra.make().confirmed_ns = time_ns;
  }
  /// Moves the start, and nothing else.
  void set_start_ns(std::uint64_t time_ns) {
    const std::uint64_t confirmed = confirmed_ns();
    start_ns = time_ns;
    set_confirmed_ns(confirmed);
  }

  /// Of the initial subflow; 0: not known.
  [[nodiscard]] std::uint64_t handshake_rtt_ns() const {
    return handshake_rtt_ == kApart ? extra.read().handshake_rtt_ns : handshake_rtt_;
  }
  void set_handshake_rtt_ns(std::uint64_t rtt_ns) {
    handshake_rtt_ = rtt_ns < kApart ? static_cast<std::uint32_t>(rtt_ns) : kApart;
    if (handshake_rtt_ == kApart) extra.make().handshake_rtt_ns = rtt_ns;
  }

  /// Mapped bytes of all subflows as last reported.
  [[nodiscard]] std::uint64_t mapped(Role role) const {
    const auto at = static_cast<std::size_t>(role);
    return std::uint64_t{extra.read().mapped_high[at]} << 32 | mapped_low_[at];
  }
  void set_mapped(Role role, std::uint64_t bytes) {
    const auto at = static_cast<std::size_t>(role);
    mapped_low_[at] = static_cast<std::uint32_t>(bytes);
    const auto high = static_cast<std::uint32_t>(bytes >> 32);
    if (high != extra.read().mapped_high[at]) extra.make().mapped_high[at] = high;
  }

  [[nodiscard]] const HostExtra& rare_of(Role role) const { return extra.read().hosts[static_cast<std::size_t>(role)]; }
  [[nodiscard]] HostExtra& make_rare(Role role) { return extra.make().hosts[static_cast<std::size_t>(role)]; }

  [[nodiscard]] bool keys_are_sure() const { return hosts[0].key_confirmed && hosts[1].key_confirmed; }
  [[nodiscard]] bool no_join_to_initial(Role role) const {
    return version_ == 1 && (host(role).capable_flags & CapableOption::kNoJoinInitial) != 0;
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

  [[nodiscard]] bool has_both_keys() const { return hosts[0].has_key() && hosts[1].has_key(); }

 private:
  static constexpr std::uint8_t kNoVersion = 0xff;
  static constexpr std::uint32_t kApart = 0xffffffff;
};
static_assert(sizeof(Connection) <= 200);

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

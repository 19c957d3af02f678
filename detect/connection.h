// What control knows of a connection and its two hosts. Control thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dataplane/types.h"
#include "detect/compact_tuple.h"
#include "detect/host.h"
#include "detect/on_demand.h"
#include "detect/refs.h"
#include "detect/reports.h"
#include "detect/small_list.h"
#include "detect/subflow.h"
#include "detect/told.h"

namespace mptap {

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
  std::uint32_t idle_older = 0;                // those beside it in the line of the idle, see ConnectionTable: place plus 1
  std::uint32_t idle_newer = 0;
  bool in_idle_line = false;
  std::uint64_t confirmed_ns = 0;
  std::uint64_t handshake_rtt_ns = 0;
  std::array<std::uint32_t, 2> mapped_high{};
  std::optional<std::uint8_t> reset_reason;
};

/// There may be a million: what few have stands in `extra`. See decision 17.
class Connection {
 public:
  static constexpr std::uint64_t kMaxMpId = (std::uint64_t{1} << 48) - 1;

  ConnectionRef self;
  std::uint64_t mp_id : 48 = 0;                // counts connections: at a million a second it lasts for nine years
  mutable Told told;                           // detectors'
  std::uint64_t start_ns = 0;
  std::array<Host, 2> hosts;                   // by Role
  OnDemand<ConnectionExtra> extra;
  CompactTuple tuple;                          // of the initial subflow
  SmallList<SubflowHandle> subflows;           // living ones: the initial one first, as long as it lives, then in no order
  std::uint32_t subflow_count = 0;             // all that ever belonged to it, but for joins that came to nothing

 private:
  std::array<std::uint32_t, 2> mapped_low_{};
  std::uint32_t confirmed_after_ = 0;          // since start_ns, plus 1 ns; 0: not; kApart: see `extra`
  std::uint32_t handshake_rtt_ = 0;            // kApart: see `extra`
  std::uint8_t version_ = kNoVersion;

 public:
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
  bool initial_lives : 1 = false;              // the subflow that made it
  bool in_doubt : 1 = false;                   // something was wrong by keys that nothing has confirmed yet

 private:
  std::uint8_t data_fin_ : 2 = 0;              // by Role
  std::uint8_t key_changed_ : 2 = 0;

 public:
  [[nodiscard]] std::optional<std::uint8_t> version() const {
    return version_ == kNoVersion ? std::nullopt : std::optional(version_);
  }
  void set_version(std::uint8_t version) { version_ = version; }

  [[nodiscard]] std::optional<std::uint8_t> reset_reason() const { return extra.read().reset_reason; }
  void set_reset_reason(const std::optional<std::uint8_t>& reason) {
    if (reason || extra.is_made()) extra.make().reset_reason = reason;
  }

  /// The subflow that made it, as long as that lives.
  [[nodiscard]] SubflowHandle initial() const { return initial_lives ? subflows[0] : SubflowHandle{}; }

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
static_assert(sizeof(Connection) == 192);

}  // namespace mptap

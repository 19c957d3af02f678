// What control tells the world: finished subflows and connections, notices, events. Plain values, safe to
// hand to another thread. None holds a key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dataplane/packet_source.h"
#include "dataplane/record.h"
#include "dataplane/types.h"

namespace mptap {

/// State of a subflow; stays `established` however it ends.
enum class SubflowState : std::uint8_t {
  kAttempted,    // never answered
  kEstablished,  // the SYN/ACK carried MPTCP
  kDenied,       // the SYN/ACK did not carry MPTCP
  kRefused,      // a join answered by RST
  kReset,        // an initial subflow answered by RST
  kPartial,      // its start was not seen
};

/// The evidence that put a subflow into its connection.
enum class MatchedBy : std::uint8_t {
  kNone,
  kInitial,  // it made the connection
  kHmac,     // the HMAC of its SYN/ACK is that of the connection's keys
  kToken,    // its token; keys to verify the HMAC were not seen, or disagree (see hmac_synack)
  kAddress,  // its acceptor's address is one the connection used or advertised
  kDsn,      // its data sequence numbers continue the connection's
};

/// Whether an HMAC was what the keys demand.
enum class Proof : std::uint8_t { kUnverified, kValid, kInvalid };

enum class Outcome : std::uint8_t {
  kEstablished,  // at least one subflow carried MPTCP to the end
  kFallback,     // it went on as plain TCP
  kPartial,      // its start was not seen
};

enum class ConnectionClose : std::uint8_t {
  kOpen,             // still open when the sensor stopped or the capture ended
  kDataFin,          // DATA_FIN both ways
  kFastClose,
  kReset,
  kTimeout,
  kLastSubflowGone,
  kEvicted,          // the connection table was full
};

/// X(name, word): why a connection, or an attempt at one, goes on as plain TCP (RFC 8684 section 3.7).
#define MPTAP_FALLBACKS(X)                                                                          \
  X(NoOption, "no_option")               /* the SYN/ACK carries no MPTCP: denied, or stripped */    \
  X(Stripped, "stripped")                /* the same of an acceptor that spoke MPTCP before */      \
  X(Mirrored, "mirrored")                /* a middlebox echoes the SYN's own option */              \
  X(Blackhole, "blackhole")              /* answered only once the SYN came without its option */   \
  X(Version, "version")                  /* the SYN/ACK names another version */                    \
  X(NoDss, "no_dss")                     /* data without a DSS after the handshake */               \
  X(InfiniteMapping, "infinite_mapping") /* a DSS says so */                                        \
  X(Fail, "mp_fail")                     /* MP_FAIL: a checksum failed */

enum class Fallback : std::uint8_t {
  kNone,
#define X(name, word) k##name,
  MPTAP_FALLBACKS(X)
#undef X
      kCount
};
constexpr std::size_t kFallbacks = static_cast<std::size_t>(Fallback::kCount);

/// Why an HMAC of a join, or of an ADD_ADDR, was not verified.
enum class Unverified : std::uint8_t {
  kNone,       // it was, or there is none
  kKeys,       // the keys of the connection were not seen
  kHandshake,  // a part of the join's own handshake was not seen
  kBudget,     // the crypto budget of that second was spent
  kDoubt,      // it was wrong by keys that nothing has confirmed yet
};

[[nodiscard]] const char* name_of(SubflowState value);
[[nodiscard]] const char* name_of(Fallback value);    // "" for kNone
[[nodiscard]] const char* name_of(Unverified value);  // "" for kNone
[[nodiscard]] const char* name_of(MatchedBy value);
[[nodiscard]] const char* name_of(Outcome value);
[[nodiscard]] const char* name_of(ConnectionClose value);
[[nodiscard]] const char* name_of(CloseCause value);

/// Names a connection: MP_ID within this run, uid across runs and sensors.
struct ConnectionName {
  std::uint64_t mp_id = 0;
  std::uint64_t run = 0;                         // unlike that of any other run

  /// Spelled out by who writes it: control only carries the numbers. Any thread.
  [[nodiscard]] std::string uid() const;
};

struct DirectionReport {
  std::uint64_t segments = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t mapped_bytes = 0;
};

/// One MP_PRIO in the life of a subflow.
struct PriorityChange {
  std::uint64_t after_ns = 0;                    // since the subflow's start
  bool from_opener = true;
  bool backup = false;
};

/// One address of a host of a connection, by its ID.
struct AddressReport {
  AddressId id;
  IpAddress address;
  std::uint16_t port = 0;                        // 0: not advertised with one
  bool advertised = false;
  bool used = false;                             // by a subflow
  bool removed = false;
};

/// Addresses of a host. Most have one or two, which need no memory of their own: it would be taken by control and given
/// back by the log writer, and the allocator makes one wait for the other.
class AddressReports {
 public:
  AddressReports() = default;
  AddressReports(std::initializer_list<AddressReport> reports) {
    for (const AddressReport& report : reports) push_back(report);
  }

  void push_back(const AddressReport& report) {
    if (size_ < kFew) {
      few_[size_] = report;
    } else {
      if (size_ == kFew) many_.assign(few_.begin(), few_.end());
      many_.push_back(report);
    }
    ++size_;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const AddressReport* begin() const { return size_ <= kFew ? few_.data() : many_.data(); }
  [[nodiscard]] const AddressReport* end() const { return begin() + size_; }
  [[nodiscard]] const AddressReport& operator[](std::size_t at) const { return begin()[at]; }

 private:
  static constexpr std::size_t kFew = 2;
  std::array<AddressReport, kFew> few_{};
  std::vector<AddressReport> many_;               // all of them, where there are more
  std::size_t size_ = 0;
};

/// One row of mptcp_subflow.log.
struct SubflowReport {
  FourTuple tuple;
  bool is_initial = false;
  std::optional<ConnectionName> connection;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  SubflowState state = SubflowState::kAttempted;
  MatchedBy matched_by = MatchedBy::kNone;
  std::optional<std::uint8_t> version;
  std::optional<Token> token;                    // joins: the token of the SYN
  std::optional<AddressId> opener_address_id;
  std::optional<AddressId> acceptor_address_id;
  bool backup = false;
  Proof hmac_synack = Proof::kUnverified;
  Proof hmac_ack = Proof::kUnverified;
  DirectionReport from_opener;
  DirectionReport from_acceptor;
  CloseCause close = CloseCause::kNone;
  std::optional<std::uint64_t> handshake_rtt_ns; // SYN to third ACK
  std::optional<std::uint64_t> acceptor_rtt_ns;  // SYN to SYN/ACK: the part between the tap and the acceptor
  std::vector<PriorityChange> priority_changes;  // MP_PRIO about this subflow; the first kMaxPriorityChanges
  bool backup_at_end = false;
  bool nat = false;                              // its opener's address ID is advertised with another address
  Unverified unverified = Unverified::kNone;
  Fallback fallback = Fallback::kNone;           // denied ones: why
  std::optional<std::uint8_t> reset_reason;      // of MP_TCPRST (RFC 8684 section 3.6)

  static constexpr std::size_t kMaxPriorityChanges = 16;
};

/// One row of mptcp_conn.log.
struct ConnectionReport {
  ConnectionName name;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::optional<std::uint8_t> version;
  FourTuple tuple;                               // of the initial subflow; opener = initiator
  std::optional<Token> initiator_token;
  std::optional<Token> responder_token;
  std::uint32_t subflows = 0;                    // established or partial ones
  Outcome outcome = Outcome::kEstablished;
  ConnectionClose close = ConnectionClose::kOpen;
  DirectionReport from_initiator;                // summed over all subflows
  DirectionReport from_responder;
  std::uint32_t initiator_addresses = 0;         // address IDs known at the end
  std::uint32_t responder_addresses = 0;
  bool checksums = false;                        // negotiated
  Fallback fallback = Fallback::kNone;
  std::optional<std::uint8_t> reset_reason;      // of the MP_TCPRST that ended its last subflow
  AddressReports initiator_address_list;
  AddressReports responder_address_list;
  bool nat = false;                              // of some subflow
  // Of each direction, where its start and both directions were seen.
  std::optional<std::uint64_t> initiator_reinjected_bytes;  // mapped again on another subflow
  std::optional<std::uint64_t> responder_reinjected_bytes;
  std::optional<std::uint64_t> initiator_acked_bytes;       // of its data, acknowledged by data ACK
  std::optional<std::uint64_t> responder_acked_bytes;
};

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh };
[[nodiscard]] const char* name_of(Severity value);

/// One source of a flood, with its share.
struct SourceCount {
  IpAddress address;
  std::uint64_t count = 0;
};

/// Names a packet whose headers may have been kept: by the print of its record, or as the latest of a kind on a subflow.
struct PacketName {
  std::uint64_t print = 0;                       // see print_of(); 0: by the others
  std::uint32_t slot = Record::kNoSlot;
  std::uint16_t generation = 0;
  std::uint16_t worker = 0;
  RecordKind kind = RecordKind::kNone;

  [[nodiscard]] bool is_set() const { return print != 0 || kind != RecordKind::kNone; }
};

/// One row of notice.log.
struct Notice {
  std::uint64_t time_ns = 0;
  const char* note = "";                         // e.g. "key_change"; static storage
  Severity severity = Severity::kInfo;
  std::optional<ConnectionName> connection;
  std::optional<Endpoint> source;                // a port of 0 is unset
  std::optional<Endpoint> destination;
  std::string message;                           // a sentence for a person; no key, ever
  const char* cause = "";                        // a word, where the notice has variants
  std::optional<AddressId> address_id;
  std::optional<std::uint64_t> count;
  std::vector<SourceCount> top_sources;
  std::optional<IpAddress> address;              // the address in question
  std::optional<std::uint64_t> known_count;      // join_flood: of `count`, joins with a token that is known
  std::string community_id;                      // where both ports are set
  PacketName packet_name;                        // the packet that raised it
  std::string packet;                            // its headers, keys blanked; empty: none
  LinkType packet_link = LinkType::kEthernet;    // what they begin with
};

/// Headers of one packet of the capture of evidence; keys blanked.
struct EvidencePacket {
  std::uint64_t time_ns = 0;
  LinkType link = LinkType::kEthernet;
  std::uint32_t wire_bytes = 0;
  std::vector<std::uint8_t> bytes;
};

/// One row of mptcp_event.log: an option as it was seen, or a step in the life of a connection.
struct EventReport {
  std::uint64_t time_ns = 0;
  const char* event = "";                        // "mp_capable", ... "connection_established"
  std::optional<ConnectionName> connection;
  FourTuple tuple;
  bool from_opener = true;
  std::optional<std::uint8_t> subtype;
  std::optional<std::uint8_t> length;
  std::optional<std::uint8_t> version;
  std::optional<std::uint8_t> flags;
  std::optional<AddressId> address_id;
  std::optional<IpAddress> address;
  std::optional<std::uint16_t> port;
  std::optional<bool> backup;
  std::optional<bool> echo;
  std::optional<Token> token;
  std::optional<std::uint32_t> nonce;
  std::optional<std::uint64_t> data_ack;
  std::optional<std::uint64_t> dsn;
  std::optional<std::uint32_t> ssn;
  std::optional<std::uint16_t> data_len;
  std::optional<std::uint8_t> ip_version;        // of `address`
  std::optional<std::uint8_t> reason;
  std::optional<bool> transient;
  std::optional<std::uint16_t> checksum;
  std::optional<std::uint32_t> payload_bytes;
  std::optional<HandshakeStep> step;             // MP_CAPABLE, MP_JOIN
  std::optional<Proof> proof;                    // of the option's HMAC or key, where it has one
  std::string hmac;                              // as on the wire, hex digits; empty: none
  std::string community_id;
  std::string detail;                            // close cause, error name, evidence
};

using Report = std::variant<std::monostate, SubflowReport, ConnectionReport, Notice, EventReport, EvidencePacket>;

/// Takes what control has to tell. Called on the control thread only; must not wait where control serves live
/// workers.
class ReportSink {
 public:
  ReportSink() = default;
  ReportSink(const ReportSink&) = delete;
  ReportSink& operator=(const ReportSink&) = delete;
  virtual ~ReportSink() = default;
  virtual void on_report(Report&& report) = 0;
};

}  // namespace mptap

// Records in, connections out: control's core. One thread, no I/O, packet time only.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/proven_sources.h"
#include "detect/address_hash.h"
#include "detect/connection_survey.h"
#include "detect/connection_table.h"
#include "detect/control_counters.h"
#include "detect/correlator_options.h"
#include "detect/crypto.h"
#include "detect/detector.h"
#include "detect/detector_options.h"
#include "detect/dsn_index.h"
#include "detect/evidence.h"
#include "detect/join_matcher.h"
#include "detect/keyless_index.h"
#include "detect/lru_map.h"
#include "detect/notice_policy.h"
#include "detect/prover.h"
#include "detect/record_gaps.h"
#include "detect/reporter.h"
#include "detect/reports.h"
#include "detect/subflow_book.h"
#include "detect/token_index.h"
#include "detect/waiting_joins.h"
#include "detect/wrong_address_sink.h"

namespace mptap {

/// Groups subflows into connections, proves joins, and tells detectors and logs what happens.
///
/// Control thread only. Memory is bounded by the options and the workers' tables.
class Correlator : private NoticeSink {
 public:
  /// @param workers    How many workers send records.
  /// @param detectors, notices  Outlive the correlator; a reload may change the values between calls.
  /// @param sink       Gets every report.
  /// @param seed       Secret; of all tables whose keys attackers choose.
  Correlator(const CorrelatorOptions& options, const DetectorOptions& detectors, const NoticeOptions& notices,
             std::size_t workers, std::uint64_t seed, ReportSink& sink, ControlCounters& counters);
  ~Correlator() override;

  /// Which events go to the event log; empty: none.
  void choose_events(const std::vector<std::string>& events) { reporter_.choose_events(events); }

  /// From now on notes there who opened a join whose both HMACs are right. @param proven  Outlives this.
  void note_proven_in(ProvenSources& proven) { proven_ = &proven; }

  /// From now on tells it of ADD_ADDRs whose HMAC is wrong, but for those of senders that `notices.allow` names.
  /// @param sink  Outlives this.
  void tell_wrong_addresses_to(WrongAddressSink& sink) { wrong_addresses_ = &sink; }

  /// The headers of the packet that made the next record of that worker.
  void on_packet(std::size_t worker, const KeptPacket& packet) {
    evidence_.on_packet(static_cast<std::uint16_t>(worker), packet);
  }

  /// Brings what the records are about towards the cache. They are shown by on_record() next; without this call that
  /// takes longer, and comes to the same.
  void prefetch(std::size_t worker, std::span<const Record> records);

  /// @param worker  Index of the worker that sent it.
  void on_record(std::size_t worker, const Record& record);

  /// That worker lost vital records; see RecordGaps::on_lost().
  void on_lost(std::uint64_t count, std::uint64_t until_ns) { gaps_.on_lost(count, until_ns); }

  /// Packet time has come to `now_ns`: grace times and idle times that are over by then end.
  void advance(std::uint64_t now_ns);

  /// Looks at the next places of the table for a survey: a bounded step. True once it has seen all. Connections that come
  /// and go meanwhile may be seen or not.
  [[nodiscard]] bool survey(ConnectionSurvey& survey);

  /// The sensor stops or the capture has ended: everything still open is reported.
  void finish();

 private:
  /// A connection's work for one record is bounded by this many of its subflows.
  static constexpr std::size_t kMaxLooks = 64;
  static constexpr std::size_t kMaxSpeakers = 65'536;
  static constexpr std::size_t kMaxEnded = 65'536;

  /// Why a connection leaves the table.
  enum class EndReason : std::uint8_t { kDue, kNoRoom, kExit };

  [[nodiscard]] bool is_asked_for(const Connection& connection, const SurveyFilter& filter);
  [[nodiscard]] SurveyedConnection look_at(const Connection& connection);
  void prefetch_indexes(std::size_t worker, const Record& record);

  // Handshakes.
  void on_opened(std::size_t worker, const Record& record);
  void note_syn(Subflow& subflow, const Record& record);
  void on_join_not_stored(const Record& record);
  void tell_join_attempt(Event event, Token token);
  void on_syn_ack(Subflow& subflow, const Record& record);
  void on_late_answer(Subflow& subflow, const Record& record);
  [[nodiscard]] Fallback fallback_of(const Subflow& subflow, const SynAckBody& answer);
  void deny(Subflow& subflow, const Record& record, Fallback cause);
  void on_capable_ack(Subflow& subflow, const Record& record);
  void on_join_ack(Subflow& subflow, const Record& record);
  void note_third_ack(Subflow& subflow, const Record& record);
  void confirm(const Subflow& subflow, Connection& connection, const Record& record);
  [[nodiscard]] std::optional<KeyDigest> try_digest(Connection& connection, Key key);

  // Signals.
  void on_add_addr(Subflow& subflow, const Record& record);
  void take_early_addresses(Subflow& subflow);
  void on_remove_addr(Subflow& subflow, const Record& record);
  void on_prio(Subflow& subflow, const Record& record);
  [[nodiscard]] PriorityCount count_priorities(const Connection& connection, Role role, std::uint64_t time_ns);
  void on_fail(Subflow& subflow, const Record& record);
  void on_fast_close(Subflow& subflow, const Record& record);
  void on_reset(Subflow& subflow, const Record& record);
  void on_malformed(std::size_t worker, const Record& record);
  void on_anomaly(Subflow& subflow, const Record& record);
  void fall_back(Connection& connection, Fallback cause, const Event& event);

  // Data.
  void on_first_dss(Subflow& subflow, const Record& record);
  void check_idsn(Subflow& subflow, Connection& connection, const Record& record);
  void confirm_key(Connection& connection, Role role);
  void note_doubt(Connection& connection);
  void settle_doubt(Connection& connection);
  void distrust_key(Connection& connection, Role role);
  void on_dsn(Subflow& subflow, bool sent_by_opener, std::uint64_t dsn);
  void on_data_fin(Subflow& subflow, const Record& record);
  void on_counters(Subflow& subflow, const Record& record);
  void note_progress(Subflow& subflow, Connection& connection, const Record& record);
  [[nodiscard]] std::uint64_t reported_since(const Connection& connection);

  // Connections.
  void establish(Subflow& subflow, const Record& record);
  void note_handshake(Subflow& subflow, Connection& connection);
  Connection* try_create(Subflow& subflow, std::uint64_t time_ns);
  void make_partial(Subflow& subflow, const Record& record);
  Connection* find_twin(const Subflow& subflow, const SynAckBody& answer, Token token, std::uint64_t time_ns);
  void join_twins(Subflow& subflow, Subflow* first, Connection& connection);
  void set_key(Connection& connection, Role role, Key key);
  void set_key(Connection& connection, Role role, Key key, const std::optional<KeyDigest>& digest);
  void compare_key(Subflow& subflow, Connection& connection, Role role, Key key, const Record& record);
  void tell_key_change(Subflow& subflow, Connection& connection, Role role, const Record& record);
  void register_token(Connection& connection, Role role, Token token);
  void tell_token_taken(const Connection& connection, Role role, Token token);
  void end_connection(Connection& connection, std::uint64_t time_ns, EndReason reason);

  // Joins.
  void settle_join(Subflow& subflow, std::uint64_t time_ns);
  static void note_addresses(const Subflow& subflow, Connection& connection);
  void tell_unknown(const Subflow& subflow, std::uint64_t time_ns);
  [[nodiscard]] bool is_known(Token token) { return tokens_.contains(token) || ended_tokens_.find(token) != nullptr; }
  void attach(Subflow& subflow, Connection& connection, Role opener_role, MatchedBy matched_by);
  static void forget_keys(Subflow& subflow);
  void detach(const Subflow& subflow, Connection& connection);
  void stop_waiting(Subflow& subflow);
  void recheck_waiting(Token token, std::uint64_t time_ns);
  void end_late(Subflow& subflow);
  void give_up(const WaitingJoins::Due& due);
  Subflow* find_twin_join(const Subflow& subflow, const Connection& connection);
  void verify_joins_of(Connection& connection);
  void prove_join(Subflow& subflow, Connection& connection, std::uint64_t time_ns, Verdict syn_ack = {});
  void settle_proof(Subflow& subflow, HmacKind kind, const Verdict& found, std::uint64_t time_ns);
  void tell_completed(Subflow& subflow, std::uint64_t time_ns);

  // One direction only.
  void await_answer(const Subflow& subflow, std::uint64_t time_ns);
  void settle_one_sided(Subflow& subflow);

  // Ends.
  void close_subflow(Subflow& subflow, CloseCause cause, std::uint64_t end_ns, const Record* record);
  void add_to_sums(const Subflow& subflow, Connection& connection) const;
  [[nodiscard]] bool is_wanted(EventKind kind) const {
    return !watchers_[static_cast<std::size_t>(kind)].empty() || reporter_.wants_events();
  }
  void emit(const Event& event);
  void tell(EventKind kind, const Subflow& subflow, const Record& record);
  Event event_of(EventKind kind, const Subflow& subflow, const Record* record, std::uint64_t time_ns);
  void on_notice(Notice&& notice) override;
  void on_absence(Notice&& notice, std::uint64_t since_ns) override;
  [[nodiscard]] std::uint64_t lost_since(std::uint64_t since_ns) const override { return gaps_.lost_since(since_ns); }
  /// Whether records of the connection may have been lost.
  [[nodiscard]] bool is_gapped(const Connection& connection) const { return !gaps_.is_whole_since(begin_of(connection)); }
  Connection* connection_of(const Subflow& subflow) { return connections_.find_of(subflow); }

  const CorrelatorOptions options_;
  ReportSink& sink_;
  ControlCounters& counters_;
  Crypto crypto_;
  SubflowBook book_;
  ConnectionTable connections_;
  TokenIndex tokens_;
  KeylessIndex keyless_;
  DsnIndex dsns_;
  Prover prover_;
  ProvenSources* proven_ = nullptr;
  WrongAddressSink* wrong_addresses_ = nullptr;
  WaitingJoins waiting_;
  JoinMatcher matcher_;
  Reporter reporter_;
  std::vector<std::unique_ptr<Detector>> detectors_;
  std::array<std::vector<Detector*>, kEventKinds> watchers_;       // by kind, in the order of `detectors_`
  NoticePolicy policy_;
  RecordGaps gaps_;
  Evidence evidence_;
  struct Unanswered {
    SubflowRef subflow;
    std::uint64_t deadline_ns;
  };
  struct Doubt {
    ConnectionRef connection;
    std::uint64_t deadline_ns;
  };
  static constexpr std::uint64_t kDoubtNs = 500 * kNsPerMillisecond;  // in which the first data should confirm a key
  static constexpr std::size_t kMaxDoubts = 65'536;
  std::deque<Unanswered> unanswered_;                              // see await_answer()
  std::deque<Doubt> doubts_;                                       // see note_doubt()
  LruMap<Endpoint, std::uint64_t, EndpointHash> speakers_;         // acceptors of MPTCP, and when they did last
  LruMap<Token, std::uint64_t, TokenHash> ended_tokens_;           // of connections that ended, and when
  bool judging_ = false;                                           // what is in doubt now will stay so
  std::uint64_t detectors_due_ns_ = 0;
  std::uint64_t now_ns_ = 0;
  std::uint64_t next_mp_id_ = 0;
  std::uint64_t joins_waiting_ = 0;
};

/// All detectors, in the order in which they see an event.
[[nodiscard]] std::vector<std::unique_ptr<Detector>> make_detectors(const DetectorOptions& options, std::uint64_t seed,
                                                                   ControlCounters& counters);

}  // namespace mptap

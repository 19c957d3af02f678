// Turns notices into rules by which the workers of inline ports hold packets back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/rule_order.h"
#include "detect/card_rules.h"
#include "detect/control_counters.h"
#include "detect/detector_options.h"
#include "detect/mitigation_rule.h"
#include "detect/reports.h"
#include "detect/wrong_address_sink.h"

namespace mptap {

/// Stands between control and whoever takes its reports: what `notices.allow` leaves out makes no rule. A flood's rule goes
/// with the flood: renewed by each notice of it, ended by join_flood_end, or `ttl` after it was last heard of. A subflow's
/// lasts `ttl`. What an operator asked for comes first: his rules end when he said, and one that he ended does not come back
/// while its cause goes on, or for `ttl`. Each start and end is a notice.
///
/// Control thread only; memory bounded.
class Mitigator : public ReportSink, public WrongAddressSink {
 public:
  /// @param next      Gets all reports, and the notices of rules; outlives this.
  /// @param detectors, options  Outlive this; a reload may change the values between calls.
  /// @param workers   Outlive this.
  /// @param cards     Have a share in what blocks subflows; outlive this. nullptr: there are none.
  Mitigator(ReportSink& next, const DetectorOptions& detectors, const MitigationOptions& options,
            std::vector<RuleChannel*> workers, ControlCounters& counters, CardRules* cards = nullptr);

  void on_report(Report&& report) override;

  /// Has the worker strike it, before its segment goes on where the worker waits for that. One rule a subflow, renewed by each.
  void on_wrong_address(const Event& event) override;

  /// Whether workers wait for what on_wrong_address() makes of ADD_ADDRs.
  [[nodiscard]] bool judges_addresses() const { return judges_addresses_; }

  /// Ends what is over, or was switched off. Cheap where nothing is due.
  void advance(std::uint64_t now_ns);

  /// Those in force, the oldest first.
  [[nodiscard]] std::vector<MitigationRule> rules() const;

  /// Begins an operator's rule; one for the same receiver becomes his.
  ///
  /// @return Its number; none where there is no room.
  std::optional<std::uint64_t> begin_by_hand(const LimitByHand& wanted, std::uint64_t now_ns);

  /// Ends a rule before its time. False where there is none of this number.
  bool end_by_hand(std::uint64_t number, std::uint64_t now_ns);

 private:
  /// A rule and where it is obeyed.
  struct Held {
    MitigationRule rule;
    std::uint16_t place = 0;
    std::optional<std::uint16_t> worker;  // none: all
    std::uint32_t slot = Record::kNoSlot; // of a subflow
    std::uint16_t generation = 0;
    std::uint64_t packets_before = 0;     // that earlier rules of its place had counted
    std::optional<std::uint16_t> card = std::nullopt;  // its place among those for cards
    std::uint64_t card_packets = 0;       // that cards dropped in places it had before
  };
  /// A limit that an operator ended.
  struct Waived {
    IpAddress receiver;
    std::uint64_t until_ns;
  };
  using Rules = std::vector<Held>;

  void on_flood(const Notice& notice);
  void on_flood_end(const Notice& notice);
  void on_wrong_hmac(const Notice& notice);
  bool begin_limit(MitigationRule rule, const std::string& why);
  void begin_of_subflow(Held held, RuleOrder wanted);
  void choose_whether_to_judge();
  [[nodiscard]] bool order_limit(const Held& held);
  void end(Rules::iterator held, std::uint64_t time_ns, const std::string& why);
  [[nodiscard]] std::optional<std::string> why_over(const MitigationRule& rule, std::uint64_t now_ns) const;
  [[nodiscard]] Rules::iterator find(std::uint16_t place, std::uint16_t worker);
  [[nodiscard]] Mitigation mitigation_of(Deed deed) const;
  [[nodiscard]] Rules::iterator limit_of(const IpAddress& receiver);
  [[nodiscard]] std::optional<std::uint16_t> free_limit() const;
  [[nodiscard]] std::uint64_t counted(const Held& held) const;
  [[nodiscard]] std::uint64_t packets_of(const Held& held) const;
  void share_with_cards(Held& held, std::uint64_t now_ns);
  void count_on_cards();
  [[nodiscard]] bool is_waived(const IpAddress& receiver, std::uint64_t now_ns);
  [[nodiscard]] bool order(const Held& held, const RuleOrder& order);
  void tell(std::uint64_t time_ns, const char* cause, const MitigationRule& rule, std::string message);
  void count_rules();

  ReportSink& next_;
  const DetectorOptions& detectors_;
  const MitigationOptions& options_;
  const std::vector<RuleChannel*> workers_;
  ControlCounters& counters_;
  CardRules* const cards_;
  Rules rules_;                 // the oldest first; at most kMaxRules
  std::vector<Waived> waived_;  // at most kMaxLimits
  std::uint64_t last_number_ = 0;
  bool judges_addresses_ = false;
  std::uint64_t looked_ns_ = 0;
};

}  // namespace mptap

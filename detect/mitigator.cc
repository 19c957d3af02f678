#include "detect/mitigator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "detect/address_text.h"

namespace mptap {
namespace {

constexpr std::uint64_t kLookEveryNs = 100'000'000;  // for what is over

bool is_limit(const MitigationRule& rule) { return rule.deed == Deed::kLimitJoins; }

/// What it is about, as the subject of a sentence.
std::string subject_of(const MitigationRule& rule) {
  switch (rule.deed) {
    case Deed::kLimitJoins: return "joins to " + address_text(rule.destination.address);
    case Deed::kBlockSubflow: return "the segments of this subflow";
    case Deed::kStrikeAddress: return "forged ADD_ADDRs of this subflow";
  }
  return {};
}

/// What it does, as the end of a sentence.
std::string deed_of(const MitigationRule& rule) {
  const std::string subject = subject_of(rule);
  switch (rule.deed) {
    case Deed::kLimitJoins: return subject + " beyond " + std::to_string(rule.joins_per_second) + " a second are held back once";
    case Deed::kBlockSubflow: return subject + " are held back";
    case Deed::kStrikeAddress: return subject + " are struck";
  }
  return {};
}

/// From what a notice tells of a subflow, and since when.
MitigationRule rule_of_subflow(Deed deed, std::uint64_t time_ns, std::uint64_t ttl_ns, Mitigation mitigation) {
  MitigationRule rule;
  rule.deed = deed;
  rule.enforced = mitigation == Mitigation::kEnforce;
  rule.begun_ns = time_ns;
  rule.until_ns = time_ns + ttl_ns;
  return rule;
}

RuleOrder order_of(const MitigationRule& rule, std::uint16_t place) {
  return {.kind = RuleOrder::Kind::kLimitJoins,
          .enforced = rule.enforced,
          .place = place,
          .joins_per_second = rule.joins_per_second,
          .until_ns = rule.until_ns,
          .receiver = rule.destination.address};
}

}  // namespace

Mitigator::Mitigator(ReportSink& next, const DetectorOptions& detectors, const MitigationOptions& options,
                     std::vector<RuleChannel*> workers, ControlCounters& counters, CardRules* cards)
    : next_(next), detectors_(detectors), options_(options), workers_(std::move(workers)), counters_(counters), cards_(cards) {
  choose_whether_to_judge();
}

/// The notice goes on first: its row stands before that of the rule.
void Mitigator::on_report(Report&& report) {
  const auto* notice = std::get_if<Notice>(&report);
  const std::string_view note = notice != nullptr ? notice->note : "";
  const bool is_cause = note == "join_flood" || note == "join_flood_status" || note == "join_flood_end" || note == "join_hmac";
  if (!is_cause) return next_.on_report(std::move(report));
  const Notice cause = *notice;
  next_.on_report(std::move(report));
  if (note == "join_flood_end") {
    on_flood_end(cause);
  } else if (note == "join_hmac") {
    on_wrong_hmac(cause);
  } else {
    on_flood(cause);
  }
}

void Mitigator::on_flood(const Notice& notice) {
  const JoinFloodOptions& flood = detectors_.join_flood;
  if (flood.mitigation == Mitigation::kOff || !notice.destination) return;
  const IpAddress& receiver = notice.destination->address;
  if (is_waived(receiver, notice.time_ns)) return;
  MitigationRule rule{.source = {},
                      .destination = *notice.destination,
                      .joins_per_second = flood.pass_per_second,
                      .enforced = flood.mitigation == Mitigation::kEnforce,
                      .begun_ns = notice.time_ns,
                      .until_ns = notice.time_ns + options_.ttl_ns};
  const auto known = limit_of(receiver);
  if (known == rules_.end()) {
    begin_limit(rule, "");
    return;
  }
  if (known->rule.by_hand) return;
  known->rule.joins_per_second = rule.joins_per_second;
  known->rule.enforced = rule.enforced;
  known->rule.until_ns = rule.until_ns;
  (void)order_limit(*known);
}

void Mitigator::on_flood_end(const Notice& notice) {
  if (!notice.destination) return;
  const IpAddress& receiver = notice.destination->address;
  std::erase_if(waived_, [&](const Waived& waived) { return waived.receiver == receiver; });
  const auto known = limit_of(receiver);
  if (known != rules_.end() && !known->rule.by_hand) end(known, notice.time_ns, "the flood is over");
}

void Mitigator::on_wrong_hmac(const Notice& notice) {
  const PacketName& subflow = notice.packet_name;
  if (detectors_.join_hmac.mitigation == Mitigation::kOff || !notice.source || !notice.destination) return;
  if (subflow.slot == Record::kNoSlot || subflow.worker >= workers_.size()) return;
  Held held{.rule = rule_of_subflow(Deed::kBlockSubflow, notice.time_ns, options_.ttl_ns, detectors_.join_hmac.mitigation),
            .place = place_of_block(subflow.slot),
            .worker = subflow.worker,
            .slot = subflow.slot,
            .generation = subflow.generation};
  held.rule.source = notice.source;
  held.rule.destination = *notice.destination;
  RuleOrder block;
  block.kind = RuleOrder::Kind::kBlock;
  begin_of_subflow(held, block);
}

void Mitigator::on_wrong_address(const Event& event) {
  const SubflowRef subflow = event.subflow->self();
  if (!judges_addresses_ || subflow.worker >= workers_.size()) return;
  const AddAddrBody& add = event.record->add_addr;
  Held held{.rule = rule_of_subflow(Deed::kStrikeAddress, event.time_ns, options_.ttl_ns, detectors_.add_addr_hmac.mitigation),
            .place = place_of_strike(subflow.slot),
            .worker = subflow.worker,
            .slot = subflow.slot,
            .generation = subflow.generation};
  held.rule.source = event.from_opener ? event.tuple.opener : event.tuple.acceptor;
  held.rule.destination = event.from_opener ? event.tuple.acceptor : event.tuple.opener;
  held.rule.address = add.address;
  RuleOrder strike;
  strike.kind = RuleOrder::Kind::kStrike;
  strike.from_acceptor = !event.from_opener;
  strike.claim = {add.address, add.hmac, add.has_port ? add.port : std::uint16_t{0}, add.address_id};
  begin_of_subflow(held, strike);
}

/// Begins a rule of a subflow, or renews what there is of it in the same place; one of another subflow stays.
/// @param wanted  Its kind, and what that kind alone has; the rest is taken from `held`.
void Mitigator::begin_of_subflow(Held held, RuleOrder wanted) {
  wanted.enforced = held.rule.enforced;
  wanted.place = held.place;
  wanted.slot = held.slot;
  wanted.generation = held.generation;
  wanted.until_ns = held.rule.until_ns;
  auto known = find(held.place, *held.worker);
  if (known != rules_.end() && known->slot == held.slot && known->generation != held.generation) {
    end(known, held.rule.begun_ns, "the subflow is over");
    known = rules_.end();
  }
  if (known != rules_.end()) {
    if (known->slot != held.slot) {
      ControlCounters::add(counters_.rules_refused);
    } else if (order(*known, wanted)) {
      held.rule.number = known->rule.number;
      const std::uint64_t renewed_ns = std::exchange(held.rule.begun_ns, known->rule.begun_ns);
      known->rule = held.rule;
      share_with_cards(*known, renewed_ns);
    }
    return;
  }
  held.packets_before = counted(held);
  if (!order(held, wanted)) return;
  held.rule.number = ++last_number_;
  share_with_cards(held, held.rule.begun_ns);
  rules_.push_back(held);
  count_rules();
  tell(held.rule.begun_ns, "start", held.rule, (held.rule.enforced ? "from now on, " : "if this were enforced, from now on ") + deed_of(held.rule));
}

Mitigator::Rules::iterator Mitigator::find(std::uint16_t place, std::uint16_t worker) {
  return std::find_if(rules_.begin(), rules_.end(), [&](const Held& held) { return held.place == place && held.worker == worker; });
}

/// A card has its share of what blocks a subflow in earnest, and of nothing else.
void Mitigator::share_with_cards(Held& held, std::uint64_t now_ns) {
  if (cards_ == nullptr || held.rule.deed != Deed::kBlockSubflow) return;
  if (held.rule.enforced && !held.card) held.card = cards_->begin({*held.rule.source, held.rule.destination}, counted(held), now_ns);
  if (!held.rule.enforced && held.card) {
    held.card_packets += cards_->packets(*held.card);
    cards_->end(*held.card);
    held.card.reset();
  }
}

/// @param why  Of the rule, before what it does; may be empty.
/// @return Whether it is in force. A detector's is, though a worker whose ring is full hears of it with the next notice only; of an
///         operator's there is none.
bool Mitigator::begin_limit(MitigationRule rule, const std::string& why) {
  const auto place = free_limit();
  if (!place) {
    ControlCounters::add(counters_.rules_refused);
    return false;
  }
  rule.number = last_number_ + 1;
  Held held{.rule = rule, .place = *place, .worker = {}};
  held.packets_before = counted(held);
  if (!order_limit(held) && held.rule.by_hand) {
    (void)order(held, {.kind = RuleOrder::Kind::kEnd, .place = held.place});
    return false;
  }
  ++last_number_;
  rules_.push_back(held);
  count_rules();
  tell(held.rule.begun_ns, "start", held.rule,
       why + (held.rule.enforced ? "from now on, " : "if this were enforced, from now on ") + deed_of(held.rule));
  return true;
}

bool Mitigator::order_limit(const Held& held) { return order(held, order_of(held.rule, held.place)); }

void Mitigator::end(Rules::iterator held, std::uint64_t time_ns, const std::string& why) {
  const Held ended = *held;
  const std::uint64_t packets = packets_of(ended);
  rules_.erase(held);
  if (ended.card) cards_->end(*ended.card);
  (void)order(ended, {.kind = RuleOrder::Kind::kEnd, .place = ended.place});
  count_rules();
  const char* const deed = ended.rule.deed == Deed::kStrikeAddress ? "struck" : "held back";
  tell(time_ns, "end", ended.rule,
       subject_of(ended.rule) + " are no longer " + deed + ": " + why + "; " + std::to_string(packets) + (ended.rule.enforced ? " were" : " would have been"));
}

std::optional<std::uint64_t> Mitigator::begin_by_hand(const LimitByHand& wanted, std::uint64_t now_ns) {
  const auto known = limit_of(wanted.receiver);
  if (known != rules_.end()) end(known, now_ns, "another takes its place, asked for by hand");
  std::erase_if(waived_, [&](const Waived& waived) { return waived.receiver == wanted.receiver; });
  const bool begun = begin_limit({.source = {},
               .destination = {wanted.receiver, 0},
               .joins_per_second = wanted.joins_per_second.value_or(detectors_.join_flood.pass_per_second),
               .enforced = wanted.enforced,
               .by_hand = true,
               .begun_ns = now_ns,
               .until_ns = now_ns + wanted.lasts_ns.value_or(options_.ttl_ns)},
              "asked for by hand: ");
  return begun ? std::optional(last_number_) : std::nullopt;
}

bool Mitigator::end_by_hand(std::uint64_t number, std::uint64_t now_ns) {
  const auto held = std::find_if(rules_.begin(), rules_.end(), [&](const Held& it) { return it.rule.number == number; });
  if (held == rules_.end()) return false;
  if (is_limit(held->rule)) {
    if (waived_.size() == kMaxLimits) waived_.erase(waived_.begin());
    waived_.push_back({held->rule.destination.address, now_ns + options_.ttl_ns});
  }
  end(held, now_ns, "ended by hand");
  return true;
}

/// While it is heard of, the time of what was waived does not run out.
bool Mitigator::is_waived(const IpAddress& receiver, std::uint64_t now_ns) {
  const auto found = std::find_if(waived_.begin(), waived_.end(), [&](const Waived& it) { return it.receiver == receiver; });
  if (found == waived_.end()) return false;
  if (found->until_ns <= now_ns) {
    waived_.erase(found);
    return false;
  }
  found->until_ns = now_ns + options_.ttl_ns;
  return true;
}

std::optional<std::string> Mitigator::why_over(const MitigationRule& rule, std::uint64_t now_ns) const {
  if (!rule.by_hand && mitigation_of(rule.deed) == Mitigation::kOff) return "switched off";
  if (rule.until_ns > now_ns) return std::nullopt;
  return is_limit(rule) && !rule.by_hand ? "nothing was heard of the flood for the rule's time" : "the rule's time is over";
}

Mitigation Mitigator::mitigation_of(Deed deed) const {
  switch (deed) {
    case Deed::kLimitJoins: return detectors_.join_flood.mitigation;
    case Deed::kBlockSubflow: return detectors_.join_hmac.mitigation;
    case Deed::kStrikeAddress: return detectors_.add_addr_hmac.enabled ? detectors_.add_addr_hmac.mitigation : Mitigation::kOff;
  }
  return Mitigation::kOff;
}

/// Tells workers where a reload has changed it.
void Mitigator::choose_whether_to_judge() {
  const bool wanted = mitigation_of(Deed::kStrikeAddress) != Mitigation::kOff;
  if (wanted == judges_addresses_) return;
  judges_addresses_ = wanted;
  for (RuleChannel* worker : workers_) worker->control.judges_addresses.store(wanted, std::memory_order_relaxed);
}

void Mitigator::advance(std::uint64_t now_ns) {
  choose_whether_to_judge();
  if ((rules_.empty() && cards_ == nullptr) || (now_ns >= looked_ns_ && now_ns - looked_ns_ < kLookEveryNs)) return;
  looked_ns_ = now_ns;
  count_on_cards();
  for (const Held& held : rules_) {
    if (held.card) cards_->advance(*held.card, counted(held), now_ns);
  }
  for (std::size_t i = 0; i < rules_.size();) {
    if (const auto why = why_over(rules_[i].rule, now_ns)) {
      end(rules_.begin() + static_cast<std::ptrdiff_t>(i), now_ns, *why);
    } else {
      ++i;
    }
  }
}

std::vector<MitigationRule> Mitigator::rules() const {
  std::vector<MitigationRule> all;
  for (const Held& held : rules_) {
    all.push_back(held.rule);
    all.back().packets = packets_of(held);
    all.back().on_card = held.card && cards_->is_dropped(*held.card);
  }
  return all;
}

Mitigator::Rules::iterator Mitigator::limit_of(const IpAddress& receiver) {
  return std::find_if(rules_.begin(), rules_.end(),
                      [&](const Held& held) { return is_limit(held.rule) && held.rule.destination.address == receiver; });
}

std::optional<std::uint16_t> Mitigator::free_limit() const {
  for (std::uint16_t place = 0; place < kMaxLimits; ++place) {
    if (std::none_of(rules_.begin(), rules_.end(), [&](const Held& held) { return held.place == place; })) return place;
  }
  return std::nullopt;
}

std::uint64_t Mitigator::counted(const Held& held) const {
  if (held.worker) return workers_[*held.worker]->packets.of(held.place);
  std::uint64_t sum = 0;
  for (const RuleChannel* worker : workers_) sum += worker->packets.of(held.place);
  return sum;
}

/// Since it began, by workers and cards.
std::uint64_t Mitigator::packets_of(const Held& held) const {
  return counted(held) - held.packets_before + held.card_packets + (held.card ? cards_->packets(*held.card) : 0);
}

void Mitigator::count_on_cards() {
  if (cards_ == nullptr) return;
  cards_->settle();
  ControlCounters::set(counters_.rules_on_cards, cards_->dropped());
  ControlCounters::set(counters_.card_packets, cards_->packets());
  ControlCounters::set(counters_.card_rules_refused, cards_->refused());
}

/// To the workers of a rule; false where one has no room for it.
bool Mitigator::order(const Held& held, const RuleOrder& order) {
  bool all = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (held.worker && *held.worker != i) continue;
    if (workers_[i]->orders.try_push(order)) {
      workers_[i]->orders.publish();
    } else {
      ControlCounters::add(counters_.rules_refused);
      all = false;
    }
  }
  return all;
}

void Mitigator::tell(std::uint64_t time_ns, const char* cause, const MitigationRule& rule, std::string message) {
  Notice notice;
  notice.time_ns = time_ns;
  notice.note = "mitigation";
  notice.severity = Severity::kInfo;
  notice.cause = cause;
  notice.source = rule.source;
  notice.destination = rule.destination;
  notice.message = "rule " + std::to_string(rule.number) + ": " + std::move(message);
  ControlCounters::add(counters_.notices_raised);
  next_.on_report(std::move(notice));
}

void Mitigator::count_rules() { ControlCounters::set(counters_.rules, rules_.size()); }

}  // namespace mptap

#include "daemon/query/rule_questions.h"

#include <limits>
#include <optional>
#include <string>

#include "config/prefix_text.h"
#include "daemon/query/question.h"
#include "detect/address_text.h"

namespace mptap {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kList = "mitigations";
constexpr std::string_view kAdd = "add_mitigation";
constexpr std::string_view kRemove = "remove_mitigation";
constexpr std::uint64_t kMostSeconds = 86'400;
constexpr std::uint64_t kMostJoins = 1'000'000'000;  // as detectors.join_flood.pass_per_second

double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerSecond); }

/// A number of a question; none where it has none of this key.
std::optional<std::uint64_t> number_of(const Json& question, const char* key, std::uint64_t least, std::uint64_t most) {
  const auto found = question.find(key);
  if (found == question.end()) return std::nullopt;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() < least || found->get<std::uint64_t>() > most) {
    throw QuestionError(std::string(key) + ": a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return found->get<std::uint64_t>();
}

Json json_of(const Endpoint& endpoint) {
  return {{"address", address_text(endpoint.address)}, {"port", endpoint.port == 0 ? Json() : Json(endpoint.port)}};
}

const char* name_of(Deed deed) {
  switch (deed) {
    case Deed::kLimitJoins: return "limit_joins";
    case Deed::kBlockSubflow: return "block_subflow";
    case Deed::kStrikeAddress: return "strike_address";
  }
  return "";
}

Json json_of(const MitigationRule& rule) {
  Json json{{"number", rule.number}, {"action", name_of(rule.deed)}};
  if (rule.source) json["source"] = json_of(*rule.source);
  json["destination"] = rule.source ? json_of(rule.destination) : json_of(Endpoint{rule.destination.address, 0});
  if (rule.address) json["address"] = address_text(*rule.address);
  if (!rule.source) json["joins_per_second"] = rule.joins_per_second;
  json["enforced"] = rule.enforced;
  json["by_hand"] = rule.by_hand;
  json["acts_in"] = rule.on_card ? "card" : "software";
  json["begun"] = seconds_of(rule.begun_ns);
  json["until"] = seconds_of(rule.until_ns);
  json["packets"] = rule.packets;
  return json;
}

LimitByHand limit_of(const Json& question) {
  LimitByHand limit;
  const std::string receiver = text_of(question, "receiver");
  const auto address = parse_prefix(receiver);
  if (!address || address->bits != 128) throw QuestionError("receiver: '" + receiver + "' is no address");
  limit.receiver = address->address;
  if (const auto joins = number_of(question, "joins_per_second", 0, kMostJoins)) limit.joins_per_second = static_cast<std::uint32_t>(*joins);
  if (const auto seconds = number_of(question, "seconds", 1, kMostSeconds)) limit.lasts_ns = *seconds * kNsPerSecond;
  if (const auto enforce = question.find("enforce"); enforce != question.end()) {
    if (!enforce->is_boolean()) throw QuestionError("enforce: true or false");
    limit.enforced = enforce->get<bool>();
  }
  return limit;
}

Json list(const MitigatorAccess& with_mitigator) {
  std::vector<MitigationRule> rules;
  std::uint64_t time_ns = 0;
  const bool done = with_mitigator([&](Mitigator& mitigator, std::uint64_t now_ns) {
    rules = mitigator.rules();
    time_ns = now_ns;
  });
  if (!done) throw NotInTime{};
  Json answer{{"ok", true}, {"time", seconds_of(time_ns)}, {"mitigations", Json::array()}};
  for (const MitigationRule& rule : rules) answer["mitigations"].push_back(json_of(rule));
  return answer;
}

Json add(const LimitByHand& wanted, const MitigatorAccess& with_mitigator) {
  std::optional<std::uint64_t> number;
  const bool done = with_mitigator([&](Mitigator& mitigator, std::uint64_t now_ns) { number = mitigator.begin_by_hand(wanted, now_ns); });
  if (!done) throw NotInTime{};
  if (!number) throw QuestionError("there is no room: " + std::to_string(kMaxLimits) + " receivers are protected already, or a worker has not taken earlier orders yet; remove one, or try again");
  return {{"ok", true}, {"number", *number}};
}

Json remove(std::uint64_t number, const MitigatorAccess& with_mitigator) {
  bool found = false;
  const bool done = with_mitigator([&](Mitigator& mitigator, std::uint64_t now_ns) { found = mitigator.end_by_hand(number, now_ns); });
  if (!done) throw NotInTime{};
  if (!found) throw QuestionError("there is no rule " + std::to_string(number) + " in force");
  return {{"ok", true}, {"number", number}};
}

}  // namespace

bool is_rule_question(std::string_view what) { return what == kList || changes_rules(what); }

bool changes_rules(std::string_view what) { return what == kAdd || what == kRemove; }

Json answer_rule_question(const Json& question, const MitigatorAccess& access) {
  const std::string what = text_of(question, "ask");
  if (what == kAdd) {
    check_keys(question, {"receiver", "joins_per_second", "seconds", "enforce"});
  } else if (what == kRemove) {
    check_keys(question, {"number"});
  } else {
    check_keys(question, {});
  }
  if (!access) throw QuestionError("no port is inline (setting inline): nothing can be held back");
  if (what == kAdd) return add(limit_of(question), access);
  if (what == kList) return list(access);
  const auto number = number_of(question, "number", 1, std::numeric_limits<std::uint64_t>::max());
  if (!number) throw QuestionError("number: that of a rule, as mitigations tells it");
  return remove(*number, access);
}

}  // namespace mptap

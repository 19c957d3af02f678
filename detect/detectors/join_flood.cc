#include "detect/detectors/join_flood.h"

#include <algorithm>
#include <string>

#include "detect/address_text.h"

namespace mptap {
namespace {

std::string interval_text(std::uint64_t ns) {
  return ns % kNsPerSecond == 0 ? std::to_string(ns / kNsPerSecond) + " s" : std::to_string(ns / kNsPerMillisecond) + " ms";
}

}  // namespace

JoinFloodDetector::JoinFloodDetector(const JoinFloodOptions& options, std::uint64_t seed, ControlCounters& counters)
    : options_(options), counters_(counters), receivers_(options.max_receivers, AddressHash(seed)) {}

/// Space-saving: an unknown source takes over the smallest counter, so that frequent ones are never lost.
void JoinFloodDetector::count_source(Receiver& receiver, const IpAddress& source, std::uint32_t joins) {
  auto& sources = receiver.sources;
  const auto known = std::find_if(sources.begin(), sources.end(), [&](const auto& it) { return it.address == source; });
  if (known != sources.end()) {
    known->count += joins;
  } else if (sources.size() < kSources) {
    sources.push_back({source, joins, 0});
  } else {
    const auto smallest = std::min_element(sources.begin(), sources.end(),
                                           [](const auto& a, const auto& b) { return a.count < b.count; });
    *smallest = {source, smallest->count + joins, smallest->count};
  }
}

bool JoinFloodDetector::is_above(const Receiver& receiver, std::uint64_t unseen) const {
  return receiver.open.total() > options_.threshold + unseen ||
         receiver.known.total() > options_.known_token_threshold + unseen;
}

void JoinFloodDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled) return;
  if (event.kind == EventKind::kJoinCompleted) on_completed(event);
  if (event.kind == EventKind::kJoinAttempt) on_attempt(event, notices);
}

void JoinFloodDetector::on_completed(const Event& event) {
  Receiver* receiver = receivers_.find(event.tuple.acceptor.address);
  if (receiver == nullptr) return;
  const std::uint64_t step = SlidingCount::step_of(event.attempt_ns, options_.interval_ns);
  receiver->open.take_back(step);
  receiver->known.take_back(step);  // what is completed had a token that its acceptor knows
}

void JoinFloodDetector::on_attempt(const Event& event, NoticeSink& notices) {
  receivers_.set_capacity(options_.max_receivers);
  const IpAddress& address = event.tuple.acceptor.address;
  Receiver& receiver = receivers_.touch(address);
  ControlCounters::set(counters_.receivers_watched, receivers_.size());
  const std::uint64_t step = SlidingCount::step_of(event.time_ns, options_.interval_ns);
  receiver.open.advance(step);
  receiver.known.advance(step);
  if (receiver.open.total() == 0) receiver.sources.clear();
  receiver.open.add(event.stands_for);
  if (event.token_known) receiver.known.add(event.stands_for);
  const bool sketch = receiver.open.total() >= kSketchFrom ||
                      std::min(options_.threshold, options_.known_token_threshold) <= kSketchFrom * 4;
  if (sketch && event.stands_for != 0) count_source(receiver, event.tuple.opener.address, event.stands_for);
  if (!is_above(receiver)) return;
  receiver.last_above_ns = event.time_ns;
  if (event.time_ns < receiver.quiet_until_ns) return;
  receiver.quiet_until_ns = event.time_ns + options_.interval_ns;
  const Endpoint victim{address, 0};
  const std::uint64_t since_ns = event.time_ns - std::min(event.time_ns, options_.interval_ns);
  if (!is_above(receiver, notices.lost_since(since_ns))) {  // each record lost may have completed one
    tell("join_flood", Severity::kHigh, event.time_ns, victim, receiver, packet_of(event), notices, since_ns);
    return;
  }
  if (receiver.under_attack) {
    tell("join_flood_status", Severity::kMedium, event.time_ns, victim, receiver, packet_of(event), notices);
    return;
  }
  if (attacked_.size() < kMaxAttacks) {
    receiver.under_attack = true;
    attacked_.push_back(address);
  }
  tell("join_flood", Severity::kHigh, event.time_ns, victim, receiver, packet_of(event), notices);
}

/// Looks, a few times an interval, whether attacks are over: then no more joins may come that would tell.
void JoinFloodDetector::advance(std::uint64_t now_ns, NoticeSink& notices) {
  if (attacked_.empty() || now_ns < due_ns_) return;
  due_ns_ = now_ns + options_.interval_ns / SlidingCount::kSteps;
  const std::uint64_t step = SlidingCount::step_of(now_ns, options_.interval_ns);
  std::erase_if(attacked_, [&](const IpAddress& address) {
    Receiver* receiver = receivers_.find(address);
    if (receiver == nullptr) return true;
    if (now_ns < receiver->last_above_ns + options_.interval_ns) return false;
    receiver->open.advance(step);
    receiver->known.advance(step);
    if (is_above(*receiver)) return false;
    receiver->under_attack = false;
    if (options_.enabled) tell("join_flood_end", Severity::kInfo, now_ns, {address, 0}, *receiver, {}, notices);
    return true;
  });
}

void JoinFloodDetector::tell(const char* note, Severity severity, std::uint64_t time_ns, const Endpoint& victim,
                             const Receiver& receiver, const PacketName& packet, NoticeSink& notices,
                             std::optional<std::uint64_t> since_ns) const {
  Notice notice;
  notice.time_ns = time_ns;
  notice.note = note;
  notice.severity = severity;
  notice.packet_name = packet;
  notice.destination = victim;  // sources are many: see top_sources
  notice.count = receiver.open.total();
  notice.known_count = receiver.known.total();
  if (severity != Severity::kInfo) notice.cause = *notice.count > options_.threshold ? "joins" : "known_token";
  for (const TrackedSource& source : receiver.sources) {
    notice.top_sources.push_back({source.address, source.count - source.inherited});  // what is certainly theirs
  }
  std::stable_sort(notice.top_sources.begin(), notice.top_sources.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  if (notice.top_sources.size() > options_.top_sources) notice.top_sources.resize(options_.top_sources);
  notice.message = std::to_string(*notice.count) + " joins to " + address_text(victim.address) +
                   " were not completed within " + interval_text(options_.interval_ns) + ", " +
                   std::to_string(*notice.known_count) + " of them with a token in use";
  if (since_ns) {
    notices.on_absence(std::move(notice), *since_ns);
  } else {
    notices.on_notice(std::move(notice));
  }
}

}  // namespace mptap

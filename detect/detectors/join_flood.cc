#include "detect/detectors/join_flood.h"

#include <algorithm>
#include <numeric>

#include "detect/address_text.h"

namespace mptap {

JoinFloodDetector::JoinFloodDetector(const JoinFloodOptions& options, std::uint64_t seed, ControlCounters& counters)
    : options_(options), counters_(counters), receivers_(options.max_receivers, AddressHash(seed)) {}

std::uint64_t JoinFloodDetector::step_of(std::uint64_t time_ns) const {
  return time_ns / std::max<std::uint64_t>(options_.interval_ns / kSteps, 1);
}

namespace {

std::string interval_text(std::uint64_t ns) {
  return ns % kNsPerSecond == 0 ? std::to_string(ns / kNsPerSecond) + " s" : std::to_string(ns / kNsPerMillisecond) + " ms";
}

}  // namespace

void JoinFloodDetector::advance(Receiver& receiver, std::uint64_t step) const {
  if (step <= receiver.step) return;
  const std::uint64_t passed = step - receiver.step;
  for (std::uint64_t i = 1; i <= std::min<std::uint64_t>(passed, kSteps); ++i) {
    receiver.open[(receiver.step + i) % kSteps] = 0;
  }
  if (passed >= kSteps) receiver.sources.clear();
  receiver.step = step;
}

/// Space-saving: an unknown source takes over the smallest counter, so that frequent ones are never lost.
void JoinFloodDetector::count_source(Receiver& receiver, const IpAddress& source) {
  auto& sources = receiver.sources;
  const auto known = std::find_if(sources.begin(), sources.end(), [&](const auto& it) { return it.address == source; });
  if (known != sources.end()) {
    ++known->count;
  } else if (sources.size() < kSources) {
    sources.push_back({source, 1, 0});
  } else {
    const auto smallest = std::min_element(sources.begin(), sources.end(),
                                           [](const auto& a, const auto& b) { return a.count < b.count; });
    *smallest = {source, smallest->count + 1, smallest->count};
  }
}

void JoinFloodDetector::on_event(const Event& event, NoticeSink& notices) {
  if (!options_.enabled) return;
  if (event.kind == EventKind::kJoinCompleted) {
    Receiver* receiver = receivers_.find(event.tuple.acceptor.address);
    if (receiver == nullptr) return;
    const std::uint64_t step = step_of(event.attempt_ns);
    std::uint32_t& open = receiver->open[step % kSteps];
    if (step + kSteps > receiver->step && step <= receiver->step && open > 0) --open;
    return;
  }
  if (event.kind != EventKind::kJoinAttempt) return;
  receivers_.set_capacity(options_.max_receivers);
  Receiver& receiver = receivers_.touch(event.tuple.acceptor.address);
  ControlCounters::set(counters_.receivers_watched, receivers_.size());
  advance(receiver, step_of(event.time_ns));
  ++receiver.open[receiver.step % kSteps];
  const std::uint64_t open = std::accumulate(receiver.open.begin(), receiver.open.end(), std::uint64_t{0});
  const bool sketch = open >= kSketchFrom || options_.threshold <= kSketchFrom * 4;
  if (sketch) count_source(receiver, event.tuple.opener.address);
  if (open <= options_.threshold || event.time_ns < receiver.quiet_until_ns) return;
  receiver.quiet_until_ns = event.time_ns + options_.interval_ns;
  fire(event, receiver, open, notices);
}

void JoinFloodDetector::fire(const Event& event, const Receiver& receiver, std::uint64_t open,
                             NoticeSink& notices) const {
  Notice notice = notice_about(event, "join_flood", Severity::kHigh);
  notice.connection.reset();
  notice.source.reset();  // many: see top_sources
  notice.destination = Endpoint{event.tuple.acceptor.address, 0};
  notice.count = open;
  for (const TrackedSource& source : receiver.sources) {
    notice.top_sources.push_back({source.address, source.count - source.inherited});  // what is certainly theirs
  }
  std::stable_sort(notice.top_sources.begin(), notice.top_sources.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  if (notice.top_sources.size() > options_.top_sources) notice.top_sources.resize(options_.top_sources);
  notice.message = std::to_string(open) + " joins to " + address_text(event.tuple.acceptor.address) +
                   " were not completed within " + interval_text(options_.interval_ns);
  notices.on_notice(std::move(notice));
}

}  // namespace mptap

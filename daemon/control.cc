#include "daemon/control.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <thread>

namespace mptap {
namespace {

/// Whether control takes keys from such a record, or proves something by keys it has.
bool uses_keys(const Record& record) {
  switch (record.kind) {
    case RecordKind::kOpened: return record.opened.syn.offer == Offer::kCapable && record.opened.syn.version == 0;
    case RecordKind::kSynAck:
    case RecordKind::kCapableAck:
    case RecordKind::kJoinAck:
    case RecordKind::kAddAddr:
    case RecordKind::kFastClose: return true;
    default: return false;
  }
}

}  // namespace

void Control::run(const std::function<void()>& between) {
  using std::chrono::microseconds;
  constexpr microseconds kShortestRest{20};
  microseconds rest = kShortestRest;
  while (true) {
    const bool finished = all_finished();  // before the rings: what they hold then is all there will be
    const std::uint64_t time_ns = least_published_time();
    if (between) between();
    if (take_batch()) {
      rest = kShortestRest;
      continue;
    }
    look_for_losses();
    correlator_.advance(time_ns);
    if (finished) break;
    std::this_thread::sleep_for(rest);
    rest = std::min(rest * 2, longest_rest_);
  }
  correlator_.finish();
}

/// Vital records are lost where a ring is full, and a worker shows its counters within a few bursts: what control takes
/// meanwhile still stands before the gap.
bool Control::may_have_lost() const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const WorkerLink& link) { return link.ring->size() > link.ring->capacity() / 2; });
}

void Control::look_for_losses() {
  turns_ = 0;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const WorkerTally tally = workers_[i].worker->counters();
    Losses& losses = losses_[i];
    const std::uint64_t lost = tally.ring_full_vital - losses.vital;
    if (lost != 0 || losses.time_is_due) {
      correlator_.on_lost(lost, workers_[i].worker->published_time_ns());
      // A worker shows its counters first, then the time of what they count: the next look finds that, too.
      losses.time_is_due = lost != 0 || tally.polls == losses.polls;
    }
    losses.vital = tally.ring_full_vital;
    losses.polls = tally.polls;
  }
}

bool Control::take_batch() {
  if (++turns_ == kTurnsUnlooked || may_have_lost()) look_for_losses();
  // With one worker the records' own time leads, so that a capture always gives the same answer; with several
  // the slowest worker does, for its records may still be under way.
  const bool alone = workers_.size() == 1;
  const std::uint64_t published_ns = least_published_time();
  bool any = false;
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    for (std::size_t taken = 0; taken < kBatch;) {
      const std::size_t count = take_burst(worker, alone, published_ns);
      if (count == 0) break;
      any = true;
      taken += count;
    }
  }
  return any;
}

std::size_t Control::take_burst(std::size_t worker, bool alone, std::uint64_t published_ns) {
  std::size_t count = 0;
  while (count < kBurst && workers_[worker].ring->try_pop(burst_[count])) ++count;
  const std::span records(burst_.data(), count);
  correlator_.prefetch(worker, records);
  for (Record& record : records) {
    correlator_.advance(alone ? record.time_ns : std::min(record.time_ns, published_ns));
    if (record.has(record_flag::kKept) && workers_[worker].shelf->try_pop(packet_)) {
      correlator_.on_packet(worker, packet_);
    }
    correlator_.on_record(worker, record);
    if (uses_keys(record)) wipe_stack();
    std::construct_at(&record);  // anew: it may hold keys
  }
  if (std::atomic<std::uint64_t>* taken = workers_[worker].taken; taken != nullptr && count != 0) {
    taken->store(taken->load(std::memory_order_relaxed) + count, std::memory_order_release);
  }
  return count;
}

std::uint64_t Control::least_published_time() const {
  std::uint64_t least = ~std::uint64_t{0};
  for (const WorkerLink& link : workers_) least = std::min(least, link.worker->published_time_ns());
  return least;
}

bool Control::all_finished() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const auto& link) { return link.worker->has_finished(); });
}

}  // namespace mptap

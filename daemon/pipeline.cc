#include "daemon/pipeline.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "dataplane/seeded_hash.h"

namespace mptap {
namespace {

constexpr std::size_t kShelfPackets = 1'024;  // that a worker may be ahead of control
constexpr std::chrono::microseconds kRestWhileAsked{40};  // where a worker may wait for control's word

/// As `ps -L` and `top -H` show it; at most 15 letters.
void name_thread(const std::string& name) { (void)pthread_setname_np(pthread_self(), name.c_str()); }

/// How an idle worker rests: it spins for a while, then sleeps ever longer up to the configured bound.
class Rest {
 public:
  Rest(PollMode mode, std::uint64_t longest_ns) : busy_(mode == PollMode::kBusy), longest_ns_(longest_ns) {}

  void on_idle() {
    if (busy_ || ++idle_polls_ < kSpins) return;
    std::this_thread::sleep_for(std::chrono::nanoseconds(sleep_ns_));
    sleep_ns_ = std::min(sleep_ns_ * 2, longest_ns_);
  }
  void on_busy() {
    idle_polls_ = 0;
    sleep_ns_ = kShortest;
  }

 private:
  static constexpr std::uint32_t kSpins = 64;
  static constexpr std::uint64_t kShortest = 5'000;
  const bool busy_;
  const std::uint64_t longest_ns_;
  std::uint32_t idle_polls_ = 0;
  std::uint64_t sleep_ns_ = kShortest;
};

std::unique_ptr<ProvenSources> make_proven(const StartupConfig& config) {
  return config.dataplane.pairs.empty() ? nullptr : std::make_unique<ProvenSources>(random_seed());
}

std::vector<std::unique_ptr<RuleChannel>> make_rules(const StartupConfig& config, std::size_t workers, const ProvenSources* proven) {
  std::vector<std::unique_ptr<RuleChannel>> channels;
  for (std::size_t i = 0; i < workers && !config.dataplane.pairs.empty(); ++i) {
    channels.push_back(std::make_unique<RuleChannel>());
    channels.back()->proven = proven;
  }
  return channels;
}

}  // namespace

Capacities capacities_of(const StartupConfig& config) {
  return {.subflows = config.worker.table.capacity,
          .ring = config.worker.ring_capacity,
          .records_pending = config.worker.overflow_capacity,
          .connections = config.correlator.max_connections};
}

Pipeline::Pipeline(const std::vector<PacketSource*>& sources, const StartupConfig& config,
                   const RuntimeConfig& runtime, ReportSink& sink, ControlCounters& counters,
                   const PacketFilter* filter, CardChannel* cards)
    : config_(config),
      detectors_(runtime.detectors),
      notices_(runtime.notices),
      proven_(make_proven(config)),
      rules_(make_rules(config, sources.size(), proven_.get())),
      mitigation_(runtime.mitigation),
      counters_(counters),
      correlator_(config.correlator, detectors_, notices_, sources.size(), random_seed(), behind_mitigator(sink, cards), counters) {
  correlator_.choose_events(runtime.logs.events);
  if (proven_) correlator_.note_proven_in(*proven_);
  if (mitigator_) correlator_.tell_wrong_addresses_to(*mitigator_);
  for (PacketSource* source : sources) {
    const std::size_t reserve = source->is_live() ? config.worker.overflow_capacity : 0;  // what is read from a file waits for room
    rings_.push_back(std::make_unique<RecordRing>(config.worker.ring_capacity, reserve));
    const bool keeps = config.correlator.evidence.any();
    shelves_.push_back(keeps ? std::make_unique<PacketShelf>(kShelfPackets) : nullptr);
    workers_.push_back(std::make_unique<Worker>(*source, config.worker, *rings_.back(), random_seed(), control_gone_,
                                                shelves_.back().get(), filter,
                                                rules_.empty() ? nullptr : rules_[workers_.size()].get()));
  }
}

/// Who takes the correlator's reports: the sink itself, or a mitigator before it.
ReportSink& Pipeline::behind_mitigator(ReportSink& sink, CardChannel* cards) {
  if (rules_.empty()) return sink;
  std::vector<RuleChannel*> channels;
  for (const auto& channel : rules_) channels.push_back(channel.get());
  if (cards != nullptr) card_rules_.emplace(*cards, config_.worker.spared);
  return mitigator_.emplace(sink, detectors_, mitigation_, std::move(channels), counters_, card_rules_ ? &*card_rules_ : nullptr);
}

Pipeline::~Pipeline() {
  request_stop();
  join();
}

void Pipeline::start(const ThreadHooks& hooks) {
  std::vector<WorkerLink> links;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    links.push_back({rings_[i].get(), shelves_[i].get(), workers_[i].get(), rules_.empty() ? nullptr : &rules_[i]->control.records_taken});
  }
  threads_.emplace_back([this, links, hooks] {
    name_thread("mptap-control");
    Control control(links, correlator_);
    control.run([this, &hooks, &control] {
      control_turns_.store(control_turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      take_over_runtime(hooks);
      if (mitigator_) {
        mitigator_->advance(counters_.time_ns.load(std::memory_order_relaxed));
        control.rest_at_most(mitigator_->judges_addresses() ? kRestWhileAsked : Control::kLongestRest);
      }
      mailbox_.serve(correlator_);
    });
    control_gone_.store(true, std::memory_order_relaxed);
    control_finished_.store(true, std::memory_order_release);
  });
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    threads_.emplace_back([this, i, hooks] { run_worker(i, hooks); });
  }
}

bool Pipeline::with_mitigator(const std::function<void(Mitigator&, std::uint64_t)>& work, std::chrono::milliseconds timeout) {
  const auto in_control = [this, &work](Correlator&) {
    work(*mitigator_, counters_.time_ns.load(std::memory_order_relaxed));
    return true;
  };
  return mailbox_.ask(in_control, timeout);
}

void Pipeline::publish(std::shared_ptr<const RuntimeConfig> runtime) {
  published_.store(std::move(runtime));
  has_news_.store(true, std::memory_order_release);
}

/// Detectors and the policy of notices hold references: assigning is all they need.
void Pipeline::take_over_runtime(const ThreadHooks& hooks) {
  if (!has_news_.load(std::memory_order_relaxed) || !has_news_.exchange(false, std::memory_order_acquire)) return;
  const std::shared_ptr<const RuntimeConfig> runtime = published_.exchange(nullptr);
  if (!runtime) return;
  detectors_ = runtime->detectors;
  notices_ = runtime->notices;
  mitigation_ = runtime->mitigation;
  correlator_.choose_events(runtime->logs.events);
  if (hooks.on_runtime) hooks.on_runtime(*runtime);
}

void Pipeline::wait_until_polling() const {
  for (const auto& worker : workers_) {
    while (worker->counters().polls == 0 && !worker->has_finished()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

void Pipeline::run_worker(std::size_t index, const ThreadHooks& hooks) {
  name_thread("mptap-worker-" + std::to_string(index));
  if (hooks.enter) hooks.enter(index);
  Worker& worker = *workers_[index];
  Rest rest(config_.dataplane.poll, config_.dataplane.rest_ns);
  while (!stop_.load(std::memory_order_relaxed)) {
    const PollStatus status = worker.poll_once();
    if (status == PollStatus::kBusy) {
      rest.on_busy();
    } else if (status == PollStatus::kIdle) {
      rest.on_idle();
    } else {
      if (status == PollStatus::kFailed) source_failed_.store(true, std::memory_order_relaxed);
      break;
    }
  }
  worker.finish();
  if (hooks.leave) hooks.leave(index);
}

Pulse Pipeline::pulse() const {
  Pulse pulse;
  for (const auto& worker : workers_) pulse.workers.push_back(worker->counters().polls);
  pulse.control = control_turns_.load(std::memory_order_relaxed);
  return pulse;
}

void Pipeline::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<const WorkerCounters*> Pipeline::counters() const {
  std::vector<const WorkerCounters*> all;
  for (const auto& worker : workers_) all.push_back(&worker->published_counters());
  return all;
}

WorkerTally Pipeline::total() const {
  WorkerTally sum;
  for (const auto& worker : workers_) sum += worker->counters();
  return sum;
}

}  // namespace mptap

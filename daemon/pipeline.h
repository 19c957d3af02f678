// Workers, rings and control, wired together: the same for files and for ports.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "daemon/control.h"
#include "daemon/control_mailbox.h"
#include "daemon/export/metrics_table.h"
#include "daemon/health.h"
#include "dataplane/card_orders.h"
#include "dataplane/packet_source.h"
#include "dataplane/worker.h"
#include "detect/card_rules.h"
#include "detect/correlator.h"
#include "detect/mitigator.h"

namespace mptap {

/// What there is room for in a pipeline of this configuration.
[[nodiscard]] Capacities capacities_of(const StartupConfig& config);

/// Runs one thread a worker and one for control.
///
/// Main thread: construct, start(), request_stop(), join(). Counters may be read from any thread in between.
class Pipeline {
 public:
  /// What a worker's thread does before its first and after its last packet, e.g. pin itself to a core.
  struct ThreadHooks {
    std::function<void(std::size_t worker)> enter;
    std::function<void(std::size_t worker)> leave;
    std::function<void(const RuntimeConfig&)> on_runtime;  // control thread, for each one published
  };

  /// @param sources    One a worker; outlive the pipeline.
  /// @param filter     Outlives the pipeline; nullptr: all packets are looked at.
  /// @param cards      Lives until join() has returned; nullptr: no card takes rules.
  /// @throws std::bad_alloc where memory is short.
  Pipeline(const std::vector<PacketSource*>& sources, const StartupConfig& config, const RuntimeConfig& runtime,
           ReportSink& sink, ControlCounters& counters, const PacketFilter* filter = nullptr, CardChannel* cards = nullptr);
  ~Pipeline();

  void start(const ThreadHooks& hooks);

  /// Waits until every worker has polled its source once: from then on no packet is missed. Main thread.
  void wait_until_polling() const;

  /// Workers end after their burst, tell what is open, and control reports it. Any thread; signal-safe.
  void request_stop() noexcept { stop_.store(true, std::memory_order_relaxed); }

  /// True once control has reported everything.
  [[nodiscard]] bool has_finished() const noexcept { return control_finished_.load(std::memory_order_acquire); }

  /// A number for each worker and one for control that grow as long as those threads go on. Any thread.
  [[nodiscard]] Pulse pulse() const;

  /// Waits for all threads.
  void join();

  /// True where a source broke off: see its error().
  [[nodiscard]] bool source_failed() const noexcept { return source_failed_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::vector<const WorkerCounters*> counters() const;
  [[nodiscard]] WorkerTally total() const;

  /// The live connections; false where control gave no answer within `timeout`. Any thread.
  [[nodiscard]] bool survey(ConnectionSurvey& survey, std::chrono::milliseconds timeout) {
    return mailbox_.ask([&survey](Correlator& correlator) { return correlator.survey(survey); }, timeout);
  }

  /// Whether packets can be held back at all.
  [[nodiscard]] bool has_mitigator() const { return mitigator_.has_value(); }

  /// Has something done with the mitigator by control; false where that was not done within `timeout`. Any thread.
  [[nodiscard]] bool with_mitigator(const std::function<void(Mitigator&, std::uint64_t now_ns)>& work, std::chrono::milliseconds timeout);

  /// Gives control another configuration, which it takes over between two batches. Main thread.
  void publish(std::shared_ptr<const RuntimeConfig> runtime);

 private:
  [[nodiscard]] ReportSink& behind_mitigator(ReportSink& sink, CardChannel* cards);
  void take_over_runtime(const ThreadHooks& hooks);
  void run_worker(std::size_t index, const ThreadHooks& hooks);

  const StartupConfig config_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> control_gone_{false};
  std::atomic<bool> control_finished_{false};
  std::atomic<bool> source_failed_{false};
  std::atomic<bool> has_news_{false};
  std::atomic<std::uint64_t> control_turns_{0};
  ControlMailbox mailbox_;
  std::atomic<std::shared_ptr<const RuntimeConfig>> published_;
  DetectorOptions detectors_;                                    // control thread
  NoticeOptions notices_;                                        // control thread
  std::vector<std::unique_ptr<RecordRing>> rings_;
  std::vector<std::unique_ptr<PacketShelf>> shelves_;            // one a worker; none where no packets are kept
  std::unique_ptr<ProvenSources> proven_;                        // none where nothing is inline
  std::vector<std::unique_ptr<RuleChannel>> rules_;              // one a worker; none where nothing is inline
  std::vector<std::unique_ptr<Worker>> workers_;
  MitigationOptions mitigation_;                                 // control thread
  std::optional<CardRules> card_rules_;                          // where a card takes some
  ControlCounters& counters_;
  std::optional<Mitigator> mitigator_;                           // where something is inline
  Correlator correlator_;
  std::vector<std::thread> threads_;
};

}  // namespace mptap

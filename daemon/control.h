// The control loop: takes records from every worker's ring to the correlator, and time with them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "dataplane/record_out.h"
#include "dataplane/worker.h"
#include "detect/correlator.h"

namespace mptap {

/// One worker as control sees it.
struct WorkerLink {
  RecordRing* ring = nullptr;
  PacketShelf* shelf = nullptr;  // nullptr: packets are not kept
  const Worker* worker = nullptr;
  std::atomic<std::uint64_t>* taken = nullptr;  // is told how many records were taken, with all that follows; nullptr: nobody asks
};

/// Control thread only, but for nothing: it owns the correlator while it runs.
class Control {
 public:
  Control(std::vector<WorkerLink> workers, Correlator& correlator)
      : workers_(std::move(workers)), losses_(workers_.size()), correlator_(correlator) {}

  /// Runs until every worker has finished and its records are taken, then reports what is still open.
  ///
  /// @param between  Called between batches and while idle, e.g. to take over a new configuration; may be empty.
  void run(const std::function<void()>& between = {});

  /// Sleeps at most so long while no records come. Control thread; may be called within run().
  void rest_at_most(std::chrono::microseconds rest) { longest_rest_ = rest; }

  static constexpr std::chrono::microseconds kLongestRest{1000};

 private:
  /// What a worker had lost when control looked last.
  struct Losses {
    std::uint64_t vital = 0;
    std::uint64_t polls = 0;
    bool time_is_due = false;  // that of the latest loss
  };
  /// Turns of the rings between two looks at what was lost, where no ring is full.
  static constexpr unsigned kTurnsUnlooked = 16;

  /// Records taken from one ring before the next one has its turn.
  static constexpr std::size_t kBatch = 256;
  /// Records whose subflows and connections are brought towards the cache before the first of them has its turn.
  static constexpr std::size_t kBurst = 32;

  bool take_batch();
  void look_for_losses();
  [[nodiscard]] bool may_have_lost() const;
  std::size_t take_burst(std::size_t worker, bool alone, std::uint64_t published_ns);
  [[nodiscard]] std::uint64_t least_published_time() const;
  [[nodiscard]] bool all_finished() const;

  std::vector<WorkerLink> workers_;
  std::vector<Losses> losses_;  // one a worker
  unsigned turns_ = 0;
  Correlator& correlator_;
  std::chrono::microseconds longest_rest_ = kLongestRest;
  KeptPacket packet_;
  std::array<Record, kBurst> burst_;
};

}  // namespace mptap

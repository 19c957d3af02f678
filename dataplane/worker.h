// One poll thread: packets in, records out.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/flow_name.h"
#include "dataplane/packet_filter.h"
#include "dataplane/packet_keeper.h"
#include "dataplane/packet_source.h"
#include "dataplane/record_out.h"
#include "dataplane/subflow_tracker.h"
#include "dataplane/verdicts.h"
#include "dataplane/worker_counters.h"
#include "dataplane/worker_options.h"

namespace mptap {

enum class PollStatus : std::uint8_t {
  kBusy,      // packets were processed
  kIdle,      // nothing was there
  kFinished,  // the source is at its end
  kFailed,    // the source broke: see its error()
};

/// Polls one source and turns its packets into records.
///
/// The worker's thread calls poll_once() and finish(); any thread may call counters(), published_time_ns() and
/// has_finished(). Nothing here allocates, locks, logs or throws after construction.
class Worker {
 public:
  /// How many full bursts in a row show their counters together.
  static constexpr unsigned kBurstsShown = 8;

  /// @param source   Outlives the worker.
  /// @param ring     Its consumer is control.
  /// @param stop     Set once control no longer takes records: ends any waiting for room.
  /// @param seed     Secret; see random_seed().
  /// @param shelf    Gets the headers of the packets that make records; nullptr: they are not kept.
  /// @param filter   Outlives the worker; nullptr: all packets are looked at.
  /// @param rules    From control: what to hold back on inline ports; nullptr: nothing ever.
  /// @throws std::bad_alloc where the table finds no address space.
  Worker(PacketSource& source, const WorkerOptions& options, RecordRing& ring, std::uint64_t seed,
         const std::atomic<bool>& stop, PacketShelf* shelf = nullptr, const PacketFilter* filter = nullptr, RuleChannel* rules = nullptr);

  /// One burst through the pipeline.
  PollStatus poll_once() noexcept;

  /// Tells the last counters of every subflow; waits for room in the ring. Call once, last.
  void finish() noexcept;

  /// Exact once a poll found nothing; while full bursts follow each other up to kBurstsShown of them old.
  [[nodiscard]] WorkerTally counters() const noexcept { return counters_.read(); }
  [[nodiscard]] const WorkerCounters& published_counters() const noexcept { return counters_; }

  /// Packet time up to which everything is in the ring; never goes back.
  [[nodiscard]] std::uint64_t published_time_ns() const noexcept {
    return published_.time_ns.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool has_finished() const noexcept { return published_.finished.load(std::memory_order_acquire); }

 private:
  /// A TCP segment of the burst that may concern the tracker.
  struct Candidate {
    SegmentView segment;
    std::uint64_t time_ns;
    const PacketView* packet;
  };

  /// How far the passes over a burst's candidates have come.
  struct Progress {
    std::size_t syns = 0;       // among the candidates
    std::size_t asked = 0;      // candidates whose buckets are asked for
    std::size_t looked_up = 0;  // of these
    std::size_t concerned = 0;  // of these
    std::size_t tracked = 0;    // of these
    bool judges = false;
    FewFlows with_option;       // flows that the burst brings an MPTCP option of
  };
  static constexpr std::size_t kGroup = 4;  // candidates a pass goes ahead of the next one

  void process_passing() noexcept;
  void process_burst(const Burst& burst) noexcept;
  std::size_t skip_plain(const Burst& burst) noexcept;
  std::size_t parse_burst(const Burst& burst, Progress& at) noexcept;
  void ask_for_buckets(Progress& at, std::size_t end) noexcept;
  void pick_concerned(Progress& at, std::size_t end) noexcept;
  void track_concerned(Progress& at, std::size_t end) noexcept;
  bool walk_odd(const PacketView& packet, Frame& out) noexcept;
  void prefetch_judged(std::size_t begin, std::size_t end) noexcept;
  void judge_addresses(std::size_t count) noexcept;
  void strike_address(const Candidate& candidate, bool is_judged) noexcept;
  [[nodiscard]] bool judge(const Candidate& candidate, Verdicts::Suspect& suspect) noexcept;
  void track(Candidate& candidate, const Verdicts::Suspect* held_back) noexcept;
  void publish(bool with_counters) noexcept;

  PacketSource& source_;
  const PacketFilter* const filter_;
  const WorkerOptions options_;
  const bool is_live_;
  WorkerTally tally_;
  std::optional<PacketKeeper> keeper_;
  RecordOut out_;
  SubflowTracker tracker_;
  std::unique_ptr<Verdicts> verdicts_;  // none where nothing is inline
  std::uint64_t held_back_ = 0;         // of the burst, by place
  std::uint64_t now_ns_ = 0;
  unsigned unshown_bursts_ = 0;
  Burst burst_;
  std::array<Candidate, Burst::kCapacity> candidates_;
  FlowBatch flows_;                                         // of the candidates
  std::array<std::uint8_t, Burst::kCapacity> concerned_{};  // indices of candidates that concern the tracker
  std::array<Verdicts::Suspect, Burst::kCapacity> suspects_;  // of these, in their order, where anything is judged

  WorkerCounters counters_;
  /// Read by control, and nothing beside them that anybody else writes.
  struct alignas(64) Published {
    std::atomic<std::uint64_t> time_ns{0};
    std::atomic<bool> finished{false};
  };
  Published published_;
};
static_assert(alignof(Worker) % 64 == 0 && sizeof(Worker) % 64 == 0, "two workers share no cache line");

}  // namespace mptap

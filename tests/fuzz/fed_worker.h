// A worker that is fed bursts by hand, and what must hold of the records and counters it makes.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/worker.h"

namespace mptap::fuzz {

/// Gives the burst that it was handed last, once.
class HandedSource final : public PacketSource {
 public:
  explicit HandedSource(bool is_live) : is_live_(is_live) {}
  /// @param burst  Outlives the next call of receive().
  void hand(const Burst& burst) { burst_ = &burst; }
  ReceiveStatus receive(Burst& burst) noexcept override {
    burst.size = 0;
    if (burst_ != nullptr) burst = *burst_;
    burst_ = nullptr;
    return ReceiveStatus::kMore;
  }
  [[nodiscard]] bool is_live() const override { return is_live_; }

 private:
  const Burst* burst_ = nullptr;
  const bool is_live_;
};

/// Follows the records of a worker: each is well formed, and tells what may follow those before it.
class RecordWatch {
 public:
  /// @param nothing_is_lost  False where the ring is too small for all.
  RecordWatch(std::uint32_t capacity, bool nothing_is_lost) : slots_(capacity), nothing_is_lost_(nothing_is_lost) {}

  void look_at(const Record& record);

  /// After the worker's last record.
  void close() const;

  [[nodiscard]] std::uint64_t kept() const { return kept_; }

 private:
  struct Slot {
    std::uint16_t generation = 0;
    bool is_open = false;
    std::array<CountersBody, 2> counters{};
  };
  void look_at_slot(const Record& record);

  std::vector<Slot> slots_;
  const bool nothing_is_lost_;
  std::uint64_t last_time_ns_ = 0;
  std::uint64_t kept_ = 0;
};

/// What a run of a script obeys.
struct FedOptions {
  WorkerOptions worker;
  std::uint64_t seed = 1;
  bool is_live = false;
  bool keeps_packets = false;
  bool nothing_is_lost = true;   // the ring is drained between bursts and has room for the records of each
};

class FedWorker {
 public:
  /// @param ring, shelf  Empty.
  FedWorker(const FedOptions& options, RecordRing& ring, PacketShelf& shelf);

  void feed(const Burst& burst);

  /// A poll that finds nothing. Not of a live worker, which would look at the clock.
  void idle();

  /// Takes what is in the ring; appends it where `records` is no nullptr.
  void drain(std::vector<Record>* records);

  void finish(std::vector<Record>* records);

  /// Equations of docs/metrics.md.
  void check_sums() const;

  [[nodiscard]] WorkerTally tally() const { return worker_->counters(); }

 private:
  const FedOptions options_;
  HandedSource source_;
  RecordRing& ring_;
  PacketShelf& shelf_;
  std::atomic<bool> stop_{false};
  std::optional<Worker> worker_;
  RecordWatch watch_;
};

}  // namespace mptap::fuzz

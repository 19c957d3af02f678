// Control as the daemon runs it, fed by a thread that stands for a worker.
#pragma once

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>
#include <thread>

#include "config/config.h"
#include "daemon/control.h"
#include "daemon/export/log_queue.h"
#include "daemon/export/log_writer.h"
#include "dataplane/worker.h"
#include "detect/correlator.h"

namespace mptap::bench {

/// A source that is at its end: records come from the bench, the worker only says that it has not finished yet.
class NoSource final : public PacketSource {
 public:
  ReceiveStatus receive(Burst& burst) noexcept override {
    burst.size = 0;
    return ReceiveStatus::kFinished;
  }
  [[nodiscard]] bool is_live() const override { return true; }
};

/// The time that a piece of work took.
struct Spent {
  double wall_s = 0;
  double control_s = 0;  // of the control thread's processor time
};

/// One ring, the control loop, all detectors, the log queue and the log writer: what Pipeline and Sensor put together.
///
/// Main thread: all methods.
class ControlBench {
 public:
  ControlBench(const Config& config, RunMode mode)
      : config_(config),
        queue_(config.runtime.logs, mode, counters_),
        writer_(queue_, config.runtime.logs),
        ring_(config.startup.worker.ring_capacity, config.startup.worker.overflow_capacity),
        worker_(source_, small_table(), ring_, 1, gone_),
        correlator_(config.startup.correlator, config_.runtime.detectors, config_.runtime.notices, 1, 2, queue_, counters_) {
    correlator_.choose_events(config.runtime.logs.events);
    std::atomic<bool> started{false};
    thread_ = std::thread([this, &started] {
      pthread_getcpuclockid(pthread_self(), &clock_);
      started.store(true, std::memory_order_release);
      Control({WorkerLink{&ring_, nullptr, &worker_}}, correlator_).run();
    });
    pthread_setname_np(thread_.native_handle(), "control");  // for profiles
    while (!started.load(std::memory_order_acquire)) std::this_thread::yield();
  }
  ~ControlBench() { finish(); }

  /// Shows one more record to control; waits for room.
  void push(const Record& record) {
    while (!ring_.try_push(record)) {
      ring_.publish();
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    if (++pushed_ % kBurst == 0) ring_.publish();
  }

  /// Waits until control has taken everything.
  void drain() {
    ring_.publish();
    while (counters_.records_taken.load(std::memory_order_acquire) != pushed_) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  template <typename Work>
  Spent measure(Work&& work) {
    const auto begin = std::chrono::steady_clock::now();
    const double control_before = control_seconds();
    work();
    drain();
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), control_seconds() - control_before};
  }

  /// Everything that is open is reported, and the logs are written.
  void finish() {
    if (!thread_.joinable()) return;
    ring_.publish();
    worker_.finish();
    thread_.join();
    writer_.stop();
  }

  [[nodiscard]] const ControlCounters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t pushed() const { return pushed_; }
  [[nodiscard]] std::uint64_t rows_dropped() const {
    std::uint64_t sum = 0;
    for (const LogKind kind : kAllLogs) sum += queue_.counters().of(kind).rows_dropped.read();
    return sum;
  }
  [[nodiscard]] std::uint64_t rows_written() const {
    std::uint64_t sum = 0;
    for (const LogKind kind : kAllLogs) sum += queue_.counters().of(kind).rows_written.read();
    return sum;
  }

 private:
  static constexpr std::uint64_t kBurst = 64;

  static WorkerOptions small_table() {
    WorkerOptions options;
    options.table.capacity = 1'024;
    return options;
  }
  [[nodiscard]] double control_seconds() const {
    timespec time{};
    clock_gettime(clock_, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  const Config config_;
  ControlCounters counters_;
  LogQueue queue_;
  LogWriter writer_;
  RecordRing ring_;
  NoSource source_;
  std::atomic<bool> gone_{false};
  Worker worker_;
  Correlator correlator_;
  clockid_t clock_{};
  std::uint64_t pushed_ = 0;
  std::thread thread_;
};

}  // namespace mptap::bench

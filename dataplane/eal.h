// The DPDK environment: started once, without a word to the terminal, and ended with the object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/eal_log.h"
#include "dataplane/eal_plan.h"
#include "dataplane/port_options.h"

namespace mptap {

/// DPDK's environment abstraction layer. One object in the life of a process: DPDK cannot be started twice.
class Eal {
 public:
  struct Started {
    std::unique_ptr<Eal> eal;  // empty where it could not be started
    std::string error;         // then one sentence with what to do, else empty
  };

  /// Starts DPDK by the plan made for these options.
  ///
  /// All threads of the process, and what they start later, are moved to the control cores; a worker's thread goes to its own
  /// by enter_worker().
  /// @param options  What the plan was made for.
  /// @param plan     See build_eal_plan().
  /// @param sink     Takes DPDK's messages down to `eal_log_level`, one a call, from any thread; may be
  /// empty.
  /// @return The environment, or why there is none.
  /// Main thread, before any port is opened.
  static Started start(const DataplaneOptions& options, const EalPlan& plan, EalLog::Sink sink = {});

  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;
  /// Ends DPDK and gives the calling thread its cores back; the others stay where they are. Ports and sources are gone before,
  /// workers have left.
  ~Eal();

  /// Makes the calling thread worker `worker`: pins it to its core and makes it known to DPDK, which then
  /// gives it a cache of packet buffers of its own.
  ///
  /// @param worker  Below the number of workers; each by one thread at a time.
  /// @return Empty, or a sentence that says why the thread does not run as it should; it may go on all the
  /// same. The worker's thread, first thing.
  [[nodiscard]] std::string enter_worker(std::uint32_t worker) const;
  /// Undoes enter_worker(). The worker's thread, last thing.
  void leave_worker() const noexcept;

  [[nodiscard]] const EalPlan& plan() const { return plan_; }
  [[nodiscard]] EalLog& log() const { return *log_; }

 private:
  Eal(const EalPlan& plan, std::unique_ptr<EalLog> log, std::vector<std::uint32_t> former_cpus);

  EalPlan plan_;
  std::unique_ptr<EalLog> log_;
  std::vector<std::uint32_t> former_cpus_;  // of the thread that called start()
};

}  // namespace mptap

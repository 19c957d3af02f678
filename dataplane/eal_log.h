// DPDK's own messages: kept out of the terminal, the last ones kept for error sentences.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace mptap {

/// Levels of rte_log.h by name: emergency, alert, critical, error, warning, notice, info, debug.
///
/// @return 1 (emergency) .. 8 (debug); 0 for any other word.
[[nodiscard]] std::uint32_t find_eal_log_level(std::string_view name);

/// Takes over everything DPDK says while it lives. One at a time.
///
/// Messages come from any thread. Those at the chosen level or graver go to the sink; of all down to `notice`
/// the last are kept.
class EalLog {
 public:
  using Sink =
      std::function<void(std::string_view line)>;  // any thread, one line without its end; must not throw

  /// @param level  As find_eal_log_level() returns it.
  /// @param sink   Where chosen messages go; empty: nowhere.
  EalLog(std::uint32_t level, Sink sink);
  EalLog(const EalLog&) = delete;
  EalLog& operator=(const EalLog&) = delete;
  ~EalLog();

  /// A step whose failure is to be told in one sentence. While it lives, DPDK's own words about errors do not
  /// go to the sink as well, unless more than errors is asked for, and stdio's stderr goes to the log:
  /// rte_eal_init() prints failures there too. One at a time.
  class Step {
   public:
    explicit Step(EalLog& log);
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step();

    /// What DPDK complained of since the step began or was begun anew.
    ///
    /// @return The last two complaints that say something, joined by `; `; empty where there was none.
    [[nodiscard]] std::string complaints() const;
    /// Begins anew: forgets the complaints.
    void restart();

   private:
    EalLog& log_;
    std::FILE* saved_stderr_;
  };

 private:
  struct State;
  State* state_;
};

}  // namespace mptap

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

  /// What DPDK complained of (warnings and graver) since the last forget(), newest last.
  ///
  /// @return At most the last two lines, joined by `; `; empty where it said nothing.
  [[nodiscard]] std::string last_complaints() const;
  /// Forgets all complaints, before a step whose failure is to be explained.
  void forget();

  /// While it lives, what is printed to stdio's stderr goes to the log: rte_eal_init() prints failures there
  /// too.
  class StderrCapture {
   public:
    explicit StderrCapture(EalLog& log);
    StderrCapture(const StderrCapture&) = delete;
    StderrCapture& operator=(const StderrCapture&) = delete;
    ~StderrCapture();

   private:
    std::FILE* saved_;
  };

 private:
  struct State;
  State* state_;
};

}  // namespace mptap

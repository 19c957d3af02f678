// Questions to control, from threads that may wait for the answer.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "detect/correlator.h"

namespace mptap {

/// Control works on one question at a time, a step between two batches.
class ControlMailbox {
 public:
  /// Does a step of the work on the correlator; true once it is done. May write what is the asker's: nothing touches that
  /// once ask() has returned.
  using Work = std::function<bool(Correlator&)>;

  /// Has it done by control. False where it was not done within `timeout`, as where control stands still.
  /// Any thread but control.
  [[nodiscard]] bool ask(Work work, std::chrono::milliseconds timeout);

  /// Control thread, between batches: a step of what was asked; mostly one relaxed load.
  void serve(Correlator& correlator);

 private:
  struct Question {
    Work work;
    bool done = false;
  };

  std::mutex asking_;  // one question at a time
  std::mutex mutex_;   // of what follows
  std::condition_variable answered_;
  std::shared_ptr<Question> question_;
  std::atomic<bool> has_question_{false};
};

}  // namespace mptap

#include "daemon/control_mailbox.h"

#include <utility>

namespace mptap {

bool ControlMailbox::ask(Work work, std::chrono::milliseconds timeout) {
  const std::lock_guard one_at_a_time(asking_);
  const auto question = std::make_shared<Question>(Question{std::move(work)});
  std::unique_lock lock(mutex_);
  question_ = question;
  has_question_.store(true, std::memory_order_relaxed);
  const bool done = answered_.wait_for(lock, timeout, [&question] { return question->done; });
  question_.reset();
  has_question_.store(false, std::memory_order_relaxed);
  return done;
}

void ControlMailbox::serve(Correlator& correlator) {
  if (!has_question_.load(std::memory_order_relaxed)) return;
  // Held for the step: whoever gives up waits for its end.
  const std::lock_guard lock(mutex_);
  if (!question_ || question_->done || !question_->work(correlator)) return;
  question_->done = true;
  answered_.notify_one();
}

}  // namespace mptap

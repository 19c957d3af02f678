// Keeps signals away from helper threads.
#pragma once

#include <signal.h>

namespace mptap {

/// Threads started during its life take no signals: those are the main thread's. But for SIGRTMIN, by which every thread is
/// asked to give up its capabilities (daemon/privileges.h). One thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGRTMIN);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace mptap

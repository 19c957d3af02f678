#include "daemon/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

// g++ defines the first where its address sanitizer is on, clang tells by the second.
#ifdef __SANITIZE_ADDRESS__
#define MPTAP_LEAKS_ARE_CHECKED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MPTAP_LEAKS_ARE_CHECKED
#endif
#endif

namespace mptap {

void forbid_core_dumps() noexcept {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
#ifndef MPTAP_LEAKS_ARE_CHECKED  // the leak checker traces its own process
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // a core_pattern that is a pipe ignores the limit (core(5))
#endif
}

}  // namespace mptap

#include "daemon/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace mptap {

void forbid_core_dumps() noexcept {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__  // the leak checker traces its own process
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // a core_pattern that is a pipe ignores the limit (core(5))
#endif
}

}  // namespace mptap

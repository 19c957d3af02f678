#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> misuse_scenarios() { return {}; }

}  // namespace mptap::testing

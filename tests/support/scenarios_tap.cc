#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> tap_scenarios() { return {}; }

}  // namespace mptap::testing

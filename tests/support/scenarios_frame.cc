#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> frame_scenarios() { return {}; }

}  // namespace mptap::testing

#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> load_scenarios() { return {}; }

}  // namespace mptap::testing

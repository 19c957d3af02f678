#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> demo_scenarios() { return {}; }

}  // namespace mptap::testing

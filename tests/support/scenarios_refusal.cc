#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> refusal_scenarios() { return {}; }

}  // namespace mptap::testing

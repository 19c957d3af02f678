#include "tests/support/scenario.h"

namespace mptap::testing {

std::span<const Scenario> address_scenarios() { return {}; }

}  // namespace mptap::testing

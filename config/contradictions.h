// Settings that are right each for itself and wrong together.
#pragma once

#include "config/mistake.h"
#include "config/reader.h"

namespace mptap {

/// Finds settings that contradict each other, looking only at those that were read without fault.
///
/// Any thread; no throw but for memory.
[[nodiscard]] Mistakes find_contradictions(const Reading& reading);

}  // namespace mptap

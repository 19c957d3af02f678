// What a reload cannot change.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace mptap {

/// Names the settings that differ between two configurations and that only a restart can change.
///
/// @param running  The configuration that the sensor was started with.
/// @param wanted   The one that a reload just read.
/// @return Paths as in the settings table; `logs.events` where the workers would have to be told.
/// Any thread; no throw but for memory.
[[nodiscard]] std::vector<std::string> find_restart_settings(const Config& running, const Config& wanted);

}  // namespace mptap

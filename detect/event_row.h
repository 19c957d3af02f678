// What a row of mptcp_event.log says of an option.
#pragma once

#include "detect/connection.h"
#include "detect/reports.h"

namespace mptap {

/// Fills what is particular to the option of a record; never a key.
///
/// @param subflow  Its subflow, after the record was processed.
/// @return The name of its event, or nullptr where the record tells of no option.
/// Control thread; no I/O.
[[nodiscard]] const char* fill_option(EventReport& row, const Record& record, const Subflow& subflow);

}  // namespace mptap

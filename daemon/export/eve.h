// Rows in the form of Suricata's EVE: what reads eve.json takes them as they are.
#pragma once

#include <string>
#include <string_view>

#include "detect/reports.h"

namespace mptap {

/// Appends one line.
///
/// All have `timestamp`, `flow_id` (of the two endpoints, the same for all rows of a subflow, below 2^53), `event_type`,
/// `src_ip`, `src_port`, `dest_ip`, `dest_port`, `proto` and, where it is known, `community_id`. Notices are of type
/// `alert`, the others of type `mptcp`; the object `mptcp` holds the row's own fields, without those that are unset.
/// Any thread; pure.
/// Source: the EVE format of Suricata 7.
void append_eve_row(std::string& out, const SubflowReport& row);
void append_eve_row(std::string& out, const ConnectionReport& row);
void append_eve_row(std::string& out, const Notice& row);
void append_eve_row(std::string& out, const EventReport& row);

/// The number of a notice's signature: its place in the list of detectors, which only grows at the end.
[[nodiscard]] unsigned signature_of(std::string_view note);

}  // namespace mptap

// The types of events that mptcp_event.log may carry: one list for the configuration, the command line and the reporter.
#pragma once

#include <array>
#include <string_view>

namespace mptap {

/// X(name): options as they are seen (the thesis's ten, and mp_tcprst), then steps in the life of subflows and
/// connections.
#define MPTAP_EVENTS(X)                                                                                           \
  X(mptcp) X(mp_error) X(mp_capable) X(mp_join) X(mp_dss) X(mp_add_addr) X(mp_remove_addr) X(mp_prio) X(mp_fail)  \
  X(mp_fastclose) X(mp_tcprst) X(subflow_established) X(subflow_unknown) X(subflow_denied) X(subflow_refused)     \
  X(subflow_closed) X(connection_established) X(connection_partial) X(fallback) X(closed)

/// Words for several: all that begin with subflow_; connection_established, connection_partial, fallback and closed.
inline constexpr std::string_view kSubflowEvents = "subflow";
inline constexpr std::string_view kConnectionEvents = "connection";

/// All that a user may choose.
inline constexpr std::array kEventWords{
#define X(name) std::string_view(#name),
    MPTAP_EVENTS(X)
#undef X
        kSubflowEvents,
    kConnectionEvents,
};

}  // namespace mptap

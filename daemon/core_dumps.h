// Keys of MPTCP connections stand in memory while their connections live: no core dump may hold them.
#pragma once

namespace mptap {

/// Forbids core dumps of this process, to files and to pipes, and tracing by others of the same user.
///
/// Main thread, once; after EAL has opened what it needs of /proc/self, which belongs to root from then on.
void forbid_core_dumps() noexcept;

}  // namespace mptap

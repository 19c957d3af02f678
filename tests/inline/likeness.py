"""What the kernels say of one connection, to be held against what they say of it over another wire."""

import contextlib

import nstat
from monitor import Monitor
from transfer import Connection

# Counters that the moment decides at which segments of two paths come, and a wire is not asked for.
OF_THE_MOMENT = {"MPTCPRetrans", "OFOQueueTail", "OFOQueue", "OFOMerge", "DuplicateData", "SndWndShared", "RcvWndShared",
                 "RcvWndConflict", "RcvWndConflictUpdate", "RcvPruned", "WinProbe", "NoDSSInWindow", "SubflowStale", "SubflowRecover"}  # fmt: skip


class Account:
    """A file each way over one connection with a join, in `network`: events and counters of both kernels in the meantime."""

    def __init__(self, network, size):
        hosts = {"client": network.client, "server": network.server}
        before = {side: nstat.read(host) for side, host in hosts.items()}
        with contextlib.ExitStack() as stack:
            monitors = {side: stack.enter_context(Monitor(host)) for side, host in hosts.items()}
            connection = stack.enter_context(Connection(network))
            for monitor in monitors.values():
                monitor.wait_for("SF_ESTABLISHED")
            self.problems = connection.copy(size) + connection.copy(size, out=False)
            connection.finish()
            for monitor in monitors.values():
                monitor.wait_for("CLOSED")
            self.events = {side: [event["event"] for event in monitor.events()] for side, monitor in monitors.items()}
        moved = {side: nstat.moved(before[side], nstat.read(host)) for side, host in hosts.items()}
        self.counters = {side: {name: count for name, count in counts.items() if name not in OF_THE_MOMENT} for side, counts in moved.items()}

    def differences(self, other):
        """Sentences on what `other`, an Account, tells differently."""
        problems = []
        for side in self.events:
            if self.events[side] != other.events[side]:
                problems.append(f"events of the {side}: {other.events[side]} instead of {self.events[side]}")
            for name, count in self.counters[side].items():
                if other.counters[side][name] != count:
                    problems.append(f"nstat {name} of the {side} is {other.counters[side][name]} instead of {count}")
        return problems

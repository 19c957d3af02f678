"""What the kernel itself says of its MPTCP connections: `ip mptcp monitor`."""

import os
import re
import subprocess
import tempfile
import time

from netns import command_in

GENERIC = "16"  # NETLINK_GENERIC
LISTEN_S = 3
_LINE = re.compile(r"\[ *([A-Z_]+)\] (.*)")


class Monitor:
    """The account of one namespace, from entering the context to leaving it."""

    def __init__(self, namespace):
        self._namespace = namespace

    def __enter__(self):
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command_in(self._namespace, "ip", "mptcp", "monitor"), stdout=self._output)
        deadline = time.monotonic() + LISTEN_S
        while not self._listens() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def _listens(self):
        """Whether it has joined a group of generic netlink: on a busy machine that takes longer than a connection."""
        with open(f"/proc/{self._process.pid}/net/netlink") as sockets:
            next(sockets)
            for _, protocol, port, groups, *_ in map(str.split, sockets):
                if (protocol, port) == (GENERIC, str(self._process.pid)) and int(groups, 16):
                    return True
        return False

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._output.close()

    def events(self, kind=None):
        """Events so far, oldest first, as dicts of strings; `event` is the kind. Unnamed kinds are left out."""
        output = self._output.fileno()
        said = os.pread(output, os.fstat(output).st_size, 0)  # its place in the file is where `ip` writes next: leave it
        matches = (_LINE.match(line) for line in said.decode().splitlines())
        events = [{"event": m[1], **dict(word.split("=", 1) for word in m[2].split())} for m in matches if m]
        return [event for event in events if kind in (None, event["event"])]

    def wait_for(self, kind, count=1, seconds=5):
        """Waits until `count` events of `kind` came; raises RuntimeError when they don't."""
        deadline = time.monotonic() + seconds
        while len(self.events(kind)) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self._namespace}: the kernel did not report {count} {kind} in {seconds} s")
            time.sleep(0.02)

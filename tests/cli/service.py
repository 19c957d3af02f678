"""A running sensor and its service manager: what it is told, the watchdog, and what the process may still do."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import time

from mptap import START_S
from running import Running

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
# A program of root keeps what files of others need: CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER.
KEPT = (1 << 0) | (1 << 1) | (1 << 3)


class Manager:
    """What a program says to NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.path = str(pathlib.Path(folder) / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(0.05)
        self.said = []

    def listen(self, seconds, until=None):
        """Takes what comes for a while, or until `until` was said; tells whether it was."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                self.said += self._socket.recv(4096).decode().split("\n")
            if until and any(line.startswith(until) for line in self.said):
                return True
        return False

    def hear(self, seconds):
        """What is said from now on."""
        self.listen(0.1)
        self.said = []
        self.listen(seconds)
        return self.said


class Service(Running):
    """Under a service manager."""

    def __init__(self, folder):
        super().__init__(folder, "service")
        self._manager = Manager(self._folder)
        os.environ["NOTIFY_SOCKET"] = self._manager.path  # of the sensor that the base class starts

    def _steps(self):
        del os.environ["NOTIFY_SOCKET"]
        manager = self._manager
        for expected in ("READY=1", "STATUS=1 port up, 0 connections, 0.0 % missed", "WATCHDOG=1"):
            if not manager.listen(START_S, expected):
                yield f"the manager was not told {expected!r}, but {manager.said}"
        manager.said = []
        yield from self._hang_up("reloaded")
        manager.listen(1)
        if not manager.said or "RELOADING=1" not in manager.said or "READY=1" not in manager.said[manager.said.index("RELOADING=1"):]:
            yield f"a reload was told as {manager.said}"
        yield from self._told_capabilities()
        yield from self._told_cores()
        if os.geteuid() == 0:
            for name in ("worker", "control"):
                yield from self._stands_still(name)
        self._sensor.send_signal(signal.SIGTERM)
        if not manager.listen(START_S, "STOPPING=1"):
            yield "the manager was not told that the sensor stops"

    def _statuses(self):
        """What the kernel says of each thread."""
        for task in pathlib.Path(f"/proc/{self._sensor.pid}/task").iterdir():
            yield dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)

    def _told_cores(self):
        """Whether any thread takes turns with the worker on its core."""
        if len(os.sched_getaffinity(0)) == 1:
            return  # it has to
        cores = [(status["Name"], int(status["Cpus_allowed"].replace(",", ""), 16)) for status in self._statuses()]
        worker = dict(cores)["mptap-worker-0"]
        for name, allowed in cores:
            if name != "mptap-worker-0" and allowed & worker:
                yield f"thread {name} may run on the worker's core: {allowed:#x} and {worker:#x}"

    def _told_capabilities(self):
        """Whether any thread keeps capabilities that only opening ports needs."""
        for status in self._statuses():
            for kind in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
                if int(status[kind], 16) & ~(KEPT if os.geteuid() == 0 else 0):
                    yield f"thread {status['Name']}: {kind} is {status[kind]}"
            if status["NoNewPrivs"] != "1":
                yield f"thread {status['Name']}: what it starts could gain capabilities"

    def _stands_still(self, name):
        """A thread that is stopped: the watchdog is not fed, a message and the metric tell; then it goes on."""
        thread = self._thread(name)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long] * 4
        if libc.ptrace(PTRACE_ATTACH, thread, 0, 0) != 0:
            yield f"cannot stop {name}: {os.strerror(ctypes.get_errno())}"
            return
        os.waitpid(thread, 0x40000000)  # __WALL
        try:
            self._manager.hear(1)  # what was on its way
            if "WATCHDOG=1" in (said := self._manager.hear(3)):
                yield f"{name} stands still, and the watchdog was fed: {said}"
            yield from self._expect(f"{name if name == 'control' else 'worker 0'} stands still")
            if (stalled := self._metric("mptap_stalled_threads")) != 1:
                yield f"{name} stands still: mptap_stalled_threads is {stalled}"
        finally:
            libc.ptrace(PTRACE_DETACH, thread, 0, 0)
        yield from self._expect(f"{name if name == 'control' else 'worker 0'} goes on after")
        if "WATCHDOG=1" not in (said := self._manager.hear(1.5)):
            yield f"{name} goes on, and the watchdog is not fed: {said}"

    def _thread(self, name):
        """The thread ID of a thread, by its name."""
        for task in pathlib.Path(f"/proc/{self._sensor.pid}/task").iterdir():
            if (task / "comm").read_text().strip().startswith(f"mptap-{name}"):
                return int(task.name)
        raise RuntimeError(f"no thread is called mptap-{name}")

"""The sensor of a soak: its configuration, good and bad, and what it needs in memory, descriptors and threads."""

import os
import pathlib
import threading

from mptap import DESCRIPTORS, METRICS, Sensor

CONFIG = """\
ports:
  - interface: {tap}
    driver: af_packet
    receive_descriptors: {descriptors}
hugepages: never
subflows: {{capacity: 65536, idle_timeout: 20s, unanswered_timeout: 10s, midstream_timeout: 10s, linger: 5s}}
connections: {{linger: 5s}}
notices: {{packet: on, evidence: on, evidence_file: 1MiB, evidence_files: 2}}
detectors: {{join_flood: {{threshold: {threshold}}}}}
logs:
  directory: {logs}
  format: json
metrics:
  listen: {listen}
control:
  socket: {socket}
"""
LONGEST_LIFE_S = 60  # of anything, once nothing comes any more


class Soaked(Sensor):
    """As a Sensor, whose logs are in a folder of their own that may be moved."""

    def __init__(self, namespace, tap, directory):
        super().__init__(namespace, tap, directory)
        self.logs = self.directory / "logs"
        self.socket = self.directory / "control.sock"
        self._tap = tap
        self.moved = []  # folders
        self.configure(1000)

    def configure(self, threshold):
        """Writes the configuration."""
        values = {"tap": self._tap, "logs": self.logs, "socket": self.socket, "threshold": threshold,
                  "descriptors": DESCRIPTORS, "listen": "%s:%d" % METRICS}  # fmt: skip
        self.config.write_text(CONFIG.format(**values))

    def signal(self, number):
        """Sends it a signal."""
        os.kill(self.pid, number)

    def log_files(self):
        """All of them, wherever they were moved."""
        for folder in (self.logs, *self.moved):
            yield from sorted(path for path in pathlib.Path(folder).glob("*.log*"))

    def resident_bytes(self):
        """Memory that it has."""
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def threads(self):
        """How many."""
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def descriptors(self):
        """What its descriptors are, each by what it is and not by its number."""
        folder = pathlib.Path(f"/proc/{self.pid}/fd")
        return sorted(_kind(os.readlink(folder / name)) for name in os.listdir(folder))


def _kind(target):
    """A log keeps its descriptor's kind where it is moved."""
    if target.startswith(("socket:", "pipe:", "anon_inode:")):
        return target.split("[")[0].split(":[")[0]
    return pathlib.Path(target).name.split(".log")[0]


class MemoryWatch(threading.Thread):
    """Reads the resident memory every second until `end`."""

    def __init__(self, sensor):
        super().__init__()
        self._sensor = sensor
        self._ending = threading.Event()
        self.samples = []

    def run(self):
        while not self._ending.wait(1):
            self.samples.append(self._sensor.resident_bytes())

    def end(self):
        """Reads no more."""
        self._ending.set()
        self.join()

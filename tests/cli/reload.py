"""A running sensor and SIGHUP: what changes, what needs a restart, and that mistakes change nothing."""

import pathlib
import signal
import socket
import subprocess
import time

from mptap import BINARY, METRICS, START_S, STOP_S

CONFIG = """\
ports:
  - vdev: net_null0
hugepages: never
workers: {workers}
detectors:
  join_flood: {{threshold: {threshold}}}
logs:
  directory: {directory}
  format: {format}
metrics:
  listen: {listen}
"""


class Reloading:
    """`mptap run` on a port without packets, whose configuration is rewritten."""

    def __init__(self, folder):
        with socket.create_server((METRICS[0], 0)) as server:
            self._listen = f"{METRICS[0]}:{server.getsockname()[1]}"
        self._folder = pathlib.Path(folder) / "reload"
        self._folder.mkdir()
        self._config = self._folder / "mptap.yaml"
        self._stderr = self._folder / "stderr"

    def write(self, **changes):
        """Writes the configuration, with changes."""
        values = {"workers": 1, "threshold": 1000, "format": "json", "directory": self._folder / "logs"}
        self._config.write_text(CONFIG.format(listen=self._listen, **(values | changes)))

    def problems(self):
        """What is wrong with how it reloads."""
        self.write()
        with self._stderr.open("w") as stderr:
            sensor = subprocess.Popen([BINARY, "run", "--config", self._config], stderr=stderr)
        try:
            yield from self._expect("watching 1 port")
            self.write(threshold=5, format="zeek")
            yield from self._hang_up(sensor, "reloaded")
            if not (self._folder / "logs/notice.log").read_text().startswith("#separator"):
                yield "the log's format did not change"
            self.write(workers=2)
            yield from self._hang_up(sensor, "`workers` changes with a restart only")
            self.write(threshold="many")
            yield from self._hang_up(sensor, "nothing was changed")
            sensor.send_signal(signal.SIGTERM)
            if (code := sensor.wait(STOP_S)) != 0:
                yield f"exit code {code} instead of 0"
        finally:
            sensor.kill()
            sensor.wait()

    def _hang_up(self, sensor, expected):
        sensor.send_signal(signal.SIGHUP)
        yield from self._expect(expected)

    def _expect(self, expected):
        deadline = time.monotonic() + START_S
        while expected not in self._stderr.read_text():
            if time.monotonic() > deadline:
                yield f"stderr does not say {expected!r}: {self._stderr.read_text()!r}"
                return
            time.sleep(0.02)

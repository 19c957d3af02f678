"""`mptap run` on a port that needs no network, with a configuration that tests rewrite."""

import http.client
import pathlib
import signal
import socket
import subprocess
import time

from mptap import BINARY, METRICS, START_S, STOP_S

CONFIG = """\
ports:
  - vdev: "{port}"
hugepages: never
workers: {workers}
detectors:
  join_flood: {{threshold: {threshold}}}
  malformed_option: {{enabled: {enabled}, interval: {interval}, severity: {severity}}}
logs:
  directory: {directory}
  format: {format}
metrics:
  listen: {listen}
  page: {page}
control:
  socket: {socket}
{settings}
"""
DEFAULTS = {
    "port": "net_null0",
    "workers": 1,
    "threshold": 1000,
    "enabled": "true",
    "interval": "60s",
    "severity": "own",
    "settings": "",
    "format": "json",
    "page": "true",
}


class Running:
    """`mptap run` whose configuration is rewritten; `problems` says what is wrong."""

    def __init__(self, folder, name, **values):
        self._folder = pathlib.Path(folder) / name
        self._folder.mkdir()
        self._config = self._folder / "mptap.yaml"
        self._stderr = self._folder / "stderr"
        with socket.create_server((METRICS[0], 0)) as server:
            listen = f"{METRICS[0]}:{server.getsockname()[1]}"
        self._listen = listen
        self.socket = self._folder / "control.sock"
        self._values = DEFAULTS | {"directory": self._folder / "logs", "listen": listen, "socket": self.socket} | values

    def write(self, **changes):
        """Writes the configuration, with changes."""
        self._config.write_text(CONFIG.format(**(self._values | changes)))

    def problems(self):
        """What is wrong with how it reloads."""
        self.write()
        self.start()
        try:
            yield from self._expect("watching 1 port")
            yield from self._steps()
            self._sensor.send_signal(signal.SIGTERM)
            if (code := self._sensor.wait(STOP_S)) != 0:
                yield f"exit code {code} instead of 0"
        finally:
            self.end()

    def start(self):
        """Starts the sensor, which need not watch yet."""
        with self._stderr.open("w") as stderr:
            self._sensor = subprocess.Popen([BINARY, "run", "--config", self._config], stderr=stderr)

    def end(self):
        """Ends it at once."""
        self._sensor.kill()
        self._sensor.wait()

    def _steps(self):
        raise NotImplementedError

    def _hang_up(self, expected, times=1):
        self._sensor.send_signal(signal.SIGHUP)
        yield from self._expect(expected, times)

    def _expect(self, expected, times=1):
        deadline = time.monotonic() + START_S
        while self._stderr.read_text().count(expected) < times:
            if time.monotonic() > deadline:
                yield f"stderr does not say {expected!r} {times} times: {self._stderr.read_text()!r}"
                return
            time.sleep(0.02)

    def _until(self, metric, value):
        deadline = time.monotonic() + START_S
        while (found := self._metric(metric)) != value:
            if time.monotonic() > deadline:
                yield f"{metric} is {found:.0f} instead of {value}"
                return
            time.sleep(0.02)

    def _scrape(self):
        """The metrics page."""
        connection = http.client.HTTPConnection(self._listen, timeout=5)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return page

    def _metric(self, name):
        """The sum of all samples of a metric, or the one that is named with its labels."""
        samples = (line.rsplit(" ", 1) for line in self._scrape().splitlines())
        return sum(float(value) for sample, value in samples if name in (sample, sample.split("{")[0]))

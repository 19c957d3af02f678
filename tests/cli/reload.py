"""A running sensor and SIGHUP: what changes, what needs a restart, and that mistakes change nothing."""

import http.client
import pathlib
import signal
import socket
import subprocess
import time

from mptap import BINARY, METRICS, ROOT, START_S, STOP_S, rows

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
"""
DEFAULTS = {
    "port": "net_null0",
    "workers": 1,
    "threshold": 1000,
    "enabled": "true",
    "interval": "60s",
    "severity": "own",
    "format": "json",
}
MALFORMED = ROOT / "tests/captures/corpus-malformed-option/capture.pcap"


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
        self._values = DEFAULTS | {"directory": self._folder / "logs", "listen": listen} | values

    def write(self, **changes):
        """Writes the configuration, with changes."""
        self._config.write_text(CONFIG.format(**(self._values | changes)))

    def problems(self):
        """What is wrong with how it reloads."""
        self.write()
        with self._stderr.open("w") as stderr:
            self._sensor = subprocess.Popen([BINARY, "run", "--config", self._config], stderr=stderr)
        try:
            yield from self._expect("watching 1 port")
            yield from self._steps()
            self._sensor.send_signal(signal.SIGTERM)
            if (code := self._sensor.wait(STOP_S)) != 0:
                yield f"exit code {code} instead of 0"
        finally:
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


class Reloading(Running):
    """On a port without packets: logs, settings that need a restart, mistakes."""

    def __init__(self, folder):
        super().__init__(folder, "reload")

    def _steps(self):
        self.write(threshold=5, format="zeek")
        yield from self._hang_up("reloaded")
        if not (self._folder / "logs/notice.log").read_text().startswith("#separator"):
            yield "the log's format did not change"
        self.write(workers=2)
        yield from self._hang_up("`workers` changes with a restart only")
        self.write(threshold="many")
        yield from self._hang_up("nothing was changed")


class Switching(Running):
    """On a port that plays a capture without end: a detector is switched off and on again, and tuned."""

    STILL_S = 1  # ten times the interval in which it would speak

    def __init__(self, folder):
        super().__init__(folder, "switch", port=f"net_pcap0,rx_pcap={MALFORMED},infinite_rx=1", interval="100ms")

    def _steps(self):
        yield from self._until(3, "as configured")
        self.write(enabled="false")
        yield from self._hang_up("reloaded", 1)
        yield from self._stays(0, "switched off")
        self.write(severity="high")
        yield from self._hang_up("reloaded", 2)
        yield from self._until(self._notices() + 3, "switched on again")
        self.write(severity="high", interval="1h")
        yield from self._hang_up("reloaded", 3)
        yield from self._stays(1, "with a longer interval")
        severities = [row["severity"] for row in rows(self._folder / "logs", "notice") if row["note"] == "malformed_option"]
        if severities[0] != "low" or severities[-1] != "high":
            yield f"severities {severities} instead of low first, high at last"

    def _stays(self, most, when):
        """Whether at most so many notices are told for a while in which packets come."""
        time.sleep(0.2)  # until control has taken it over
        before, packets = self._notices(), self._metric("mptap_rx_packets_total")
        time.sleep(self.STILL_S)
        if (told := self._notices() - before) > most:
            yield f"{when} it told {told:.0f} notices instead of {most} at most"
        if self._metric("mptap_rx_packets_total") == packets:
            yield f"{when}: no packets came"

    def _metric(self, name):
        """The sum of a metric's samples whose name, with labels, begins so."""
        connection = http.client.HTTPConnection(self._listen, timeout=5)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def _notices(self):
        return self._metric('mptap_notices_total{note="malformed_option"}')

    def _until(self, count, when):
        deadline = time.monotonic() + START_S
        while self._notices() < count:
            if time.monotonic() > deadline:
                yield f"{when}: {self._notices():.0f} notices instead of {count:.0f} at least"
                return
            time.sleep(0.05)

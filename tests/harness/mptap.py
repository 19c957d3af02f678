"""The mptap binary under test, its logs, and `mptap run` as a context."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

from netns import command_in, inside  # noqa: E402

BINARY = pathlib.Path(os.environ.get("MPTAP", ROOT / "build/release/daemon/mptap"))
METRICS = ("127.0.0.1", 9464)
DESCRIPTORS = 16384  # hosts, network and sensor share two cores: it must bear to wait
START_S = 20
STOP_S = 20


def missing_binary():
    """Why there is nothing to test, or None."""
    return None if os.access(BINARY, os.X_OK) else f"no binary at {BINARY} (build it, or name it in MPTAP)"


def rows(directory, log):
    """The rows of a JSON log such as `mptcp_conn`; a log that was not written has none."""
    path = pathlib.Path(directory) / f"{log}.log"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def live_config(directory, interface, events=(), metrics_port=METRICS[1], settings="", descriptors=DESCRIPTORS):
    """The YAML of a sensor that reads `interface` through DPDK's af_packet, logs JSON to `directory`, and what `settings` say."""
    return f"""\
ports:
  - interface: {interface}
    driver: af_packet
    receive_descriptors: {descriptors}
workers: 1
logs:
  directory: {directory}
  format: json
  events: [{", ".join(events)}]
metrics:
  listen: {METRICS[0]}:{metrics_port}
control:
  socket: {directory}/control.sock
{settings}
"""


class Sensor:
    """`mptap run` on `interface` of `namespace`, from entering the context (its worker then polls) to `stop`.

    `wrapped_by` is a command that becomes mptap's, such as setpriv.
    """

    def __init__(self, namespace, interface, directory, events=(), metrics_port=METRICS[1], settings="",
                 descriptors=DESCRIPTORS, wrapped_by=()):
        self._namespace = namespace
        self._metrics = (METRICS[0], metrics_port)
        self.directory = pathlib.Path(directory)
        self.config = self.directory / "mptap.yaml"
        self.config.write_text(live_config(directory, interface, events, metrics_port, settings, descriptors))
        self._wrapped_by = wrapped_by
        self.stderr = self.directory / "stderr"

    def __enter__(self):
        with self.stderr.open("w") as stderr, (self.directory / "stdout").open("w") as stdout:
            command = command_in(self._namespace, *self._wrapped_by, str(BINARY), "run", "--config", str(self.config))
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        deadline = time.monotonic() + START_S
        while not self._polls():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"mptap run did not start: {self.stderr.read_text().strip()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _polls(self):
        """Whether a worker reads the port; metrics are served a moment before that."""
        try:
            return self.metric("mptap_polls_total") > 0
        except OSError:
            return False

    @property
    def pid(self):
        """Its process."""
        return self._process.pid

    def stop(self):
        """Asks it to end; returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_S)

    def scrape(self):
        """The metrics page."""
        with inside(self._namespace):
            connection = http.client.HTTPConnection(*self._metrics, timeout=5)
            connection.connect()
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
        return page

    def metric(self, name):
        """The sum of a metric's samples over all its labels, or the one that is named with its labels."""
        samples = (line.rsplit(" ", 1) for line in self.scrape().splitlines() if not line.startswith("#"))
        return sum(float(value) for sample, value in samples if name in (sample, sample.split("{")[0]))

    def rows(self, log):
        """The rows of one of its logs."""
        return rows(self.directory, log)

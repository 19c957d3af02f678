"""A network with a sensor at its span port, and what kernels and sensor have to say in the end."""

import contextlib
import time

import nstat
from monitor import Monitor
from mptap import Sensor
from network import Network
from play import prepare

QUIET_S = 5


class Session:
    """Prepared for `scenario`, which has `client`, `server` and `sysctls`; `settings` are YAML for the sensor."""

    def __init__(self, scenario, directory, events=(), settings=""):
        self._scenario = scenario
        self._sensor_arguments = directory, sorted({*events, *nstat.EVENTS}), settings

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.network = stack.enter_context(Network())
            self.network.build()
            prepare(self.network, self._scenario)
            self.hosts = {"client": self.network.client, "server": self.network.server}
            self.monitors = {side: stack.enter_context(Monitor(host)) for side, host in self.hosts.items()}
            directory, events, settings = self._sensor_arguments
            self.sensor = stack.enter_context(
                Sensor(self.network.sensor, self.network.tap, directory, events, settings=settings)
            )
            self._unseen_before = self._unseen_packets()
            self._counters_before = self._counters()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def end(self):
        """Stops the sensor; returns what kernels counted meanwhile, by side, and sentences on what went wrong with it."""
        lost = self._unseen_packets() - self._unseen_before
        exit_code = self.sensor.stop()
        counted = {side: nstat.moved(self._counters_before[side], after) for side, after in self._counters().items()}
        problems = [f"the tap received {lost} packets more than the sensor counted"] if lost else []
        if exit_code != 0:
            problems.append(f"exit code {exit_code}: {self.sensor.stderr.read_text().strip()}")
        return counted, problems

    def events(self):
        """What the kernels' monitors said, by side."""
        return {side: monitor.events() for side, monitor in self.monitors.items()}

    def _counters(self):
        return {side: nstat.read(host) for side, host in self.hosts.items()}

    def _unseen_packets(self):
        """Packets that the tap received and the sensor did not count, read until two readings agree."""
        deadline = time.monotonic() + QUIET_S
        previous = None
        while True:
            unseen = self.network.tap_packets() - int(self.sensor.metric("mptap_rx_packets_total"))
            if unseen == previous or time.monotonic() > deadline:
                return unseen
            previous = unseen
            time.sleep(0.2)

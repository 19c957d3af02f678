"""A network with a sensor at its span port, and what kernels and sensor have to say in the end."""

import contextlib
import time

import nstat
from equations import violations_at_rest
from monitor import Monitor
from mptap import Sensor
from network import Network
from play import prepare

QUIET_S = 30  # within which everything must have come to rest, on a slow machine, too


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
            self._uncounted_before, self._missed_before = self._uncounted_packets(), self._missed_packets()
            self._counters_before = self._counters()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def end(self):
        """Stops the sensor; returns what kernels counted meanwhile, by side, and sentences on what went wrong with it."""
        problems = self._wrong_sums()
        exit_code = self.sensor.stop()
        counted = {side: nstat.moved(self._counters_before[side], after) for side, after in self._counters().items()}
        if exit_code != 0:
            problems.append(f"exit code {exit_code}: {self.sensor.stderr.read_text().strip()}")
        return counted, problems

    def events(self):
        """What the kernels' monitors said, by side."""
        return {side: monitor.events() for side, monitor in self.monitors.items()}

    def _counters(self):
        return {side: nstat.read(host) for side, host in self.hosts.items()}

    def _wrong_sums(self):
        """Sentences on what does not add up: the sensor's counters, and they with the interface's, to the packet."""
        uncounted = self._uncounted_packets() - self._uncounted_before
        missed = self._missed_packets() - self._missed_before
        problems = violations_at_rest(self.sensor.scrape)
        if uncounted:
            problems.append(f"the tap received {uncounted} packets more than the sensor counts as received or missed")
        return problems + ([f"the sensor missed {missed} packets"] if missed else [])

    def _missed_packets(self):
        return int(self.sensor.metric("mptap_port_nic_missed_total"))

    def _uncounted_packets(self):
        """Packets that the tap received and the sensor counts neither as received nor as missed, at rest: nothing changes
        in three readings, before each of which the worker told its counters anew. So the last is of after the first.

        Where there is never rest, what the readings say is of different moments: that is an error of the test's surroundings.
        """
        deadline = time.monotonic() + QUIET_S
        readings = []
        while True:
            polls = int(self.sensor.metric("mptap_polls_total"))
            counted = int(self.sensor.metric("mptap_rx_packets_total")) + self._missed_packets()
            tap = self.network.tap_packets()
            if readings and readings[-1][1:] != (counted, tap):
                readings.clear()
            if not readings or polls > readings[-1][0]:
                readings.append((polls, counted, tap))
            if len(readings) == 3:
                return tap - counted
            if time.monotonic() > deadline:
                raise TimeoutError(f"packets still came after {QUIET_S} s: {readings}")
            time.sleep(0.1)

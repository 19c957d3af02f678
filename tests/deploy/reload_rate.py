"""Reloads while packets come as fast as they can be sent: what was sent is what was received and missed, to the packet."""

import os
import pathlib
import signal
import tempfile
import threading
import time

from equations import violations_at_rest
from mptap import START_S, Sensor, live_config
from opener import FRAMES, Opener
from without_root import Tap

CONNECTIONS = 2_000
SENDING_S = 3
BETWEEN_S = 0.1


class _Frames(Opener):
    """Keeps frames instead of sending them, then sends them over and over."""

    def __init__(self, namespace, device):
        super().__init__(namespace, device)
        self.frames = []
        self.sent = 0
        self._real, self._socket = self._socket, self

    def send(self, frame):
        """Called by open()."""
        self.frames.append(frame)

    def close(self):
        self._real.close()

    def send_for(self, seconds):
        """As fast as one thread can; the first round opens each connection, what follows repeats it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for frame in self.frames:
                self._real.send(frame)
            self.sent += len(self.frames)


def _settings(threshold):
    return f"hugepages: never\ndetectors: {{join_flood: {{threshold: {threshold}}}}}"


def _settled(sensor):
    """Received and missed, once they stand still."""
    before, deadline = -1, time.monotonic() + START_S
    while time.monotonic() < deadline:
        received, missed = sensor.metric("mptap_rx_packets_total"), sensor.metric("mptap_port_nic_missed_total")
        if received + missed == before:
            break
        before = received + missed
        time.sleep(0.3)
    return received, missed


def problems():
    """Some thirty reloads within three seconds, every fifth of a file with a mistake."""
    with Tap() as tap, tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        with Sensor(tap.namespace, "tap0", directory, settings=_settings(1000)) as sensor:
            # The scrapes that waited for it went over another interface of the namespace.
            if early := sensor.metric("mptap_rx_packets_total") + sensor.metric("mptap_port_nic_missed_total"):
                yield f"{early:.0f} packets were received or missed before any was sent"
            frames = _Frames(tap.namespace, "tap0-in")
            frames.open(CONNECTIONS)
            sender = threading.Thread(target=frames.send_for, args=(SENDING_S,))
            sender.start()
            wanted = {"applied": 0, "refused": 0}
            while sender.is_alive():
                count = sum(wanted.values()) + 1
                mistake = count % 5 == 0
                sensor.config.write_text(live_config(directory, "tap0", settings=_settings("many" if mistake else count + 1000)))
                wanted["refused" if mistake else "applied"] += 1
                os.kill(sensor.pid, signal.SIGHUP)
                deadline = time.monotonic() + START_S
                while sensor.metric("mptap_config_reloads_total") < count and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(BETWEEN_S)
            sender.join()
            frames.close()
            received, missed = _settled(sensor)
            counted = {word: sensor.metric(f'mptap_config_reloads_total{{result="{word}"}}') for word in wanted}
            lost = sensor.metric("mptap_ring_full_total")
            yield from violations_at_rest(sensor.scrape)
            code = sensor.stop()
            rows = len(sensor.rows("mptcp_subflow"))
    if received + missed != frames.sent:
        yield f"{frames.sent} packets were sent, {received:.0f} received and {missed:.0f} missed"
    if counted != wanted or wanted["applied"] < 10:
        yield f"reloads are counted as {counted} instead of {wanted}"
    if code != 0:
        yield f"exit code {code}"
    if missed == 0 and lost == 0 and rows != CONNECTIONS:
        yield f"{rows} subflows are told instead of {CONNECTIONS}"
    if frames.sent < CONNECTIONS * FRAMES * 2:
        yield f"only {frames.sent} packets were sent: that is no rate"
